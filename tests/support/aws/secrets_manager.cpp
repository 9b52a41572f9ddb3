// SPDX-License-Identifier: Apache-2.0
#include "support/aws/secrets_manager.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/uuid.h"
#include "support/aws/http_server.h"
#include "support/aws/request_members.h"
#include "support/aws/signature.h"

namespace support {

namespace {

constexpr std::string_view k_target = "secretsmanager.";

std::string action_of(const HttpRequest& request) {
    const auto target = request.header("X-Amz-Target").value_or("");
    return target.starts_with(k_target) ? target.substr(k_target.size()) : "";
}

void check_form(const HttpRequest& request, const std::string& action) {
    if (request.method != "POST" || request.target != "/") {
        throw AwsFailure{"UnknownOperationException", "only POST / is served", 404};
    }
    if (!is_secrets_manager_action(action)) {
        throw AwsFailure{"UnknownOperationException",
                         "X-Amz-Target names no action that is served"};
    }
    if (request.header("Content-Type") != "application/x-amz-json-1.1") {
        throw AwsFailure{"UnknownOperationException",
                         "Content-Type must be application/x-amz-json-1.1", 404};
    }
}

SecretsManagerStandIn::Tags managed_tags() { return {{"aws:secretsmanager:owningService", "rds"}}; }

}  // namespace

class SecretsManagerStandIn::Service {
   public:
    explicit Service(Settings settings)
        : settings_(std::move(settings)),
          vault_(settings_.region, settings_.account),
          server_([this](const HttpRequest& request) { return answer(request); }) {
        if (settings_.accepts.empty()) throw std::logic_error("it accepts no credentials");
    }

    Settings& settings() { return settings_; }
    const HttpServer& server() const { return server_; }

    // Runs `work` with everything that is guarded.
    template <typename Work>
    auto with(Work work) {
        const std::lock_guard lock(mutex_);
        vault_.settle();
        return work(*this);
    }
    StoredSecret& required(const std::string& id) {
        auto* secret = vault_.find(id);
        if (secret == nullptr) throw std::logic_error("the stand-in has no secret " + id);
        return *secret;
    }

   private:
    friend class SecretsManagerStandIn;

    HttpAnswer answer(const HttpRequest& request) {
        const std::lock_guard lock(mutex_);
        const auto number = ++requests_;
        const auto action = action_of(request);
        calls_.emplace(number, Call{.action = action,
                                    .secret_id = {},
                                    .connection = request.connection,
                                    .received = request.received});
        auto reply = judge(request, action, number);
        reply.headers.emplace_back("x-amzn-RequestId", base::Uuid::random().to_string());
        const bool silent = reply.conduct == HttpAnswer::Conduct::close ||
                            reply.conduct == HttpAnswer::Conduct::hang;
        calls_.at(number).status = silent ? 0 : reply.status;
        reply.begun = [this, number](auto when) {
            const std::lock_guard relock(mutex_);
            const auto call = calls_.find(number);
            if (call != calls_.end()) call->second.answered = when;
        };
        return reply;
    }

    // A bad signature first, then what the test wants to go wrong, then the rules.
    HttpAnswer judge(const HttpRequest& request, const std::string& action, std::size_t number) {
        auto& call = calls_.at(number);
        const auto refused = [&call](const AwsFailure& failure) {
            call.error = failure.type;
            return aws_json_error(failure.status, failure.type, failure.message);
        };
        try {
            check_signature(request, {settings_.region, "secretsmanager"}, settings_.accepts,
                            std::chrono::system_clock::now() + skew_);
            check_form(request, action);
            const auto members = parse_members(action, request.body);
            call.secret_id =
                text_member(members, action == "CreateSecret" ? "Name" : "SecretId").value_or("");
            const auto perform = [&] {
                try {
                    return success(vault_.perform(action, members));
                } catch (const AwsFailure& failure) {
                    return refused(failure);
                }
            };
            const auto refuse_access = [&] { return denied(action, members, refused); };
            const auto fault = faults_.take(action, number);
            if (!fault) return perform();
            auto reply = fault->apply(perform, refuse_access, aws_json_error);
            if (!fault->type().empty()) call.error = fault->type();
            return reply;
        } catch (const AwsFailure& failure) {
            return refused(failure);
        }
    }

    template <typename Refused>
    HttpAnswer denied(const std::string& action, const boost::json::object& members,
                      const Refused& refused) {
        auto vault = vault_;
        vault.deny(action);
        try {
            vault.perform(action, members);
        } catch (const AwsFailure& failure) {
            return refused(failure);
        }
        throw std::logic_error("a denied action was performed");
    }

    static HttpAnswer success(const boost::json::object& members) {
        return {.status = 200,
                .headers = {{"Content-Type", "application/x-amz-json-1.1"}},
                .body = boost::json::serialize(members)};
    }

    Settings settings_;
    std::mutex mutex_;  // guards what follows, and the credentials that are accepted
    SecretVault vault_;
    FaultPlan faults_;
    std::map<std::size_t, Call> calls_;
    std::size_t requests_ = 0;
    std::chrono::system_clock::duration skew_{0};
    HttpServer server_;  // last: its threads use all of the above
};

SecretsManagerStandIn::SecretsManagerStandIn() : SecretsManagerStandIn(Settings{}) {}
SecretsManagerStandIn::SecretsManagerStandIn(Settings settings)
    : service_(std::make_unique<Service>(std::move(settings))) {}
SecretsManagerStandIn::~SecretsManagerStandIn() = default;

std::string SecretsManagerStandIn::endpoint() const {
    return "http://" + service_->server().address();
}
const std::string& SecretsManagerStandIn::region() const { return service_->settings().region; }
AwsCredentials SecretsManagerStandIn::credentials() const {
    return service_->with([](auto& its) { return its.settings().accepts.front(); });
}

std::map<std::string, std::string> SecretsManagerStandIn::variables() const {
    const auto first = credentials();
    std::map<std::string, std::string> variables{{"AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint()},
                                                 {"AWS_REGION", region()},
                                                 {"AWS_ACCESS_KEY_ID", first.access_key_id},
                                                 {"AWS_SECRET_ACCESS_KEY", first.secret_access_key},
                                                 {"AWS_EC2_METADATA_DISABLED", "true"}};
    if (!first.session_token.empty()) variables["AWS_SESSION_TOKEN"] = first.session_token;
    return variables;
}

void SecretsManagerStandIn::accept(const AwsCredentials& credentials) {
    service_->with([&](auto& its) { its.settings_.accepts.push_back(credentials); });
}
void SecretsManagerStandIn::accept_only(std::vector<AwsCredentials> credentials) {
    if (credentials.empty()) throw std::logic_error("it accepts no credentials");
    service_->with([&](auto& its) { its.settings_.accepts = std::move(credentials); });
}

std::string SecretsManagerStandIn::put(StoredSecret secret) {
    return service_->with([&](auto& its) { return its.vault_.put(std::move(secret)).arn; });
}
std::string SecretsManagerStandIn::put(const std::string& name, const std::string& value,
                                       const Tags& tags) {
    StoredSecret secret{.name = name, .tags = tags};
    secret.versions.push_back({.id = base::Uuid::random().to_string(),
                               .text = value,
                               .stages = {k_current},
                               .created = std::chrono::system_clock::now()});
    return put(std::move(secret));
}
std::string SecretsManagerStandIn::put_without_value(const std::string& name, const Tags& tags) {
    return put(StoredSecret{.name = name, .tags = tags});
}
std::string SecretsManagerStandIn::put_managed(const std::string& name, const std::string& value) {
    put(name, value, managed_tags());
    return service_->with([&](auto& its) {
        auto& secret = its.required(name);
        secret.owning_service = "rds";
        secret.rotation_enabled = true;
        secret.rotation_rules.after_days = 7;
        return secret.arn;
    });
}
void SecretsManagerStandIn::schedule_deletion(const std::string& name) {
    service_->with([&](auto& its) {
        its.required(name).deleted = its.vault_.now() + std::chrono::hours(24 * 30);
    });
}
void SecretsManagerStandIn::remove(const std::string& name) {
    service_->with([&](auto& its) { its.vault_.remove(name); });
}
std::string SecretsManagerStandIn::start_rotation(const std::string& name) {
    return service_->with([&](auto& its) {
        return its.vault_.start_rotation(its.required(name), base::Uuid::random().to_string());
    });
}

std::optional<StoredSecret> SecretsManagerStandIn::secret(const std::string& id) const {
    return service_->with([&](auto& its) -> std::optional<StoredSecret> {
        const auto* found = its.vault_.find(id);
        if (found == nullptr) return std::nullopt;
        return *found;
    });
}
std::optional<std::string> SecretsManagerStandIn::value(const std::string& id) const {
    const auto found = secret(id);
    return found ? found->value() : std::nullopt;
}
std::size_t SecretsManagerStandIn::versions(const std::string& id) const {
    const auto found = secret(id);
    return found ? found->versions.size() : 0;
}
std::vector<std::string> SecretsManagerStandIn::names() const {
    return service_->with([](auto& its) { return its.vault_.names(); });
}
std::vector<SecretVault::Rotation> SecretsManagerStandIn::rotations() const {
    return service_->with([](auto& its) { return its.vault_.rotations(); });
}

std::vector<SecretsManagerStandIn::Call> SecretsManagerStandIn::calls() const {
    return service_->with([](auto& its) {
        std::vector<Call> calls;
        for (const auto& entry : its.calls_) calls.push_back(entry.second);
        return calls;
    });
}
std::vector<std::string> SecretsManagerStandIn::actions() const {
    std::vector<std::string> actions;
    for (const auto& call : calls()) actions.push_back(call.action);
    return actions;
}
std::size_t SecretsManagerStandIn::count(const std::string& action) const {
    const auto all = actions();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), action));
}
void SecretsManagerStandIn::forget_calls() {
    service_->with([](auto& its) { its.calls_.clear(); });
}
std::chrono::nanoseconds SecretsManagerStandIn::own_time() const {
    std::chrono::nanoseconds sum{0};
    for (const auto& call : calls()) {
        if (call.answered > call.received) sum += call.answered - call.received;
    }
    return sum;
}
std::size_t SecretsManagerStandIn::connections() const { return service_->server().connections(); }

void SecretsManagerStandIn::fail_next(const std::string& action, const Fault& fault,
                                      std::size_t times) {
    service_->with([&](auto& its) { its.faults_.fail_next(action, fault, times); });
}
void SecretsManagerStandIn::fail_next(const Fault& fault, std::size_t times) {
    fail_next("", fault, times);
}
void SecretsManagerStandIn::fail_always(const std::string& action, const Fault& fault) {
    service_->with([&](auto& its) { its.faults_.fail_always(action, fault); });
}
void SecretsManagerStandIn::fail_always(const Fault& fault) { fail_always("", fault); }
void SecretsManagerStandIn::fail_at(std::size_t call, const Fault& fault) {
    service_->with([&](auto& its) { its.faults_.fail_at(call, fault); });
}
void SecretsManagerStandIn::clear_faults() {
    service_->with([](auto& its) { its.faults_.clear(); });
}
void SecretsManagerStandIn::deny(const std::string& action) {
    service_->with([&](auto& its) { its.vault_.deny(action); });
}
void SecretsManagerStandIn::allow(const std::string& action) {
    service_->with([&](auto& its) { its.vault_.allow(action); });
}
void SecretsManagerStandIn::linger_after_deletion(std::chrono::milliseconds time, int calls) {
    service_->with([&](auto& its) { its.vault_.linger(time, calls); });
}
void SecretsManagerStandIn::advance(std::chrono::system_clock::duration time) {
    service_->with([&](auto& its) { its.vault_.advance(time); });
}
void SecretsManagerStandIn::skew_clock(std::chrono::system_clock::duration time) {
    service_->with([&](auto& its) { its.skew_ = time; });
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
#include "support/aws/credentials_server.h"

#include <boost/json/object.hpp>
#include <charconv>
#include <ctime>
#include <mutex>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/uuid.h"
#include "support/aws/http_server.h"
#include "support/aws/json_answer.h"
#include "support/aws/sts.h"

namespace support {

namespace {

constexpr std::string_view k_metadata = "/latest/meta-data/";
constexpr std::string_view k_roles = "/latest/meta-data/iam/security-credentials";
constexpr std::string_view k_container = "/v2/credentials";
constexpr int k_longest_token = 21600;

HttpAnswer plain(int status, std::string text) {
    return {.status = status, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(text)};
}

bool is_lifetime(const std::string& text) {
    int seconds = 0;
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, seconds);
    return parsed.ec == std::errc{} && parsed.ptr == end && seconds >= 1 &&
           seconds <= k_longest_token;
}

}  // namespace

class CredentialsStandIn::Service {
   public:
    explicit Service(AwsCredentials credentials)
        : credentials_(std::move(credentials)),
          container_token_(base::to_base64url(base::random_bytes(24))),
          web_identity_token_(base::to_base64url(base::random_bytes(48))),
          server_([this](const HttpRequest& request) { return answer(request); }) {}

   private:
    friend class CredentialsStandIn;

    template <typename Work>
    auto with(Work work) {
        const std::lock_guard lock(mutex_);
        return work(*this);
    }

    HttpAnswer answer(const HttpRequest& request) {
        const auto& path = request.target;
        const auto as = [&](const std::string& action,
                            HttpAnswer (Service::*work)(const HttpRequest&)) {
            return log_.enter(action, request, [&] {
                const std::lock_guard lock(mutex_);
                return (this->*work)(request);
            });
        };
        if (path == "/latest/api/token") return as("metadata/token", &Service::make_token);
        if (path == k_roles || path == std::string(k_roles) + '/') {
            return as("metadata/role", &Service::list_roles);
        }
        if (path.starts_with(k_roles)) return as("metadata/credentials", &Service::show_role);
        if (path.starts_with(k_metadata)) return as("metadata/region", &Service::show_place);
        if (path.starts_with(k_container)) return as("container", &Service::serve_container);
        if (path == "/" || path.starts_with("/?")) {
            return as(sts_action(request), &Service::assume_role);
        }
        return {.status = 404};
    }

    std::string expiration() const { return rfc3339(expires_); }

    HttpAnswer make_token(const HttpRequest& request) {
        if (request.method != "PUT") return plain(405, "");
        if (request.header("X-Forwarded-For")) return plain(403, "");
        const auto lifetime = request.header("X-aws-ec2-metadata-token-ttl-seconds").value_or("");
        if (!is_lifetime(lifetime)) return plain(400, "Bad Request");
        const auto token = base::to_base64url(base::random_bytes(40));
        metadata_tokens_.insert(token);
        auto answer = plain(200, token);
        answer.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", lifetime);
        return answer;
    }

    bool may_look(const HttpRequest& request) const {
        const auto token = request.header("X-aws-ec2-metadata-token");
        return request.method == "GET" && token && metadata_tokens_.contains(*token);
    }
    HttpAnswer list_roles(const HttpRequest& request) {
        return may_look(request) ? plain(200, role_name_) : plain(401, "Unauthorized");
    }
    HttpAnswer show_role(const HttpRequest& request) {
        if (!may_look(request)) return plain(401, "Unauthorized");
        if (request.target != std::string(k_roles) + '/' + role_name_) return plain(404, "");
        return json_answer(200, {{"Code", "Success"},
                                 {"LastUpdated", rfc3339(std::chrono::system_clock::now())},
                                 {"Type", "AWS-HMAC"},
                                 {"AccessKeyId", credentials_.access_key_id},
                                 {"SecretAccessKey", credentials_.secret_access_key},
                                 {"Token", credentials_.session_token},
                                 {"Expiration", expiration()}});
    }
    HttpAnswer show_place(const HttpRequest& request) {
        if (!may_look(request)) return plain(401, "Unauthorized");
        if (request.target == std::string(k_metadata) + "placement/region") {
            return plain(200, region_);
        }
        return plain(404, "");
    }

    HttpAnswer serve_container(const HttpRequest& request) {
        if (request.method != "GET") return plain(405, "");
        if (request.header("Authorization") != container_token_) {
            return json_answer(401, {{"code", "Unauthorized"},
                                     {"message", "the authorization token is not accepted"}});
        }
        if (request.target != std::string(k_container) + "/reviewdb") {
            return json_answer(404, {{"code", "NoSuchCredentials"}, {"message", "unknown path"}});
        }
        return json_answer(200, {{"RoleArn", role_arn_},
                                 {"AccessKeyId", credentials_.access_key_id},
                                 {"SecretAccessKey", credentials_.secret_access_key},
                                 {"Token", credentials_.session_token},
                                 {"Expiration", expiration()}});
    }

    HttpAnswer assume_role(const HttpRequest& request) {
        return answer_sts(request, {.credentials = credentials_,
                                    .expires = expires_,
                                    .role_arn = role_arn_,
                                    .web_identity_token = web_identity_token_,
                                    .region = region_,
                                    .trusted = trusted_});
    }

    // Errors by order are in the form of STS, whichever of the services was asked.
    CallLog log_{sts_error};
    std::mutex mutex_;  // guards what follows
    AwsCredentials credentials_;
    std::chrono::system_clock::time_point expires_ =
        std::chrono::system_clock::now() + std::chrono::hours(1);
    std::string container_token_;
    std::string web_identity_token_;
    std::string region_ = "eu-central-1";
    const std::string role_name_ = "reviewdb-instance";
    const std::string role_arn_ = "arn:aws:iam::123456789012:role/reviewdb";
    std::vector<AwsCredentials> trusted_;
    std::set<std::string> metadata_tokens_;
    HttpServer server_;  // last: its threads use all of the above
};

CredentialsStandIn::CredentialsStandIn() : CredentialsStandIn(make_aws_credentials()) {}
CredentialsStandIn::CredentialsStandIn(const AwsCredentials& credentials)
    : service_(std::make_unique<Service>(credentials)) {}
CredentialsStandIn::~CredentialsStandIn() = default;

std::string CredentialsStandIn::endpoint() const { return "http://" + service_->server_.address(); }
AwsCredentials CredentialsStandIn::credentials() const {
    return service_->with([](auto& its) { return its.credentials_; });
}
void CredentialsStandIn::hand_out(const AwsCredentials& credentials,
                                  std::chrono::seconds lifetime) {
    service_->with([&](auto& its) {
        its.credentials_ = credentials;
        its.expires_ = std::chrono::system_clock::now() + lifetime;
    });
}

CredentialsStandIn::Variables CredentialsStandIn::metadata_variables() const {
    return {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint()}};
}
CredentialsStandIn::Variables CredentialsStandIn::container_variables() const {
    return {
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint() + std::string(k_container) + "/reviewdb"},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", container_token()}};
}
CredentialsStandIn::Variables CredentialsStandIn::role_variables(
    const std::string& token_file) const {
    Variables variables{{"AWS_ENDPOINT_URL_STS", endpoint()},
                        {"AWS_ROLE_ARN", role_arn()},
                        {"AWS_ROLE_SESSION_NAME", "reviewdb"}};
    if (!token_file.empty()) variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = token_file;
    return variables;
}

std::string CredentialsStandIn::container_token() const {
    return service_->with([](auto& its) { return its.container_token_; });
}
void CredentialsStandIn::change_container_token(const std::string& token) {
    service_->with([&](auto& its) { its.container_token_ = token; });
}
std::string CredentialsStandIn::web_identity_token() const {
    return service_->with([](auto& its) { return its.web_identity_token_; });
}
void CredentialsStandIn::change_web_identity_token(const std::string& token) {
    service_->with([&](auto& its) { its.web_identity_token_ = token; });
}
std::string CredentialsStandIn::role_name() const { return service_->role_name_; }
std::string CredentialsStandIn::role_arn() const { return service_->role_arn_; }
void CredentialsStandIn::trust(const AwsCredentials& credentials) {
    service_->with([&](auto& its) { its.trusted_.push_back(credentials); });
}
void CredentialsStandIn::set_region(const std::string& region) {
    service_->with([&](auto& its) { its.region_ = region; });
}
void CredentialsStandIn::forget_metadata_tokens() {
    service_->with([](auto& its) { its.metadata_tokens_.clear(); });
}

std::vector<StandInCall> CredentialsStandIn::calls() const { return service_->log_.calls(); }
std::vector<std::string> CredentialsStandIn::actions() const { return service_->log_.actions(); }
void CredentialsStandIn::fail_next(const std::string& action, const Fault& fault,
                                   std::size_t times) {
    service_->log_.fail_next(action, fault, times);
}
void CredentialsStandIn::fail_always(const std::string& action, const Fault& fault) {
    service_->log_.fail_always(action, fault);
}
void CredentialsStandIn::clear_faults() { service_->log_.clear_faults(); }

}  // namespace support

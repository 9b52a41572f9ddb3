// SPDX-License-Identifier: Apache-2.0
#include "app/cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "app/cli/print.h"
#include "app/cli/surroundings.h"
#include "base/version.h"
#include "secrets/file_store.h"
#include "server/secret_login.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

base::LogFormat default_format() {
    return isatty(STDERR_FILENO) == 1 ? base::LogFormat::text : base::LogFormat::json;
}

Result<std::unique_ptr<environment::SecretStore>> make_secret_store(
    const environment::Policy& policies) {
    const auto policy = policies.secrets();
    constexpr std::string_view k_file = "file:";
    if (policy.starts_with(k_file)) {
        return std::unique_ptr<environment::SecretStore>(
            std::make_unique<secrets::FileStore>(policy.substr(k_file.size())));
    }
    if (policy == "none") return std::unique_ptr<environment::SecretStore>();
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("this version has no secret store '{}'", policy),
                      "the policy 'secrets' is none, file:DIR or aws");
}

std::string or_default(std::string_view value, std::string_view fallback) {
    return std::string(value.empty() ? fallback : value);
}

}  // namespace

Session::Session(Arguments arguments, Settings settings, Variables variables)
    : arguments_(std::move(arguments)),
      settings_(std::move(settings)),
      variables_(std::move(variables)),
      actor_{settings_.actor ? *settings_.actor : default_actor(variables_), "cli",
             base::program_version()},
      deadline_(base::Deadline::after(settings_.deadline)),
      log_(settings_.log_level, settings_.log_format.value_or(default_format())),
      progress_(arguments_.quiet ? Progress::Shown::never : Progress::Shown::on_a_terminal) {}

base::Deadline Session::patience() const {
    constexpr std::chrono::hours k_a_day(24);
    const bool named = std::ranges::any_of(settings_.shown, [](const Setting& setting) {
        return setting.key == "deadline" && setting.origin != "default";
    });
    return named ? deadline_ : base::Deadline::after(k_a_day);
}

Result<bool> Session::connect(Missing missing) {
    BASE_TRY_ASSIGN(reached_, reach(*this, missing));
    if (!reached_) return false;
    const auto& login = reached_->login;
    notice(fmt::format("reviewdb: server {}:{}, project {}",
                       or_default(login.get("host"), "local socket"),
                       or_default(login.get("port"), "5432"), settings_.project.text()));
    work_as(login);
    if (reached_->local) BASE_TRY(settle_local());
    return true;
}

Result<void> Session::must_connect() {
    BASE_TRY_ASSIGN(const bool there, connect(Missing::leave));
    return must_be(there);
}

Result<void> Session::must_be(bool there) {
    if (there) return {};
    return base::fail(ErrorKind::not_found,
                      "there is no local server yet, so there is nothing on it",
                      "'reviewdb create' makes an environment and, where it is missing, the local "
                      "server for it");
}

Result<bool> Session::connect(Missing missing, environment::FoundName& found, Inquiry inquiry) {
    auto questions = ask_git(arguments_, variables_, found, inquiry);
    BASE_TRY_ASSIGN(const bool there, connect(missing));
    if (!questions.repository && !questions.branch) return there;
    // What fails here fails again in the call that needs the session, which tells it.
    if (there) static_cast<void>(server_->connect(deadline_));
    add_answers(std::move(questions), arguments_, settings_, variables_, found, deadline_);
    return there;
}

// A local server is told from its copies by its folder. Of a copy no port is recorded: that would
// make it the one that the registry speaks of.
Result<void> Session::settle_local() {
    const auto settled = server_->settle_place(reached_->place, deadline_);
    // A local server that lost its registry is prepared anew by create.
    if (!settled && settled.error().sqlstate == "3D000") return {};
    if (!settled) return base::fail(settled.error());
    return *settled ? follow_port() : Result<void>();
}

// The port of the local server can be another one after a start; policy follows it.
Result<void> Session::follow_port() {
    auto policy = server_->policy(settings_.project, deadline_);
    // A value that cannot be used is for the call that needs it to tell: `config set` mends it.
    if (!policy && policy.error().kind == ErrorKind::conflict) return {};
    if (!policy) return base::fail(std::move(policy).error());
    const std::string port(reached_->login.get("port"));
    if (port.empty() || policy->value("port") == port) return {};
    return server_->set_policy(environment::k_every_project, "port", port, actor_, deadline_);
}

void Session::disconnect() {
    manager_.reset();
    server_.reset();
}

Result<void> Session::prepare() {
    BASE_TRY_ASSIGN(auto login, prepare_on_the_way(*this));
    work_as(std::move(login));
    return {};
}

void Session::work_as(pg::ConnectionInfo login) {
    disconnect();
    reached_->login = std::move(login);
    server_ =
        std::make_unique<server::LiveServer>(reached_->login, "reviewdb/" + arguments_.verb, log_);
    manager_ = std::make_unique<environment::Manager>(*server_, surroundings(), log_);
}

environment::Manager::Surroundings Session::surroundings() {
    environment::Manager::Surroundings around;
    around.actor = actor_;
    around.policy_claims = settings_.policy_claims;
    around.keys = environment::KeyRing(key_texts());
    around.make_secret_store = [this](const environment::Policy& policy)
        -> Result<std::unique_ptr<environment::SecretStore>> {
        if (policy.secrets() != "aws") return make_secret_store(policy);
        BASE_TRY_ASSIGN(auto* const account, aws());
        return account->make_store(policy, reached_->secrets);
    };
    around.on_step = [this](const environment::Step& step) {
        progress_.tell(fmt::format("{} ({})", to_text(step.kind), step.reason));
    };
    return around;
}

Result<aws::Account*> Session::aws() {
    if (!aws_) {
        BASE_TRY_ASSIGN(aws_, aws::Account::open(variables_, server::packaged_authorities(), log_));
    }
    return aws_.get();
}

Session::Helper Session::helper() {
    Helper made;
    made.server =
        std::make_unique<server::LiveServer>(reached_->login, "reviewdb/" + arguments_.verb, log_);
    made.server->is_at(reached_->place);
    auto around = surroundings();
    around.on_step = {};
    made.manager = std::make_unique<environment::Manager>(*made.server, std::move(around), log_);
    return made;
}

environment::KeyTexts Session::key_texts() {
    environment::KeyTexts texts;
    texts.read_aws = [this](const std::string& name) -> Result<base::Secret> {
        const std::lock_guard one_at_a_time(aws_mutex_);
        BASE_TRY_ASSIGN(auto* const account, aws());
        return account->read_key(name, deadline_);
    };
    texts.keep_aws = [this](const std::string& name,
                            const base::Secret& text) -> Result<base::Secret> {
        BASE_TRY_ASSIGN(auto* const account, aws());
        return account->keep_key(name, text, deadline_);
    };
    texts.variables = environment::key_variables(variables_);
    return texts;
}

Result<Found> Session::found_name(Clone clone) const {
    return find_name(arguments_, settings_, variables_, clone, deadline_);
}

Result<environment::Subject> Session::reach_subject() {
    BASE_TRY_ASSIGN(auto found, found_name(Clone::ask_later));
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(found.name));
    BASE_TRY_ASSIGN(const bool there, connect(Missing::leave, found, Inquiry::repository));
    BASE_TRY(must_be(there));
    environment::Subject subject{settings_.project, std::move(name)};
    subject.repository = found.origin.repository;
    return subject;
}

Result<Found> Session::named() const {
    if (arguments_.name.has_value() != arguments_.current) return found_name();
    const auto& verb = arguments_.verb;
    return base::fail(ErrorKind::invalid_input,
                      arguments_.current
                          ? fmt::format("{} takes a NAME or --current, not both", verb)
                          : fmt::format("{} takes a NAME, or --current for the branch's", verb),
                      "what changes an environment has no default name");
}

void Session::notice(std::string_view line) const {
    if (!arguments_.quiet) print_notice(line);
}

}  // namespace cli

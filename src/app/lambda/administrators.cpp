// SPDX-License-Identifier: Apache-2.0
#include "app/lambda/administrators.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/secret_id.h"
#include "server/operator_login.h"
#include "server/prepare.h"
#include "server/session.h"
#include "server/upgrade.h"

namespace lambda {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

constexpr std::string_view k_wrong_password = "28P01";
constexpr std::string_view k_may_not_log_in = "28000";
constexpr std::string_view k_may_not_enter = "42501";
constexpr std::string_view k_no_registry = "3D000";
constexpr std::string_view k_door = "lambda";
constexpr const char* k_application = "reviewdb/lambda";

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(" ,\t\n"), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

}  // namespace

Administrators::Administrators(Variables variables, aws::Account& account,
                               const environment::Actor& actor, base::Log& log)
    : variables_(std::move(variables)), account_(account), actor_(actor), log_(log) {}

Result<std::unique_ptr<Administrators>> Administrators::make(const Variables& variables,
                                                             aws::Account& account,
                                                             const environment::Actor& actor,
                                                             base::Log& log) {
    std::unique_ptr<Administrators> made(new Administrators(variables, account, actor, log));
    const auto list = variables.find("REVIEWDB_SERVER");
    if (list == variables.end()) return made;
    for (const auto& word : words_of(list->second)) {
        auto reference = server::parse_secret_reference(word);
        if (!reference) {
            return base::fail(std::move(reference).error().during("REVIEWDB_SERVER"));
        }
        made->listed_.push_back(*std::move(reference));
    }
    if (!made->listed_.empty()) return made;
    return base::fail(ErrorKind::invalid_input, "REVIEWDB_SERVER is set and empty",
                      "list the secrets of the servers that the function may use, or unset it");
}

std::vector<std::string> Administrators::listed() const {
    std::vector<std::string> ids;
    for (const auto& reference : listed_) ids.push_back(reference.id);
    return ids;
}

Result<std::string> Administrators::choose(const std::string& wanted) const {
    if (!wanted.empty()) return wanted;
    if (listed_.size() == 1) return listed_.front().id;
    return base::fail(
        ErrorKind::invalid_input, "the request does not say on which server",
        listed_.empty() ? R"(add "server": the name or ARN of its administrator's secret, or list )"
                          "one in REVIEWDB_SERVER"
                        : R"(add "server": one of those in REVIEWDB_SERVER)");
}

Result<server::SecretReference> Administrators::admitted(const std::string& secret) const {
    BASE_TRY_ASSIGN(auto asked, server::parse_secret_reference(secret));
    for (const auto& reference : listed_) {
        if (aws::may_be_same_secret(reference.id, asked.id)) return reference;
    }
    // An event says which secret, and never where its password is sent or by what protection.
    if (listed_.empty() && !asked.elsewhere.empty()) {
        return base::fail(ErrorKind::denied,
                          fmt::format("an event may name the secret {}, and nothing about its "
                                      "server",
                                      asked.id),
                          "say host, port and the like in the function's REVIEWDB_SERVER");
    }
    if (listed_.empty()) return asked;
    return base::fail(ErrorKind::denied,
                      fmt::format("the secret {} is not one that this function may use", asked.id),
                      "add it to the function's REVIEWDB_SERVER");
}

std::vector<std::string> Administrators::forbidden(const Administrator& administrator) const {
    auto names = listed();
    names.insert(names.end(), administrator.names.begin(), administrator.names.end());
    return names;
}

environment::Manager::Surroundings Administrators::surroundings(
    const Administrator& administrator) {
    environment::Manager::Surroundings around;
    around.actor = actor_;
    environment::KeyTexts texts;
    texts.variables = environment::key_variables(variables_);
    texts.read_aws = [this](const std::string& name) {
        constexpr std::chrono::seconds k_patience(10);
        return account_.read_key(name, Deadline::after(k_patience));
    };
    around.keys = environment::KeyRing(std::move(texts));
    around.make_secret_store = [this, &administrator](const environment::Policy& policy)
        -> Result<std::unique_ptr<environment::SecretStore>> {
        const auto place = policy.secrets();
        if (place == "aws") return account_.make_store(policy, forbidden(administrator));
        if (place == "none") return std::unique_ptr<environment::SecretStore>();
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the policy 'secrets' is '{}', which a function cannot reach", place),
            "reviewdb config set secrets=aws");
    };
    return around;
}

Result<Administrator*> Administrators::find(const std::string& secret, Deadline deadline) {
    BASE_TRY_ASSIGN(auto reference, admitted(secret));
    if (const auto kept = kept_.find(reference.id); kept != kept_.end()) {
        return kept->second.get();
    }
    auto found = account_.secrets().get_value(reference.id, {}, deadline);
    if (!found) return base::fail(aws::plain(std::move(found).error()));
    auto made = std::make_unique<Administrator>();
    BASE_TRY_ASSIGN(made->login, server::login_in(found->value, reference,
                                                  server::usual_authorities(), variables_));
    made->names = {secret, reference.id, found->name, found->arn};
    made->reference = std::move(reference);
    BASE_TRY(read_operator(*made, deadline));
    const auto id = made->reference.id;
    return kept_.emplace(id, std::move(made)).first->second.get();
}

// The secret may be an operator's itself, or name one, or leave it to the function to make one.
Result<void> Administrators::read_operator(Administrator& administrator, Deadline deadline) {
    if (server::is_operator(administrator.login.get("user"))) {
        administrator.operator_login = administrator.login;
        work_as_operator(administrator);
        return {};
    }
    const auto& named = administrator.reference.operator_id;
    administrator.keeps_operator = named.empty();
    administrator.operator_secret =
        named.empty() ? server::default_operator_name(administrator.login, k_door) : named;
    auto found = account_.secrets().get_value(administrator.operator_secret, {}, deadline);
    if (!found && administrator.keeps_operator && found.error().code == aws::Code::not_found) {
        return {};
    }
    if (!found) return base::fail(aws::plain(std::move(found).error()));
    for (const auto& name : {administrator.operator_secret, found->name, found->arn}) {
        administrator.names.push_back(name);
    }
    auto reference = administrator.reference;
    reference.id = administrator.operator_secret;
    BASE_TRY_ASSIGN(
        administrator.operator_login,
        server::login_in(found->value, reference, server::usual_authorities(), variables_));
    // Where a secret of ours sends a password is the administrator's to say.
    if (administrator.operator_login->get("host") != administrator.login.get("host")) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the operator's login in the secret {} is for the host {}, "
                        "and the administrator's for {}",
                        administrator.operator_secret, administrator.operator_login->get("host"),
                        administrator.login.get("host")),
            "let both name the same server");
    }
    administrator.operator_login =
        administrator.operator_login->with("dbname", std::string(server::k_control_database));
    work_as_operator(administrator);
    return {};
}

void Administrators::work_as_operator(Administrator& administrator) {
    const auto& login = *administrator.operator_login;
    administrator.manager.reset();
    administrator.beside.reset();
    administrator.server = std::make_unique<server::LiveServer>(login, k_application, log_);
    administrator.server->set_administrator(administrator.login);
    administrator.manager = std::make_unique<environment::Manager>(
        *administrator.server, surroundings(administrator), log_);
    administrator.server_beside = std::make_unique<server::LiveServer>(login, k_application, log_);
    administrator.beside = std::make_unique<environment::Manager>(
        *administrator.server_beside, surroundings(administrator), log_);
}

// The password that the secret has, or a new one that is kept before the role gets it: whoever
// comes after a death makes the role as the secret says.
Result<base::Secret> Administrators::keep_operator(Administrator& administrator,
                                                   Deadline deadline) {
    const auto& name = administrator.operator_secret;
    auto found = account_.secrets().get_value(name, {}, deadline);
    if (!found && found.error().code != aws::Code::not_found) {
        return base::fail(aws::plain(std::move(found).error()));
    }
    if (found) {
        auto reference = administrator.reference;
        reference.id = name;
        BASE_TRY_ASSIGN(const auto login,
                        server::login_in(found->value, reference, {}, variables_));
        return login.password();
    }
    BASE_TRY_ASSIGN(const auto place,
                    server::policy_of_server(administrator.login, "secrets", deadline, log_));
    if (!place.empty() && place != "aws") {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the policy 'secrets' is '{}', so the function may not keep an operator's "
                        "login of its own in Secrets Manager, and daily work is not done with the "
                        "administrator's",
                        place),
            fmt::format("put an operator's login into a secret and name it in REVIEWDB_SERVER: "
                        "{}?operator=SECRET; or: reviewdb config set secrets=aws",
                        administrator.reference.id));
    }
    auto password = server::make_operator_password();
    const auto login = administrator.login.with("dbname", std::string(server::k_control_database))
                           .with_login(server::operator_of(k_door), password);
    BASE_TRY(account_.keep_login(name, server::value_of_login(login), deadline));
    return password;
}

Result<void> Administrators::make_operator(Administrator& administrator, Deadline deadline) {
    if (!administrator.keeps_operator) {
        return base::fail(
            ErrorKind::denied,
            fmt::format("the operator's login in the secret {} is refused",
                        administrator.operator_secret.empty() ? administrator.reference.id
                                                              : administrator.operator_secret),
            "put its present login there: reviewdb rotate --operator");
    }
    BASE_TRY_ASSIGN(administrator.operator_login,
                    server::make_operator_of(
                        k_door, administrator.login,
                        [&] { return keep_operator(administrator, deadline); }, deadline, log_));
    log_.info("made the login {} on {}", server::operator_of(k_door),
              administrator.login.describe());
    administrator.names.push_back(administrator.operator_secret);
    work_as_operator(administrator);
    return {};
}

// As `init` does, with the address that the administrator's secret says.
Result<void> Administrators::prepare(const Administrator& administrator, Deadline deadline) {
    server::Preparation preparation;
    preparation.host = administrator.login.get("host");
    preparation.port = administrator.login.port();
    preparation.sslmode = administrator.login.get("sslmode") == "disable" ? "disable" : "require";
    preparation.secrets = "aws";
    const auto key = server::default_key_name(preparation.host);
    preparation.key_location = "aws:" + key;
    BASE_TRY_ASSIGN(preparation.key_text, account_.keep_key(key, {}, deadline));
    preparation.actor = actor_;
    preparation.loopback_allowed = true;  // the secret says so, and applications read the same
    BASE_TRY_ASSIGN(const auto prepared,
                    server::prepare(administrator.login, preparation, deadline, log_));
    log_.info("prepared {} on the way", administrator.login.describe());
    for (const auto& remark : prepared.remarks) log_.info("{}", remark);
    for (const auto& open : prepared.open_databases) {
        log_.warning(
            "every login may connect to the database '{}', the environments' too; 'reviewdb init "
            "--close' ends that",
            open.name);
    }
    return {};
}

// Each remedy once: the logins are read anew, the server is prepared, the operator made again.
Result<void> Administrators::with(const std::string& secret, const Deed& deed, Deadline deadline) {
    bool read_anew = false;
    bool prepared = false;
    bool made_again = false;
    for (;;) {
        BASE_TRY_ASSIGN(auto* const administrator, find(secret, deadline));
        const bool has_operator = administrator->operator_login.has_value();
        auto done = has_operator ? deed(*administrator) : make_operator(*administrator, deadline);
        if (done && has_operator) return done;
        if (done) continue;
        const auto& code = done.error().sqlstate;
        const bool refused =
            code == k_wrong_password || code == k_may_not_log_in || code == k_may_not_enter;
        if (code == k_no_registry && !prepared) {
            prepared = true;
            BASE_TRY(prepare(*administrator, deadline));
        } else if (refused && !read_anew) {
            read_anew = true;
            kept_.erase(administrator->reference.id);
        } else if (refused && has_operator && administrator->keeps_operator && !made_again) {
            made_again = true;
            administrator->operator_login.reset();
        } else {
            return done;
        }
    }
}

}  // namespace lambda

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/reach.h"

#include <fmt/format.h>

#include "app/cli/print.h"
#include "app/cli/session.h"
#include "environment/default_name.h"
#include "server/caller_login.h"
#include "server/operator_login.h"
#include "server/prepare.h"
#include "server/secret_login.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

server::Preparation local_preparation(const pg::ConnectionInfo& administrator,
                                      const environment::Actor& actor, server::Stamped stamped) {
    server::Preparation preparation;
    preparation.host = administrator.get("host");
    preparation.port = administrator.port();
    preparation.sslmode = "disable";
    preparation.loopback_allowed = true;
    preparation.policies["protected"] = "";  // whose laptop it is may delete all of it
    preparation.actor = actor;
    preparation.stamped = stamped;
    return preparation;
}

// The operator's login on the local server, which is prepared where it was not. When a crash lost
// the operator's password, it gets another one.
Result<pg::ConnectionInfo> local_login(local::LocalServer& server, const local::Started& started,
                                       const environment::Actor& actor, server::Stamped stamped,
                                       base::Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(
        auto prepared,
        server::prepare(started.administrator,
                        local_preparation(started.administrator, actor, stamped), deadline, log));
    if (!prepared.operator_login) {
        BASE_TRY_ASSIGN(prepared.operator_login,
                        server::rotate_operator(started.administrator, actor, deadline, log));
    }
    BASE_TRY(server.remember_operator(*prepared.operator_login));
    return *std::move(prepared.operator_login);
}

Result<std::optional<Reached>> reach_local(Session& session, Missing missing) {
    const auto& settings = session.settings();
    const auto& actor = session.actor();
    const auto deadline = session.deadline();
    const auto stamped = stamped_of(session.arguments());
    auto& log = session.log();
    BASE_TRY_ASSIGN(const auto folder, state_folder(settings));
    local::LocalServer server(folder, local::places_of_environment(), log);
    if (missing == Missing::leave) {
        BASE_TRY_ASSIGN(const auto status, server.status());
        if (!status.exists) return std::optional<Reached>();
    }
    BASE_TRY_ASSIGN(const auto started, server.start(deadline));
    BASE_TRY_ASSIGN(auto login, server.operator_login());
    if (!login) {
        BASE_TRY_ASSIGN(login, local_login(server, started, actor, stamped, deadline, log));
    }
    return std::optional<Reached>(
        Reached{*std::move(login), started.administrator, true, {}, server.place()});
}

// Words that other programs of this kind take, and that libpq would misread.
Result<void> refuse_other_schemes(std::string_view server) {
    for (const std::string_view scheme : {"lambda:", "http://", "https://"}) {
        if (!server.starts_with(scheme)) continue;
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("this version cannot reach a server by '{}'", scheme),
                          "give a connection string of the server, secret:NAME, or 'local'");
    }
    return {};
}

Result<std::optional<Reached>> reach_by_secret(Session& session, std::string_view text) {
    BASE_TRY_ASSIGN(const auto reference, server::parse_secret_reference(text));
    BASE_TRY_ASSIGN(auto* const account, session.aws());
    auto found = account->secrets().get_value(reference.id, {}, session.deadline());
    if (!found) return base::fail(aws::plain(std::move(found).error()));
    BASE_TRY_ASSIGN(auto login, server::login_in(found->value, reference,
                                                 server::usual_authorities(), session.variables()));
    return std::optional<Reached>(
        Reached{login, login, false, {reference.id, found->name, found->arn}, {}});
}

}  // namespace

server::Stamped stamped_of(const Arguments& arguments) {
    return arguments.adopt    ? server::Stamped::adopt
           : arguments.beside ? server::Stamped::leave
                              : server::Stamped::refuse;
}

Result<std::filesystem::path> state_folder(const Settings& settings) {
    if (settings.state_dir) return std::filesystem::absolute(*settings.state_dir);
    return local::default_state_dir();
}

Result<std::optional<Reached>> reach(Session& session, Missing missing) {
    const auto& settings = session.settings();
    if (!settings.server && environment::is_ci(session.variables())) {
        return base::fail(ErrorKind::invalid_input,
                          "no server is named, and this is a CI job: nothing was started",
                          "set REVIEWDB_SERVER to the operator's connection string, or say "
                          "--server local for a private server in this job");
    }
    if (!settings.server || settings.server->reveal() == "local") {
        return reach_local(session, missing);
    }
    const auto& text = settings.server->reveal();
    if (text.starts_with("secret:")) return reach_by_secret(session, text);
    BASE_TRY(refuse_other_schemes(text));
    BASE_TRY_ASSIGN(const auto named, pg::ConnectionInfo::parse(*settings.server));
    BASE_TRY_ASSIGN(const auto login, server::complete_login(named, session.variables()));
    return std::optional<Reached>(Reached{login, login, false, {}, {}});
}

Result<pg::ConnectionInfo> prepare_on_the_way(Session& session) {
    const auto& reached = session.reached();
    if (reached.local) {
        BASE_TRY_ASSIGN(const auto folder, state_folder(session.settings()));
        local::LocalServer server(folder, local::places_of_environment(), session.log());
        return local_login(server, {reached.administrator, local::StartOutcome::adopted},
                           session.actor(), stamped_of(session.arguments()), session.deadline(),
                           session.log());
    }
    const std::string host(reached.login.get("host"));
    if (pg::is_loopback(host)) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("{} has no registry yet, and its address here is a loopback address that "
                        "applications elsewhere cannot use",
                        reached.login.describe()),
            "run 'reviewdb init --advertise HOST:PORT' once, with the address that applications "
            "use");
    }
    server::Preparation preparation;
    preparation.host = host;
    preparation.port = reached.login.port();
    preparation.actor = session.actor();
    BASE_TRY_ASSIGN(auto prepared, server::prepare(reached.administrator, preparation,
                                                   session.deadline(), session.log()));
    print_notice(fmt::format("reviewdb: prepared {} on the way", reached.login.describe()));
    for (const auto& remark : prepared.remarks) print_notice("reviewdb: " + remark);
    if (!prepared.operator_login) {
        return base::fail(ErrorKind::conflict,
                          "another call prepared this server meanwhile, and has the operator's "
                          "login",
                          "use that login");
    }
    print_notice(
        "reviewdb: this call went on as reviewdb_operator, and so must every later one; print its "
        "login with this one: reviewdb rotate --operator");
    return *std::move(prepared.operator_login);
}

}  // namespace cli

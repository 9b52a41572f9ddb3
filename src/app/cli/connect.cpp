// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/access.h"
#include "app/cli/formats.h"
#include "app/cli/lookup.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "base/subprocess.h"
#include "local/installation.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

// What becomes of the route: printed, it outlives the call and is pasted elsewhere.
enum class Use { print, run };

Result<void> check_ready(const environment::EnvironmentRecord& environment) {
    if (environment.state == environment::EnvironmentState::ready) return {};
    const auto name = shell_quoted(environment.name);
    if (environment.state == environment::EnvironmentState::closed) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the environment '{}' is closed", environment.name),
                          "reviewdb open " + name);
    }
    return base::fail(ErrorKind::unavailable,
                      fmt::format("the environment '{}' is {}, not ready", environment.name,
                                  to_text(environment.state)),
                      "finish it: reviewdb create " + name);
}

// The way to the environment that the call is about; `usual` where it does not say which.
Result<pg::ConnectionInfo> find_route(Session& session, std::string_view usual, Use use) {
    const std::string via = session.arguments().via.value_or(std::string(usual));
    if (via != "advertised" && via != "connection") {
        return base::fail(ErrorKind::invalid_input, fmt::format("--via: there is no way '{}'", via),
                          "advertised (the address that applications use) or connection (ours)");
    }
    BASE_TRY_ASSIGN(const auto subject, session.reach_subject());
    const bool advertised = via == "advertised";
    // A copy's own session stays inside it, whatever its address leads to.
    const auto way =
        advertised || use == Use::print ? environment::Way::advertised : environment::Way::own;
    BASE_TRY_ASSIGN(const auto found, find_environment(session, subject, way));
    BASE_TRY(check_ready(found.environment));
    if (advertised || (found.doubt && use == Use::print)) return advertised_route(found);
    return own_route(found, session.reached().login);
}

// psql of the PATH, else the one beside the server's own programs.
std::string psql_program(base::Deadline deadline) {
    if (base::find_program("psql")) return "psql";
    const auto found =
        local::find_installation(local::places_of_environment(), std::nullopt, deadline);
    return found ? (found->bin / "psql").string() : "psql";
}

}  // namespace

Result<int> run_url(Session& session) {
    BASE_TRY_ASSIGN(const auto route, find_route(session, "advertised", Use::print));
    mask(route, session.variables());
    print_result(route.to_uri().reveal() + "\n");
    return 0;
}

Result<int> run_env(Session& session) {
    BASE_TRY_ASSIGN(const auto route, find_route(session, "advertised", Use::print));
    mask(route, session.variables());
    if (session.wants("github")) {
        BASE_TRY(append_to_github(route, session.variables()));
        return 0;
    }
    BASE_TRY_ASSIGN(const auto text, formatted(session.arguments().output, variables_of(route)));
    print_result(text);
    return 0;
}

Result<int> run_psql(Session& session) {
    BASE_TRY_ASSIGN(const auto route, find_route(session, "connection", Use::run));
    auto command = session.arguments().command;
    command.insert(command.begin(), psql_program(session.deadline()));
    const auto program = command.front();
    return tell_not_run(program, become(std::move(command), route, base::Environment::tool));
}

Result<int> run_exec(Session& session) {
    BASE_TRY_ASSIGN(const auto route, find_route(session, "advertised", Use::run));
    const auto& command = session.arguments().command;
    return tell_not_run(command.front(), become(command, route, base::Environment::application));
}

}  // namespace cli

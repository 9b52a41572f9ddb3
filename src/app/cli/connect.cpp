// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/access.h"
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

// The way to the environment that the call is about; `usual` where it does not say which.
Result<pg::ConnectionInfo> find_route(Session& session, std::string_view usual, Use use) {
    const std::string via = session.arguments().via.value_or(std::string(usual));
    if (via != "advertised" && via != "connection") {
        return base::fail(ErrorKind::invalid_input, fmt::format("--via: there is no way '{}'", via),
                          "advertised (the address that applications use) or connection (ours)");
    }
    BASE_TRY_ASSIGN(const auto subject, session.subject());
    BASE_TRY(session.must_connect());
    const bool advertised = via == "advertised";
    // A copy's own session stays inside it, whatever its address leads to.
    const auto way =
        advertised || use == Use::print ? environment::Way::advertised : environment::Way::own;
    BASE_TRY_ASSIGN(const auto found, session.manager().get(subject, session.deadline(), way));
    if (found.environment.state != environment::EnvironmentState::ready) {
        return base::fail(ErrorKind::unavailable,
                          fmt::format("the environment '{}' is {}, not ready",
                                      found.environment.name, to_text(found.environment.state)),
                          "'reviewdb create' finishes it");
    }
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
    } else {
        print_result(shell_lines(route));
    }
    return 0;
}

Result<int> run_psql(Session& session) {
    BASE_TRY_ASSIGN(const auto route, find_route(session, "connection", Use::run));
    auto command = session.arguments().command;
    command.insert(command.begin(), psql_program(session.deadline()));
    return base::fail(become(std::move(command), route, base::Environment::tool));
}

Result<int> run_exec(Session& session) {
    BASE_TRY_ASSIGN(const auto route, find_route(session, "advertised", Use::run));
    return base::fail(become(session.arguments().command, route, base::Environment::application));
}

}  // namespace cli

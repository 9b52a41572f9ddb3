// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "local/local_server.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

Result<int> start(Session& session) {
    if (session.settings().server && session.settings().server->reveal() != "local") {
        return base::fail(ErrorKind::invalid_input,
                          "a server is named, so the local one would not be used",
                          "say 'reviewdb --server local local start'");
    }
    BASE_TRY(session.connect(Missing::make));
    const auto& login = session.reached().login;
    print_result(fmt::format("running  {}:{}\n", login.get("host"), login.get("port")));
    return 0;
}

Result<int> stop(local::LocalServer& server, const Session& session) {
    BASE_TRY_ASSIGN(const bool ran, server.stop(session.deadline()));
    print_result(ran ? "stopped; its databases stay\n" : "it did not run\n");
    return 0;
}

const char* state_of(const local::Status& found) {
    if (!found.missing.empty()) return found.running ? "damaged, running" : "damaged";
    if (found.running) return "running";
    return found.exists ? "stopped" : "absent";
}

Result<int> status(const local::LocalServer& server) {
    BASE_TRY_ASSIGN(const auto found, server.status());
    std::vector<std::vector<std::string>> rows{{"folder", found.folder.string()}};
    rows.push_back({"state", state_of(found)});
    if (!found.missing.empty()) rows.push_back({"missing", found.missing.string()});
    if (found.major > 0) rows.push_back({"postgres", fmt::format("{}", found.major)});
    if (found.port > 0) rows.push_back({"address", fmt::format("127.0.0.1:{}", found.port)});
    if (found.pid > 0) rows.push_back({"pid", fmt::format("{}", found.pid)});
    print_result(table(rows));
    return 0;
}

Result<int> remove(local::LocalServer& server, const Session& session) {
    if (!session.arguments().yes && someone_can_answer()) {
        BASE_TRY_ASSIGN(const auto found, server.status());
        const auto question = fmt::format("Remove the local server in {} with all its databases?",
                                          found.folder.string());
        if (found.exists && !says_yes(question)) return 1;
    }
    // A person may have thought about it for longer than the deadline.
    BASE_TRY_ASSIGN(const bool was_there,
                    server.remove(base::Deadline::after(session.settings().deadline)));
    print_result(was_there ? "removed\n" : "absent\n");
    return 0;
}

}  // namespace

Result<int> run_local(Session& session) {
    const auto& action = session.arguments().action;
    if (action == "start") return start(session);
    BASE_TRY_ASSIGN(const auto folder, state_folder(session.settings()));
    local::LocalServer server(folder, local::places_of_environment(), session.log());
    if (action == "stop") return stop(server, session);
    if (action == "status") return status(server);
    if (action == "remove") return remove(server, session);
    return base::fail(ErrorKind::invalid_input,
                      action.empty() ? "local takes one of start, stop, status, remove"
                                     : fmt::format("local does not know '{}'", action),
                      "usage: reviewdb local start | stop | status | remove [--yes]");
}

}  // namespace cli

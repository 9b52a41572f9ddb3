// SPDX-License-Identifier: Apache-2.0
//
// Requests about what goes and what comes back: delete, restore, trash, sweep.
#include <fmt/format.h>

#include "api/removal_json.h"
#include "api/request.h"
#include "api/truth.h"
#include "base/duration.h"
#include "branches/source.h"
#include "environment/default_name.h"

namespace api {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Name;
using environment::Outcome;

Result<std::string> text_or_empty(const Request& request, std::string_view key) {
    BASE_TRY_ASSIGN(auto text, request.members.text(key));
    return std::move(text).value_or("");
}

// What the request has of branches; nothing where it has none.
Result<std::optional<environment::Truth>> truth_in(const Request& request) {
    auto& members = request.members;
    BASE_TRY_ASSIGN(const auto repository, members.text("repository"));
    BASE_TRY_ASSIGN(const auto refs, members.list("refs"));
    BASE_TRY_ASSIGN(const auto pull_requests, members.numbers("pull_requests"));
    BASE_TRY_ASSIGN(const auto names, members.list("names"));
    BASE_TRY_ASSIGN(const bool complete, members.flag("complete"));
    if (!refs && (repository || pull_requests || names || complete)) {
        return base::fail(ErrorKind::invalid_input, "the request has no branches",
                          R"(add "refs": […], all of the repository's)");
    }
    if (!refs) return std::optional<environment::Truth>();
    if (!repository) {
        return base::fail(ErrorKind::invalid_input,
                          "the request does not say whose branches these are",
                          R"(add "repository": "host/owner/name")");
    }
    BASE_TRY_ASSIGN(const auto sent, branches::branches_sent(*repository, *refs, complete));
    auto truth = truth_of(sent);
    if (pull_requests) truth.pull_requests.emplace(pull_requests->begin(), pull_requests->end());
    if (names) truth.names.emplace(names->begin(), names->end());
    return std::optional(std::move(truth));
}

}  // namespace

Result<std::optional<environment::Time>> event_time_of(const Request& request) {
    BASE_TRY_ASSIGN(const auto text, request.members.text("event_time"));
    if (!text) return std::optional<environment::Time>();
    auto time = base::parse_time(*text);
    if (time) return time;
    return base::fail(ErrorKind::invalid_input, fmt::format("event_time: '{}' is no time", *text),
                      "as RFC 3339 has it: 2026-11-24T12:00:00Z");
}

Result<base::Secret> remove(const Request& request) {
    auto& members = request.members;
    BASE_TRY_ASSIGN(const bool must_exist, members.flag("must_exist"));
    BASE_TRY_ASSIGN(auto wish, wish_of(request));
    BASE_TRY_ASSIGN(wish.event_at, event_time_of(request));
    BASE_TRY_ASSIGN(wish.pull_request, members.number("pull_request"));
    BASE_TRY_ASSIGN(wish.commit, text_or_empty(request, "commit"));
    BASE_TRY_ASSIGN(wish.purges, members.flag("purge"));
    BASE_TRY_ASSIGN(wish.forced, members.flag("force"));
    BASE_TRY(members.nothing_else());
    BASE_TRY(environment::check(
        {.repository = {}, .ref = {}, .pull_request = {}, .commit = wish.commit}));
    BASE_TRY_ASSIGN(const auto answer,
                    request.hands.manager.remove(wish, request.execution, request.hands.deadline));
    if (must_exist && answer.outcome == Outcome::absent) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("there is no environment '{}' in project {}",
                                      wish.name.text(), wish.project.text()));
    }
    return told(request, wish, answer);
}

Result<base::Secret> restore(const Request& request) {
    auto& members = request.members;
    BASE_TRY_ASSIGN(auto wish, wish_of(request));
    environment::TrashFilter from{request.project, wish.name};
    BASE_TRY_ASSIGN(from.instance, text_or_empty(request, "instance"));
    BASE_TRY_ASSIGN(const auto as, members.text("as"));
    BASE_TRY(members.nothing_else());
    if (as) {
        BASE_TRY_ASSIGN(wish.name, Name::parse(environment::given_name(*as)));
    }
    BASE_TRY_ASSIGN(const auto answer, request.hands.manager.restore(wish, from, request.execution,
                                                                     request.hands.deadline));
    return told(request, wish, answer);
}

// What is in the trash; with `empty` it goes for good, and the answer is what that was.
Result<base::Secret> answer_trash(const Request& request) {
    auto& members = request.members;
    BASE_TRY_ASSIGN(const bool everywhere, members.flag("all_projects"));
    BASE_TRY_ASSIGN(const auto name, members.text("name"));
    BASE_TRY_ASSIGN(const bool empties, members.flag("empty"));
    BASE_TRY_ASSIGN(const auto reason, text_or_empty(request, "reason"));
    environment::TrashFilter filter;
    BASE_TRY_ASSIGN(filter.instance, text_or_empty(request, "instance"));
    BASE_TRY(members.nothing_else());
    if (!everywhere) filter.project = request.project;
    if (name) {
        BASE_TRY_ASSIGN(filter.name, Name::parse(environment::given_name(*name)));
    }
    auto& manager = request.hands.manager;
    if (!empties) {
        BASE_TRY_ASSIGN(const auto found, manager.trash(filter, request.hands.deadline));
        return base::Secret(trash_json(found));
    }
    BASE_TRY_ASSIGN(const auto gone,
                    manager.empty_trash(filter, reason, request.execution, request.hands.deadline));
    return base::Secret(trash_json(gone));
}

Result<base::Secret> sweep(const Request& request) {
    BASE_TRY_ASSIGN(auto truth, truth_in(request));
    BASE_TRY(request.members.nothing_else());
    BASE_TRY_ASSIGN(const auto report,
                    request.hands.manager.sweep({request.project, std::move(truth), {}},
                                                request.execution, request.hands.deadline));
    return base::Secret(sweep_json(report));
}

}  // namespace api

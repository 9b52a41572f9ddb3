// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>

#include "api/json.h"
#include "app/cli/access.h"
#include "app/cli/answer.h"
#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/verbs.h"

namespace cli {

namespace {

using base::Result;
using environment::Answer;
using environment::Wish;

Result<bool> is_release_wanted(Session& session, const Wish& wish) {
    const auto& arguments = session.arguments();
    if (arguments.yes || arguments.dry_run || !someone_can_answer()) return true;
    environment::Subject subject{wish.project, wish.name};
    subject.repository = wish.repository;
    BASE_TRY_ASSIGN(const auto found, session.manager().get(subject, session.deadline()));
    return says_yes(details(found, std::nullopt, std::chrono::system_clock::now()) +
                    fmt::format("Hand '{}' over to its role, so that reviewdb forgets it and no "
                                "delete removes it any more?",
                                wish.name.text()));
}

// With where it is: from now on nobody else will say.
Result<void> print_released(Session& session, const Answer& answer) {
    if (session.arguments().dry_run || !session.wants("url")) {
        print_answer(session, answer);
        return {};
    }
    print_remarks(session, answer);
    BASE_TRY_ASSIGN(const auto route, advertised_route(*answer.description));
    mask(route, session.variables());
    print_result(route.to_uri().reveal() + "\n");
    return {};
}

}  // namespace

Result<int> run_release(Session& session) {
    BASE_TRY_ASSIGN(auto found, session.named());
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(found.name));
    const auto& arguments = session.arguments();
    const Wish wish{.project = session.settings().project,
                    .name = std::move(name),
                    .repository = std::move(found.origin.repository),
                    .reason = arguments.reason};
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const bool wanted, is_release_wanted(session, wish));
    if (!wanted) return 1;
    // A person may have thought about it for longer than the deadline.
    BASE_TRY_ASSIGN(const auto answer,
                    session.manager().release(wish, session.execution(),
                                              base::Deadline::after(session.settings().deadline)));
    BASE_TRY(print_released(session, answer));
    return 0;
}

}  // namespace cli

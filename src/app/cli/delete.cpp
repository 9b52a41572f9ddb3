// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/json.h"
#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/verbs.h"
#include "base/size.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Execution;
using environment::Outcome;

Result<environment::Wish> delete_wish(const Session& session) {
    const auto& arguments = session.arguments();
    BASE_TRY_ASSIGN(auto found, session.named());
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(found.name));
    return environment::Wish{
        .project = session.settings().project,
        .name = std::move(name),
        .repository = std::move(found.origin.repository),
        .reason = arguments.reason.empty() ? "asked for by the caller" : arguments.reason,
        .event_at = found.event_at,
        .pull_request = found.origin.pull_request,
        .commit = std::move(found.origin.commit),
        .purges = arguments.purge,
        .forced = arguments.force};
}

// " (12 MB)"; empty if it cannot be measured.
std::string size_of(Session& session, const environment::Wish& wish) {
    environment::ListFilter filter;
    filter.project = wish.project;
    filter.name = wish.name;
    filter.with_sizes = true;
    const auto found = session.server().list(filter, session.deadline());
    if (!found || found->empty() || !found->front().size_bytes) return {};
    return fmt::format(" ({})", base::describe_size(*found->front().size_bytes));
}

bool goes_to_trash(const environment::Answer& answer) {
    return std::ranges::any_of(answer.steps, [](const environment::Step& step) {
        return step.kind == environment::StepKind::trash;
    });
}

// Whether, and for how long, a restore is possible afterwards.
std::string fate_of(Session& session, const environment::Answer& answer) {
    if (!goes_to_trash(answer)) return "It cannot be restored afterwards.";
    const auto policy = session.server().policy(session.settings().project, session.deadline());
    if (!policy) return "It can be restored from the trash.";
    return fmt::format("It can be restored from the trash for {}.", policy->value("trash_window"));
}

// Shows what would go, and asks. True without a question where nobody is there to answer.
Result<bool> is_deletion_wanted(Session& session, const environment::Wish& wish) {
    if (session.arguments().yes || !someone_can_answer()) return true;
    BASE_TRY_ASSIGN(const auto answer,
                    session.manager().remove(wish, Execution::dry_run, session.deadline()));
    if (!answer.description) return true;
    return says_yes(details(*answer.description, std::nullopt, std::chrono::system_clock::now()) +
                    fmt::format("{}\nDelete '{}' with its database{} and role?",
                                fate_of(session, answer), wish.name.text(),
                                size_of(session, wish)));
}

void print_deleted(const Session& session, const environment::Wish& wish,
                   const environment::Answer& answer) {
    const auto word = to_text(answer.outcome);
    const auto& steps = answer.steps;
    if (session.arguments().dry_run) {
        print_result(session.wants("json") ? api::steps_json(answer.outcome, steps, answer.remarks)
                     : steps.empty()       ? fmt::format("{}: nothing to do\n", word)
                                           : step_lines(steps));
    } else if (session.wants("json")) {
        print_result(fmt::format("{{\n  \"name\": {},\n  \"project\": {},\n  \"outcome\": {}\n}}\n",
                                 json_quoted(wish.name.text()), json_quoted(wish.project.text()),
                                 json_quoted(word)));
    } else {
        print_result(session.arguments().quiet ? wish.name.text() + "\n"
                                               : fmt::format("{}  {}\n", wish.name.text(), word));
    }
}

bool is_in_trash(const Session& session, const environment::Answer& answer) {
    return !session.arguments().dry_run && goes_to_trash(answer);
}

// Success, unless it had to be there.
Result<int> exit_code(const Session& session, const environment::Wish& wish, Outcome outcome) {
    if (outcome != Outcome::absent || !session.arguments().must_exist) return 0;
    return base::fail(ErrorKind::not_found,
                      fmt::format("there is no environment '{}' in project {}", wish.name.text(),
                                  wish.project.text()),
                      "'reviewdb list' shows what there is");
}

}  // namespace

Result<int> run_delete(Session& session) {
    BASE_TRY_ASSIGN(const auto wish, delete_wish(session));
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    environment::Answer answer;
    answer.outcome = Outcome::absent;
    if (there) {
        const bool dry_run = session.arguments().dry_run;
        if (!dry_run) {
            BASE_TRY_ASSIGN(const bool wanted, is_deletion_wanted(session, wish));
            if (!wanted) return 1;
        }
        // A person may have thought about it for longer than the deadline.
        const auto deadline = base::Deadline::after(session.settings().deadline);
        BASE_TRY_ASSIGN(answer, session.manager().remove(wish, session.execution(), deadline));
    }
    session.end_progress();
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
    if (is_in_trash(session, answer)) {
        session.notice("reviewdb: it is in the trash; bring it back: reviewdb restore " +
                       shell_quoted(wish.name.text()));
    }
    auto code = exit_code(session, wish, answer.outcome);
    if (code) print_deleted(session, wish, answer);
    return code;
}

}  // namespace cli

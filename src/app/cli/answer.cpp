// SPDX-License-Identifier: Apache-2.0
#include "app/cli/answer.h"

#include <chrono>

#include "api/json.h"
#include "app/cli/print.h"
#include "app/cli/show.h"

namespace cli {

void print_remarks(Session& session, const environment::Answer& answer) {
    session.end_progress();
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
}

void print_answer(Session& session, const environment::Answer& answer) {
    print_remarks(session, answer);
    if (session.arguments().dry_run) {
        print_result(session.wants("json")
                         ? api::steps_json(answer.outcome, answer.steps, answer.remarks)
                     : answer.steps.empty() ? "nothing to do\n"
                                            : step_lines(answer.steps));
    } else if (session.wants("json")) {
        print_result(
            api::to_json(*answer.description, answer.outcome, answer.warm, answer.remarks));
    } else if (session.arguments().quiet) {
        print_result(answer.description->environment.name + "\n");
    } else {
        print_result(
            details(*answer.description, answer.outcome, std::chrono::system_clock::now()));
    }
}

}  // namespace cli

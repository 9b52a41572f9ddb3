// SPDX-License-Identifier: Apache-2.0
//
// The function: from an event to its answer. Four kinds of event come in: those of the Lambda that
// it replaces, rotation by Secrets Manager, {"action": "maintain"} of a schedule, and the requests
// of every other door. One thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "app/lambda/administrators.h"
#include "aws/lambda_runtime.h"

namespace lambda {

class Function {
   public:
    // Asks no network. Fails invalid_input for settings that cannot be.
    static base::Result<std::unique_ptr<Function>> make(Variables variables, base::Log& log);

    // The answer, as JSON; errors of the former Lambda's events and of requests are answers, too.
    // Fails where the event's own caller looks at nothing but a failed function: rotation and
    // maintenance.
    base::Result<base::Secret> answer(const aws::Invocation& invocation);

    // After the answer is out, and in the time that is left of it: builds again what the pool gave
    // away, where REVIEWDB_REFILL_AFTER_ANSWER asks for that. What goes wrong is logged.
    void refill(const aws::Invocation& invocation);

   private:
    Function(Variables variables, base::Log& log);

    base::Secret answer_drop_in(const std::string& event, base::Deadline deadline);
    base::Secret answer_request(const std::string& event, base::Deadline deadline);
    base::Result<void> sweep(Administrator& administrator, base::Deadline deadline);
    void note_request(const std::string& event, const std::string& administrator);
    base::Result<void> fill_pools(Administrator& administrator, base::Deadline deadline);
    base::Result<void> fill_pool(Administrator& administrator, const environment::Project& project,
                                 base::Deadline deadline);
    base::Result<base::Secret> maintain(const std::string& event, base::Deadline deadline);
    base::Result<void> maintain_one(const std::string& server,
                                    std::vector<environment::Report>& reports,
                                    base::Deadline deadline);

    Variables variables_;
    base::Log& log_;
    environment::Actor actor_;
    std::unique_ptr<aws::Account> account_;
    std::unique_ptr<Administrators> administrators_;
    std::set<std::string> settled_projects_;  // of which the policy has been looked at
    bool refills_ = false;
    // Where the event now being answered may have taken something from the pool.
    struct Served {
        std::string administrator;
        environment::Project project;
    };
    std::optional<Served> served_;
};

}  // namespace lambda

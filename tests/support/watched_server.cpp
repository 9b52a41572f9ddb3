// SPDX-License-Identifier: Apache-2.0
#include "support/watched_server.h"

#include <fmt/format.h>

#include <chrono>

#include "support/facts_text.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

void WatchedServer::note(const std::string& what, const base::Error* error, Deadline deadline) {
    auto line = what + "\n";
    if (error != nullptr) {
        line += fmt::format("fails {} {}\n", facts_of(error->kind).name, error->sqlstate);
    }
    const auto facts = other_.observe(subject_, Purpose::read, deadline);
    const auto pool = other_.observe_pool(subject_.project, deadline);
    const auto templates = other_.templates(subject_.project, deadline);
    seen_.push_back(line + (facts ? to_text(*facts) : facts.error().message) +
                    (pool ? to_text(*pool) : pool.error().message) +
                    (templates ? to_text(*templates) : templates.error().message));
}

Result<Facts> WatchedServer::observe(const Subject& subject, Purpose purpose, Deadline deadline) {
    auto facts = inner_.observe(subject, purpose, deadline);
    auto told = facts;
    const bool may_lack_source = told && purpose == Purpose::claim && told->instance &&
                                 told->instance->state == InstanceState::serving &&
                                 told->database && !told->database->half_dropped;
    if (may_lack_source) {
        told->source = Facts().source;
        told->warm_there = false;
    }
    seen_.push_back("observes\n" + (told ? to_text(*told) : told.error().message));
    return facts;
}

Result<std::optional<Facts>> WatchedServer::observe_leftover(const Leftover& leftover,
                                                             Deadline deadline) {
    auto facts = inner_.observe_leftover(leftover, deadline);
    if (facts && *facts) seen_.push_back("finds left over\n" + to_text(**facts));
    return facts;
}

Result<std::vector<Leftover>> WatchedServer::leftovers(int most, Deadline deadline) {
    auto found = inner_.leftovers(most, deadline);
    seen_.push_back(fmt::format("finds {} left over", found ? found->size() : 0));
    return found;
}

Result<Facts> WatchedServer::observe_template(const TemplateSubject& subject, Purpose purpose,
                                              Deadline deadline) {
    auto facts = inner_.observe_template(subject, purpose, deadline);
    seen_.push_back("observes a template\n" + (facts ? to_text(*facts) : facts.error().message));
    return facts;
}

Result<PoolFacts> WatchedServer::observe_pool(const Project& project, Deadline deadline) {
    auto facts = inner_.observe_pool(project, deadline);
    seen_.push_back("observes the pool\n" + (facts ? to_text(*facts) : facts.error().message));
    return facts;
}

Result<void> WatchedServer::while_leased(const std::function<Result<void>()>& deed) {
    auto done = inner_.while_leased(deed);
    note("does something that takes long", done ? nullptr : &done.error(),
         Deadline::after(std::chrono::minutes(1)));
    return done;
}

Result<std::string> WatchedServer::perform(const Step& step, const Plan& plan,
                                           const Credentials& credentials, const Actor& actor,
                                           Deadline deadline) {
    auto told = inner_.perform(step, plan, credentials, actor, deadline);
    note(std::string(to_text(step.kind)) + (told && !told->empty() ? ", with a remark" : ""),
         told ? nullptr : &told.error(), deadline);
    return told;
}

Result<LoginProof> WatchedServer::prove_login(const Target& target, const Credentials& credentials,
                                              Deadline deadline) {
    auto proof = inner_.prove_login(target, credentials, deadline);
    note(proof ? fmt::format("proves password {} schema {}", proof->password_accepted,
                             proof->owns_schema)
               : "proves nothing",
         proof ? nullptr : &proof.error(), deadline);
    return proof;
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
//
// The pool: instances that are built before anybody asks. What to build, retire and replace is
// decided here, purely, from what was observed; builders on any number of machines observe, do one
// thing, and observe again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "environment/plan.h"

namespace environment {

// How many warm instances of a template a project is to have, and the version to build them from.
struct PoolTarget {
    std::string database_template;
    int target = 0;
    std::optional<CloneSource> source;  // nothing: the template is not there any more
};

// An instance of the pool: one that is being built, or a warm one.
struct PooledInstance {
    InstanceRecord instance;
    RoleRecord role;
    bool is_sound = true;    // database and role are there, closed and stamped as they should be
    bool abandoned = false;  // it is being built, and nobody works on it any more
};

// What the server has left, before another database is made on it.
struct Headroom {
    int connections = 0;         // client sessions there are
    int connections_usable = 0;  // and may be
    std::int64_t bytes = 0;      // that all of ours take, as last measured
};

struct PoolFacts {
    Facts common;  // installation, policy, now
    std::vector<PoolTarget> targets;
    std::vector<PooledInstance> instances;
    Headroom headroom;
};

struct PoolAction {
    enum class Kind { build, retire, hold, rest };
    Kind kind = Kind::rest;
    std::string reason;       // for a person
    CloneSource source;       // of a build
    PooledInstance instance;  // of a retirement
};

// The next thing to do: first what nobody may be given any more goes, then the template that lacks
// most gets one more. `hold` says why nothing can be built now though something is lacking.
PoolAction next_action(const PoolFacts& facts);

// The pool of one template, for people.
struct PoolLine {
    std::string database_template;
    int target = 0;
    int warm = 0;  // that a create may be given
    int building = 0;
    int stale = 0;            // that nobody is given any more, and that goes
    bool has_source = false;  // there is something to build from
    std::string why_stale;    // of one of those
};
// By template; one that has no target any more is among them while something of it is there.
std::vector<PoolLine> summary(const PoolFacts& facts);

// True where a warm instance is what this project would build now: no other one is given to
// anybody.
bool may_be_given(const WarmFacts& warm, const Facts& facts);

// The steps of one build for the pool.
base::Result<Plan> plan_warm(const Project& project, const CloneSource& source, const Facts& facts,
                             const FreshIdentities& fresh);
// The step that takes one out of it; its removal is everybody's who has a moment.
Plan plan_retirement(const PooledInstance& pooled, const Facts& facts, const std::string& why);

}  // namespace environment

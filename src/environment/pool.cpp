// SPDX-License-Identifier: Apache-2.0
#include "environment/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "environment/planning.h"

namespace environment {

namespace {

using Kind = PoolAction::Kind;

// A server whose last connections are taken by builders is of no use to anybody.
constexpr int k_spare_connections = 5;

const PoolTarget* target_of(const PoolFacts& facts, const PooledInstance& pooled) {
    const auto found = std::ranges::find(facts.targets, pooled.instance.database_template,
                                         &PoolTarget::database_template);
    return found == facts.targets.end() ? nullptr : &*found;
}

bool counts(const PoolFacts& facts, const PooledInstance& pooled, const PoolTarget& target) {
    if (target_of(facts, pooled) != &target || pooled.abandoned || !pooled.is_sound) return false;
    return pooled.instance.state == InstanceState::building ||
           (target.source && pooled.instance.template_version == target.source->version &&
            pooled.instance.shape == planning::shape_of(facts.common));
}

int count_of(const PoolFacts& facts, const PoolTarget& target) {
    return static_cast<int>(std::ranges::count_if(
        facts.instances, [&](const auto& pooled) { return counts(facts, pooled, target); }));
}

// Why nobody may be given it, or nobody needs it; empty for one that stays.
std::string why_retired(const PoolFacts& facts, const PooledInstance& pooled) {
    if (pooled.abandoned) return "whoever built it is gone";
    if (pooled.instance.state != InstanceState::warm) return {};
    const auto* target = target_of(facts, pooled);
    if (target == nullptr || !target->source) return "its template has no pool any more";
    if (pooled.instance.template_version != target->source->version) {
        return "its template has a newer version";
    }
    if (pooled.instance.shape != planning::shape_of(facts.common)) {
        return "limits, settings or key are others now";
    }
    if (!pooled.is_sound) return "its database or role is not as it was built";
    if (count_of(facts, *target) > target->target) return "the pool is to be smaller";
    return {};
}

std::string why_hold(const PoolFacts& facts, const CloneSource& source) {
    const auto& [connections, usable, bytes] = facts.headroom;
    if (usable - connections < k_spare_connections) {
        return fmt::format("{} of the server's {} connections are taken", connections, usable);
    }
    const auto budget = facts.common.policy.disk_budget();
    if (budget && bytes + source.size_bytes > *budget) {
        return fmt::format("all of ours takes {} bytes, and the disk budget is {}", bytes, *budget);
    }
    return {};
}

}  // namespace

PoolAction next_action(const PoolFacts& facts) {
    if (facts.common.installation.is_behind) {
        return {Kind::hold, "the registry is older than the server", {}, {}};
    }
    for (const auto& pooled : facts.instances) {
        auto why = why_retired(facts, pooled);
        if (!why.empty()) return {Kind::retire, std::move(why), {}, pooled};
    }
    const PoolTarget* neediest = nullptr;
    int most_lacking = 0;
    for (const auto& target : facts.targets) {
        const int lacking = target.target - count_of(facts, target);
        if (!target.source || lacking <= most_lacking) continue;
        neediest = &target;
        most_lacking = lacking;
    }
    if (neediest == nullptr) return {};
    auto held = why_hold(facts, *neediest->source);
    if (!held.empty()) return {Kind::hold, std::move(held), *neediest->source, {}};
    return {
        Kind::build, fmt::format("the pool lacks {} of it", most_lacking), *neediest->source, {}};
}

std::vector<PoolLine> summary(const PoolFacts& facts) {
    std::map<std::string, PoolLine> lines;
    for (const auto& target : facts.targets) {
        auto& line = lines[target.database_template];
        line.target = target.target;
        line.has_source = target.source.has_value();
    }
    for (const auto& pooled : facts.instances) {
        auto& line = lines[pooled.instance.database_template];
        const auto* target = target_of(facts, pooled);
        const bool usable = target != nullptr && counts(facts, pooled, *target);
        const bool builds = pooled.instance.state == InstanceState::building;
        ++(!usable ? line.stale : builds ? line.building : line.warm);
        if (!usable) line.why_stale = why_retired(facts, pooled);
    }
    std::vector<PoolLine> sorted;
    for (auto& [name, line] : lines) {
        const bool nothing =
            line.target == 0 && line.warm == 0 && line.building == 0 && line.stale == 0;
        line.database_template = name;
        if (!nothing) sorted.push_back(std::move(line));
    }
    return sorted;
}

base::Result<Plan> plan_warm(const Project& project, const CloneSource& source, const Facts& facts,
                             const FreshIdentities& fresh) {
    auto from = facts;
    from.source = source;
    Plan plan;
    plan.outcome = Outcome::created;
    plan.target = planning::target_of(from);
    auto& target = plan.target;
    target.environment.project = project.text();
    target.role.id = fresh.role;
    target.role.name = role_name(project, fresh.role);
    target.role.key_number = facts.installation.current_key;
    BASE_TRY(planning::plan_new_instance(target, from, fresh.instance));
    target.leaving = target.instance;
    const auto add = [&](StepKind kind, std::string reason) {
        planning::add(plan, kind, std::move(reason));
    };
    add(StepKind::record_warm, "whoever comes after a crash finds it");
    add(StepKind::create_role, "it needs a role of its own");
    add(StepKind::create_database, planning::why_cloned(from, "the pool lacks one"));
    add(StepKind::secure_database, "it is closed to everybody but its role");
    add(StepKind::hand_over, "its role owns everything in it");
    add(StepKind::prove_login, "only what has been seen to log in is given away");
    add(StepKind::shelve, "it waits for who asks");
    return plan;
}

bool may_be_given(const WarmFacts& warm, const Facts& facts) {
    return warm.instance.shape == planning::shape_of(facts);
}

Plan plan_retirement(const PooledInstance& pooled, const Facts& facts, const std::string& why) {
    Plan plan;
    plan.outcome = Outcome::deleted;
    plan.target = planning::target_of(facts);
    plan.target.instance = plan.target.leaving = pooled.instance;
    plan.target.role = pooled.role;
    planning::add(plan, StepKind::discard, why);
    return plan;
}

}  // namespace environment

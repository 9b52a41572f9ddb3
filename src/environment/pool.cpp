// SPDX-License-Identifier: Apache-2.0
#include "environment/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>

#include "environment/planning.h"

namespace environment {

namespace {

using Kind = PoolAction::Kind;

// A server whose last connections are taken by builders is of no use to anybody.
constexpr int k_spare_connections = 5;

// The pool as a decision looks at it: what is the same for every instance is worked out once.
class Judgement {
   public:
    explicit Judgement(const PoolFacts& facts)
        : facts_(facts), shape_(planning::shape_of(facts.common)), counts_(facts.targets.size()) {
        for (const auto& pooled : facts.instances) {
            const auto* target = target_of(pooled);
            if (target != nullptr && counts(pooled, *target)) ++counts_[index_of(*target)];
        }
    }

    const PoolTarget* target_of(const PooledInstance& pooled) const {
        const auto found = std::ranges::find(facts_.targets, pooled.instance.database_template,
                                             &PoolTarget::database_template);
        return found == facts_.targets.end() ? nullptr : &*found;
    }

    // Whether it is one of those that its target asks for.
    bool counts(const PooledInstance& pooled, const PoolTarget& target) const {
        if (pooled.abandoned || !pooled.is_sound) return false;
        return pooled.instance.state == InstanceState::building ||
               (target.source && pooled.instance.template_version == target.source->version &&
                pooled.instance.shape == shape_);
    }

    int count_of(const PoolTarget& target) const { return counts_[index_of(target)]; }

    // Why nobody may be given it, or nobody needs it; empty for one that stays.
    std::string why_retired(const PooledInstance& pooled) const {
        if (pooled.abandoned) return "whoever built it is gone";
        if (pooled.instance.state != InstanceState::warm) return {};
        const auto* target = target_of(pooled);
        if (target == nullptr || !target->source) return "its template has no pool any more";
        if (pooled.instance.template_version != target->source->version) {
            return "its template has a newer version";
        }
        if (pooled.instance.shape != shape_) return "limits, settings or key are others now";
        if (!pooled.is_sound) return "its database or role is not as it was built";
        if (count_of(*target) > target->target) return "the pool is to be smaller";
        return {};
    }

   private:
    std::size_t index_of(const PoolTarget& target) const {
        return static_cast<std::size_t>(&target - facts_.targets.data());
    }

    const PoolFacts& facts_;
    std::string shape_;
    std::vector<int> counts_;  // of what each target has
};

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
    const Judgement judgement(facts);
    for (const auto& pooled : facts.instances) {
        auto why = judgement.why_retired(pooled);
        if (!why.empty()) return {Kind::retire, std::move(why), {}, pooled};
    }
    const PoolTarget* neediest = nullptr;
    int most_lacking = 0;
    for (const auto& target : facts.targets) {
        const int lacking = target.target - judgement.count_of(target);
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
    const Judgement judgement(facts);
    std::map<std::string, PoolLine> lines;
    for (const auto& target : facts.targets) {
        auto& line = lines[target.database_template];
        line.target = target.target;
        line.has_source = target.source.has_value();
    }
    for (const auto& pooled : facts.instances) {
        auto& line = lines[pooled.instance.database_template];
        const auto* target = judgement.target_of(pooled);
        const bool usable = target != nullptr && judgement.counts(pooled, *target);
        const bool builds = pooled.instance.state == InstanceState::building;
        ++(!usable ? line.stale : builds ? line.building : line.warm);
        if (!usable) line.why_stale = judgement.why_retired(pooled);
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

// SPDX-License-Identifier: Apache-2.0
//
// The manager's part of a sweep: looks, lets decide_sweep decide, and acts on it, one by one.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "environment/manager.h"
#include "environment/operation.h"
#include "environment/secret_value.h"

namespace environment {

namespace {

using base::Deadline;
using base::Result;

constexpr std::chrono::seconds k_time_for_one_finding(60);
constexpr int k_all_leftovers = 100000;

bool is_for_removal(const Finding& finding) {
    return finding.left.empty() &&
           (finding.kind == FindingKind::branch_gone || finding.kind == FindingKind::expired);
}

bool waits_for_leftovers(const Finding& finding) {
    return finding.kind == FindingKind::trash_over || finding.kind == FindingKind::over_budget ||
           finding.kind == FindingKind::remains;
}

// Why it is left where the source, asked once more, does not say the same; empty where it does.
std::string what_second_look_says(const SecondLook& is_still_gone,
                                  const EnvironmentRecord& record) {
    if (!is_still_gone) return {};
    const auto gone = is_still_gone(record);
    if (!gone) return "asked once more, the source failed: " + gone.error().message;
    return *gone ? "" : "asked once more, the source says that it is there";
}

}  // namespace

// Removes it if it is still what was found.
Result<void> Manager::remove_found(const Project& project, const Finding& finding,
                                   Deadline deadline) {
    BASE_TRY_ASSIGN(auto name, Name::parse(finding.name));
    Wish wish{.project = project, .name = std::move(name), .reason = finding.reason};
    wish.told_as = finding.kind == FindingKind::expired       ? "expired"
                   : finding.kind == FindingKind::branch_gone ? "swept"
                                                              : "deleted";
    wish.event_at = finding.event_at;
    wish.seen = finding.record;
    const Subject subject{wish.project, wish.name};
    Operation operation(server_, surroundings_, log_, subject);
    const auto planner = [&](const Facts& facts) { return plan_delete(wish, facts); };
    const auto done = operation.run(planner, {}, Execution::carry_out, deadline);
    server_.release(deadline);
    if (!done) return base::fail(done.error());
    return {};
}

void Manager::deal_with_environments(const SweepWish& wish, SweepReport& report,
                                     Deadline deadline) {
    for (auto& finding : report.findings) {
        if (!finding.record || !finding.left.empty()) continue;
        if (deadline.passed()) {
            finding.left = "there was no more time";
            continue;
        }
        if (finding.kind == FindingKind::branch_gone) {
            finding.left = what_second_look_says(wish.is_still_gone, *finding.record);
            if (!finding.left.empty()) continue;
        }
        const auto end = deadline.at_most(k_time_for_one_finding);
        if (finding.kind == FindingKind::unpublished) {
            const auto name = Name::parse(finding.name);
            const auto mended =
                repair({wish.project, *name, {}, finding.reason}, Execution::carry_out, end);
            if (!mended) finding.left = mended.error().message;
            continue;
        }
        const auto removed = remove_found(wish.project, finding, end);
        if (!removed) finding.left = removed.error().message;
    }
}

// What waits for somebody with a moment, and is still there afterwards.
void Manager::deal_with_remains(SweepReport& report, Deadline deadline) {
    std::vector<base::Uuid> over_budget;
    for (const auto& finding : report.findings) {
        if (finding.kind == FindingKind::over_budget) over_budget.push_back(finding.instance);
    }
    if (!over_budget.empty()) {
        const auto given_up = server_.give_up_trash(over_budget, "the disk budget is exceeded",
                                                    surroundings_.actor, deadline);
        if (!given_up) report.remarks.push_back(given_up.error().message);
    }
    if (std::ranges::none_of(report.findings, waits_for_leftovers)) return;
    finish_leftovers(deadline.remaining(), deadline);
    const auto still = server_.leftovers(k_all_leftovers, deadline);
    std::set<base::Uuid> held;
    if (still) {
        for (const auto& leftover : *still) held.insert(leftover.instance);
    }
    for (auto& finding : report.findings) {
        const bool stays = !still || held.contains(finding.instance);
        if (waits_for_leftovers(finding) && stays) {
            finding.left = "something still holds it, or somebody works on it";
        }
    }
}

void Manager::deal_with_unknown(SweepReport& report, Deadline deadline) {
    const auto is_unknown = [](const Finding& finding) {
        return finding.kind == FindingKind::unknown;
    };
    if (std::ranges::none_of(report.findings, is_unknown)) return;
    auto adopted = server_.adopt_unknown(surroundings_.keys.texts(), surroundings_.actor, deadline);
    for (auto& finding : report.findings) {
        if (is_unknown(finding) && !adopted) finding.left = adopted.error().message;
    }
    if (!adopted) return;
    for (auto& sentence : *adopted) report.remarks.push_back(std::move(sentence));
}

// A store says of each whose it is; the registry, whether that one is gone.
void Manager::look_for_orphaned_secrets(const Policy& policy, SweepReport& report,
                                        Execution execution, Deadline deadline) {
    const auto store = surroundings_.make_secret_store(policy);
    if (!store || !*store) return;
    const auto all = (*store)->list(deadline);
    if (!all) {
        report.remarks.push_back("orphaned secrets were not looked for: " + all.error().message);
        return;
    }
    std::vector<base::Uuid> owners;
    for (const auto& one : *all) owners.push_back(one.environment);
    if (owners.empty()) return;
    const auto gone = server_.gone_among(owners, deadline);
    if (!gone) return;
    for (const auto& one : *all) {
        if (std::ranges::find(*gone, one.environment) == gone->end()) continue;
        // What its value says has the last word: somebody may have it under that name by now.
        const auto value = (*store)->read(one.name, deadline);
        const bool its = value && *value && owner_of_secret(**value) == one.environment;
        if (!its) continue;
        Finding finding;
        finding.kind = FindingKind::orphaned_secret;
        finding.database = one.name;
        finding.reason = "its environment is gone";
        if (execution == Execution::carry_out) {
            const auto removed = (*store)->remove(one.name, deadline);
            if (!removed) finding.left = removed.error().message;
        }
        report.findings.push_back(std::move(finding));
    }
}

Result<SweepReport> Manager::sweep(const SweepWish& wish, Execution execution, Deadline deadline) {
    const auto repository = wish.truth ? wish.truth->repository : std::string();
    BASE_TRY_ASSIGN(auto facts, server_.observe_sweep(wish.project, repository, deadline));
    if (facts.common.installation.doubt) {
        BASE_TRY_ASSIGN(facts.common.installation.doubt,
                        server_.prove(facts.common.policy, deadline));
    }
    BASE_TRY(facts.common.policy.agree_with(surroundings_.policy_claims));
    BASE_TRY_ASSIGN(auto decision, decide_sweep(facts, wish.truth));
    SweepReport report{std::move(decision.findings), std::move(decision.remarks),
                       decision.unjudged};
    const bool original = !facts.common.installation.doubt;
    const bool believed = original && !facts.common.installation.is_behind;
    if (execution == Execution::carry_out && original) {
        if (believed) deal_with_environments(wish, report, deadline);
        deal_with_unknown(report, deadline);
        if (believed) deal_with_remains(report, deadline);
        if (wish.truth && wish.truth->complete) {
            BASE_TRY(server_.record_sweep(wish.project, *wish.truth, deadline));
        }
    }
    if (believed) look_for_orphaned_secrets(facts.common.policy, report, execution, deadline);
    return report;
}

// A little of a sweep, for teams that never run one: never a failure.
void Manager::remove_expired(const Project& project, std::chrono::milliseconds budget,
                             Deadline deadline) {
    const auto begin_until = deadline.at_most(budget);
    const auto facts = server_.observe_sweep(project, {}, deadline.at_most(k_time_for_one_finding));
    if (!facts || facts->common.installation.is_behind || facts->common.installation.doubt) return;
    const auto decision = decide_sweep(*facts, std::nullopt);
    if (!decision) return;
    for (const auto& finding : decision->findings) {
        if (begin_until.passed()) return;
        if (!is_for_removal(finding)) continue;
        const auto removed =
            remove_found(project, finding, deadline.at_most(k_time_for_one_finding));
        if (!removed) log_.debug("'{}' stays for now: {}", finding.name, removed.error().message);
    }
}

}  // namespace environment

// SPDX-License-Identifier: Apache-2.0
#include "environment/lateness.h"

#include <fmt/format.h>

#include "base/duration.h"

namespace environment::planning {

using base::ErrorKind;
using base::Result;

namespace {

std::string in_words(const Retirement& tombstone) {
    auto text = fmt::format("an event at {}", base::format_time(tombstone.event_at));
    if (tombstone.pull_request) text += fmt::format(", pull request {}", *tombstone.pull_request);
    if (!tombstone.commit.empty()) text += fmt::format(", commit {}", tombstone.commit);
    return text;
}

// What proves that a create is older than the removal; empty where nothing does. Times decide where
// the caller has one: the same commit is reopened as well.
std::string proof_of_age(const CreateWish& wish, const Retirement& tombstone) {
    if (wish.event_at) {
        return *wish.event_at > tombstone.event_at
                   ? std::string()
                   : fmt::format("this create is for one at {}", base::format_time(*wish.event_at));
    }
    const auto& origin = wish.origin;
    const bool same = origin.pull_request && origin.pull_request == tombstone.pull_request &&
                      !origin.commit.empty() && origin.commit == tombstone.commit;
    return same ? "this create is for the same commit of that pull request" : std::string();
}

// Whether nobody has asked for it since. A removal that has begun may be our own.
bool is_still(const EnvironmentRecord& seen, const EnvironmentRecord& there) {
    const bool as_found = there.state == seen.state || there.state == EnvironmentState::retiring;
    return as_found && there.id == seen.id && there.last_create_at == seen.last_create_at &&
           there.expires_at == seen.expires_at;
}

}  // namespace

Result<std::string> why_late(const CreateWish& wish, const Facts& facts) {
    if (facts.environment || !facts.tombstone) return std::string();
    const auto proof = proof_of_age(wish, *facts.tombstone);
    if (proof.empty()) return std::string();
    auto why = fmt::format("'{}' was removed for {}, and {}", wish.name.text(),
                           in_words(*facts.tombstone), proof);
    if (wish.forced) return why;
    return base::fail(ErrorKind::late, std::move(why),
                      "a create for a later event, or one that says nothing of its event, makes it "
                      "again; so does this one with --force; 'reviewdb restore' brings back what "
                      "was in it");
}

Result<void> check_not_overtaken(const Wish& wish, const Facts& facts) {
    const auto& there = *facts.environment;
    if (wish.seen && !is_still(*wish.seen, there)) {
        return base::fail(
            ErrorKind::late,
            fmt::format("the environment '{}' was created again, extended or changed meanwhile",
                        there.name));
    }
    const auto& created_for = facts.environment->event_at;
    if (wish.forced || !wish.event_at || !created_for || *wish.event_at >= *created_for) return {};
    return base::fail(ErrorKind::late,
                      fmt::format("the environment '{}' was created for an event at {}, after the "
                                  "one at {} that its removal is for",
                                  facts.environment->name, base::format_time(*created_for),
                                  base::format_time(*wish.event_at)),
                      "nothing was done; remove it all the same with --force");
}

bool has_evidence(const std::optional<Time>& event_at, const std::optional<int>& pull_request,
                  const std::string& commit) {
    return event_at || (pull_request && !commit.empty());
}

}  // namespace environment::planning

// SPDX-License-Identifier: Apache-2.0
//
// The sweep: what should not be there any more, and why. Decided here, purely, from what was
// observed and from what a source says of the branches; the Manager acts on it. A source that says
// too little removes nothing: an environment is removed for its branch only where that is known,
// the source speaks for its repository, and nobody created it lately.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "environment/facts.h"
#include "environment/name.h"
#include "environment/plan.h"

namespace environment {

// What should be there, as a source says.
struct Truth {
    std::string source;      // for people
    std::string repository;  // for which it speaks: host/owner/name
    std::unordered_set<std::string> refs;
    // The open ones; nothing where the source does not know of pull requests.
    std::optional<std::unordered_set<int>> pull_requests;
    // What a map made of the refs: the names of environments whose ref is not known. Nothing
    // without a map.
    std::optional<std::unordered_set<std::string>> names;
    bool complete = false;
};

// An environment, as a sweep looks at it.
struct Candidacy {
    EnvironmentRecord record;
    std::string database;
    std::optional<std::int64_t> size_bytes;  // as last measured
    int sessions = 0;                        // of its role, now
};

// What the sweep before said of a project's repository.
struct FormerSweep {
    std::string repository;
    int branches = 0;
};

// Something that is not an environment's any more, or not yet, and that everybody who has a moment
// removes.
struct Remains {
    base::Uuid instance;
    std::string database;
    std::string what;  // for people: "a removal that was not finished"
    Time since;
    std::optional<std::int64_t> size_bytes;
    bool is_due = true;
};

struct SweepFacts {
    Facts common;  // installation, policy, now
    std::vector<Candidacy> environments;
    std::optional<FormerSweep> former;  // of the truth's repository
    std::vector<Trashed> trash;         // of all projects, the newest first
    std::vector<Remains> remains;       // of all projects
    std::vector<std::string> unknown;   // databases with our stamp that the registry does not know
    std::int64_t bytes = 0;             // that all of ours take, as last measured
};

enum class FindingKind {
    branch_gone,
    expired,
    half_made,     // a create that nobody goes on with
    half_removed,  // a removal that nobody goes on with
    unpublished,   // everything is there, and it was never said to be ready
    trash_over,    // its time in the trash is over
    over_budget,   // in the trash, and the disk budget is exceeded
    remains,       // of a removal, of a build, of a reset
    unknown,       // a database of ours that the registry does not know
    orphaned_secret,
};
std::string_view to_text(FindingKind kind);

struct Finding {
    FindingKind kind = FindingKind::remains;
    std::string name;      // of the environment; empty where it is nobody's
    std::string database;  // or the secret's name
    std::string reason;
    std::string left;    // why nothing is done about it now; empty where something is
    bool is_due = true;  // false: it is too early, or it is protected, and that is as it should be
    std::chrono::seconds age{0};
    std::optional<std::int64_t> size_bytes;
    std::optional<EnvironmentRecord> record;
    base::Uuid instance = {};
    // Of a removal: the event that it is for, where it is known to be later than what began it.
    std::optional<Time> event_at = {};
};

struct SweepDecision {
    std::vector<Finding> findings;     // what is to be removed first, first
    std::vector<std::string> remarks;  // what a person should know of the whole
    int unjudged = 0;                  // environments about which the source says nothing
};

// Fails conflict where the truth cannot be one: it has no branches at all, or lacks more than half
// of those that it had the last time.
base::Result<SweepDecision> decide_sweep(const SweepFacts& facts,
                                         const std::optional<Truth>& truth);

// Whether the truth says that the environment's branch is gone; nothing where it says nothing.
std::optional<bool> is_branch_gone(const EnvironmentRecord& record, const Truth& truth);

// Asks the source once more about one environment, just before it is removed.
using SecondLook = std::function<base::Result<bool>(const EnvironmentRecord&)>;

struct SweepWish {
    Project project;
    std::optional<Truth> truth;  // nothing: only what needs no source
    SecondLook is_still_gone;    // empty: there is nobody to ask again
};

struct SweepReport {
    std::vector<Finding> findings;  // `left` says what was not dealt with
    std::vector<std::string> remarks;
    int unjudged = 0;

    // Whether something that was due was left.
    bool has_left() const;
};

}  // namespace environment

// SPDX-License-Identifier: Apache-2.0
//
// Which branches and open pull requests a repository has, as its own source says: a remote of git,
// a forge, or whoever calls. What follows from that for an environment is not known here.
//
// A source answers with everything or fails: nothing here gives back a part for the whole. That the
// whole is empty is told as it is.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"

namespace branches {

struct PullRequest {
    int number = 0;
    std::string head;  // the branch that would be merged, in whosever repository it stands
    bool from_fork =
        false;           // that is another repository than the one asked for, or one that is gone
    std::string commit;  // of that branch

    friend bool operator==(const PullRequest&, const PullRequest&) = default;
};

// What a source said.
struct Branches {
    std::string repository;                  // host/owner/name; empty where nobody said
    std::vector<std::string> names;          // sorted, each once
    std::vector<PullRequest> pull_requests;  // the open ones, by number; of a forge only
    bool complete = false;  // nothing may be removed on the strength of an incomplete one
    std::string source;     // for people, without credentials: "git:https://github.com/acme/shop"
    std::vector<std::string> notes = {};  // for people: what was left out, which hurts nobody
};

// Somebody who can be asked. One object serves one thread at a time.
class Source {
   public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    // What is so now. Blocks for other programs and the network until the deadline at the longest.
    // Every failure names the source and holds no credentials: `unavailable` for no answer or one
    // that cannot be the whole truth, `overloaded` where a limit is used up, with when it ends,
    // `denied`, `not_found`, `conflict` for a repository that is called otherwise by now,
    // `deadline`, `invalid_input` for settings and names that cannot be.
    //
    // Asking again is cheap where the source knows what it said last. Names on standard input are
    // read once, and said again.
    virtual base::Result<Branches> ask(base::Deadline deadline) = 0;

    // As Branches::source.
    virtual std::string name() const = 0;
};

}  // namespace branches

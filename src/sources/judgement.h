// SPDX-License-Identifier: Apache-2.0
//
// What a statement of somebody else's script is to us: run, passed over, or refused because it
// concerns more than the one database that is being filled. This is to tell people early and
// clearly, not a fence: what a script may do is what its login may do. Pure. Safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sources/token.h"

namespace sources {

enum class Verdict {
    run,
    pass_over,  // says who owns or may use something, which the one role that owns all does not
                // need
    foreign,    // refused, or skipped where the caller asked for that
};

// What somebody has to know who runs it.
enum class Trait {
    none,
    set,             // SET, but of no role
    hide_rows,       // SET row_security to anything but off
    make_extension,  // CREATE EXTENSION
    make_public,     // CREATE SCHEMA public
    transaction,     // BEGIN, COMMIT, SAVEPOINT, …
    copy_in,         // data follows in the script
};

struct Judgement {
    Verdict verdict = Verdict::run;
    Trait trait = Trait::none;
    std::string_view what = {};               // passed over or foreign, as a person would call it
    std::string_view hint = {};               // of what is foreign: how to make a script without it
    std::optional<Backslash> backslash = {};  // what it sets standard_conforming_strings to
    bool brings = true;                       // false: a SET, a BEGIN, which leave nothing behind
    std::string encoding = {};                // what it sets client_encoding to
};

Judgement judge(std::string_view statement, Backslash backslash);

// The same for a command of psql's own. Content (run) with what newer dumps are guarded by.
Judgement judge_command(std::string_view command);

// The beginning of a statement on one line, for messages: at most a hundred characters, without
// what stands in quotes as a string, which may be a password or personal data.
std::string excerpt(std::string_view statement, Backslash backslash);

}  // namespace sources

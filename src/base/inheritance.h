// SPDX-License-Identifier: Apache-2.0
//
// Decides which environment variables a child process inherits. Every program that reviewdb starts
// gets its variables from inherited(); no other list exists.
#pragma once

#include "base/variables.h"

namespace base {

// The kind of program, by what it may know of our environment.
enum class Environment {
    bare,         // how programs run here (PATH, TZ, …): Postgres and its tools
    tool,         // works for reviewdb: git, psql, the command that maps a branch to a name
    application,  // works for the caller: exec, --run, an AWS credential process
};

// The part of `ours` that a program of this kind inherits. Neither REVIEWDB_* nor a variable that
// libpq reads (PGPASSWORD, PGSERVICE, …) is ever part of it; AWS_* only for an application.
Variables inherited(Variables ours, Environment kind);

// Keeps other processes of the same user from reading this one's memory and environment in /proc,
// and the kernel from writing its core. The next program that this process executes is readable
// again.
void hide_from_other_processes();

}  // namespace base

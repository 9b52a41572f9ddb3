// SPDX-License-Identifier: Apache-2.0
//
// The verbs of the program, in one table: help and dispatch are made from it and from nothing else.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cli {

class Session;

struct Verb {
    std::string_view name;
    std::string_view alias;    // empty: none
    std::string_view usage;    // what follows the name
    std::string_view summary;  // one line
    std::string_view outputs;  // what -o takes, with blanks between; empty: it has no -o
    std::string_view example;
    base::Result<int> (*run)(Session& session);  // answers the exit code
};

std::span<const Verb> verbs();
// By name or alias; nullptr when there is none.
const Verb* find_verb(std::string_view name);
// The verb that was probably meant; empty when none is near.
std::string_view nearest_verb(std::string_view name);

// The text of `reviewdb --help`.
std::string general_help();

base::Result<int> run_create(Session& session);
base::Result<int> run_delete(Session& session);
base::Result<int> run_get(Session& session);
base::Result<int> run_list(Session& session);
base::Result<int> run_import(Session& session);
base::Result<int> run_history(Session& session);
base::Result<int> run_url(Session& session);
base::Result<int> run_env(Session& session);
base::Result<int> run_psql(Session& session);
base::Result<int> run_exec(Session& session);
base::Result<int> run_restore(Session& session);
base::Result<int> run_trash(Session& session);
base::Result<int> run_sweep(Session& session);
base::Result<int> run_repair(Session& session);
base::Result<int> run_reset(Session& session);
base::Result<int> run_rotate(Session& session);
base::Result<int> run_extend(Session& session);
base::Result<int> run_protect(Session& session);
base::Result<int> run_unprotect(Session& session);
base::Result<int> run_close(Session& session);
base::Result<int> run_open(Session& session);
base::Result<int> run_release(Session& session);
base::Result<int> run_report(Session& session);
base::Result<int> run_uninstall(Session& session);
base::Result<int> run_template(Session& session);
base::Result<int> run_pool(Session& session);
base::Result<int> run_key(Session& session);
base::Result<int> run_upgrade(Session& session);
base::Result<int> run_init(Session& session);
base::Result<int> run_config(Session& session);
base::Result<int> run_doctor(Session& session);
base::Result<int> run_local(Session& session);

}  // namespace cli

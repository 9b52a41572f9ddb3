// SPDX-License-Identifier: Apache-2.0
//
// What a call said, as plain data: parsed, not yet judged. Knows no default and no environment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cli {

struct Arguments {
    std::string verb;
    std::string action;                        // of config, local, pool …: set, start …
    std::map<std::string, std::string> flags;  // connection settings by key
    std::string output;                        // -o; empty: not given
    bool quiet = false;
    bool dry_run = false;

    std::optional<std::string> name;
    bool current = false;
    std::vector<std::string> command;  // what stands behind --

    // create
    std::optional<std::string> ttl;
    std::vector<std::string> labels;
    std::optional<std::string> repository;
    std::optional<std::string> ref;
    std::optional<int> pull_request;
    std::optional<std::string> commit;
    bool run_command = false;

    // create, delete
    std::optional<std::string> event_time;
    bool force = false;
    bool purge = false;

    // restore, trash
    std::optional<std::string> as;
    std::string instance;

    // sweep
    std::optional<std::string> branches;
    std::optional<std::string> ref_map;

    // create, reset, pool
    std::optional<std::string> wanted_template;

    // template
    std::vector<std::string> run;
    std::vector<std::string> from;
    std::optional<std::string> from_environment;
    std::vector<std::string> scrub;
    std::vector<std::string> digest;
    bool skip_foreign = false;
    bool allow_empty = false;
    bool schema_only = false;
    std::vector<std::string> exclude_table_data;
    std::vector<std::string> tables;
    std::vector<std::string> schemas;
    bool anew = false;

    // pool
    int jobs = 1;

    // repair, rotate
    bool all = false;
    bool rebuild_registry = false;
    bool disconnect = false;
    bool rotate_operator = false;

    // delete, reset, close …, local remove
    bool must_exist = false;
    bool yes = false;
    std::string reason;

    // uninstall
    bool delete_all = false;

    // list, history
    std::optional<std::string> state;
    bool all_projects = false;
    bool with_sizes = false;
    int most = 50;

    // url, env, psql, exec
    std::optional<std::string> via;

    // config
    std::vector<std::string> pairs;

    // init
    std::optional<std::string> advertise;
    std::optional<std::string> sslmode;
    std::optional<std::string> secrets;
    std::optional<std::string> key;
    bool print_sql = false;
    std::optional<std::string> close;
    std::optional<std::string> reopen;
    bool confirm_server = false;
    bool adopt = false;
    bool beside = false;
    std::vector<std::string> extensions;
    std::optional<std::string> save_operator;
};

}  // namespace cli

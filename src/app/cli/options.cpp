// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace cli {

namespace {

struct SettingFlag {
    const char* flag;
    const char* key;
    const char* meaning;
};
constexpr std::array<SettingFlag, 7> k_setting_flags{
    {{"--server", "server", "the server's connection string, secret:NAME, or local"},
     {"--project", "project", "the namespace on it"},
     {"--state-dir", "state_dir", "where the local server lives"},
     {"--deadline", "deadline", "how long to try: 60s, 5m"},
     {"--log-level", "log_level", "trace, debug, info, warning, error or off"},
     {"--log-format", "log_format", "text or json"},
     {"--actor", "actor", "who history says did it"}}};

void text_option(CLI::App& app, const char* flag, std::optional<std::string>& into,
                 const char* meaning) {
    app.add_option_function<std::string>(
           flag, [&into](const std::string& value) { into = value; }, meaning)
        ->type_name("");
}

}  // namespace

bool is_setting_flag(std::string_view word) {
    return std::ranges::any_of(k_setting_flags, [&](auto flag) { return word == flag.flag; });
}

void add_common_options(CLI::App& app, const Verb& verb, Arguments& arguments) {
    for (const auto& [flag, key, meaning] : k_setting_flags) {
        app.add_option_function<std::string>(
               flag,
               [&arguments, name = std::string(key)](const std::string& value) {
                   arguments.flags[name] = value;
               },
               meaning)
            ->type_name("");
    }
    app.add_flag("-q,--quiet", arguments.quiet, "print less, and bare names");
    if (verb.outputs.empty()) return;
    app.add_option("-o,--output", arguments.output, "one of: " + std::string(verb.outputs))
        ->type_name("");
}

namespace {

// Throws what CLI11 takes for a word that cannot be the option's value.
int parse_number(const std::string& text) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc() && end == text.data() + text.size() && number > 0) return number;
    throw CLI::ValidationError(fmt::format("'{}' is not a number from 1 upwards", text));
}

void add_name(CLI::App& app, Arguments& arguments) {
    text_option(app, "NAME", arguments.name, "the environment; the branch's where it is left out");
}

void add_template_choice(CLI::App& app, Arguments& arguments) {
    text_option(app, "--template", arguments.wanted_template,
                "what it is cloned from: NAME, empty, or auto for what the working tree made");
}

void add_commit(CLI::App& app, Arguments& arguments) {
    app.add_option_function<std::string>(
           "--pull-request",
           [&arguments](const std::string& text) { arguments.pull_request = parse_number(text); },
           "the number of the pull request that it is for")
        ->type_name("");
    text_option(app, "--commit", arguments.commit, "the commit that it is for");
}

void add_event(CLI::App& app, Arguments& arguments) {
    text_option(app, "--event-time", arguments.event_time,
                "when the event happened that this is for: 2026-11-24T12:00:00Z");
    app.add_flag("--force", arguments.force, "even where this comes late");
}

void add_create(CLI::App& app, Arguments& arguments) {
    add_name(app, arguments);
    text_option(app, "--ttl", arguments.ttl, "how long it lives: 12h, 7d");
    app.add_option("--label", arguments.labels, "KEY=VALUE to remember with it; repeatable")
        ->type_name("")
        ->allow_extra_args(false);
    text_option(app, "--repository", arguments.repository, "whose it is: HOST/OWNER/NAME");
    text_option(app, "--ref", arguments.ref, "the branch that it is for");
    add_commit(app, arguments);
    add_template_choice(app, arguments);
    add_event(app, arguments);
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_flag("--exec", arguments.run_command,
                 "then run the command behind -- with its variables");
}

void add_caller(CLI::App& app, Arguments& arguments) {
    text_option(app, "--repository", arguments.repository, "the caller's: HOST/OWNER/NAME");
}

// What all verbs take that change an environment which is there.
void add_change(CLI::App& app, Arguments& arguments) {
    text_option(app, "NAME", arguments.name, "the environment");
    app.add_flag("--current", arguments.current, "the environment of the current branch");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_option("--reason", arguments.reason, "why, for history")->type_name("");
    add_caller(app, arguments);
}

void add_import(CLI::App& app, Arguments& arguments) {
    text_option(app, "STAGE", arguments.name, "the stage; all that are there where it is left out");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
}

void add_delete(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
    app.add_flag("--must-exist", arguments.must_exist, "fail with 3 when there is none");
    add_commit(app, arguments);
    add_event(app, arguments);
    app.add_flag("--purge", arguments.purge, "keep nothing in the trash");
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_instance(CLI::App& app, Arguments& arguments) {
    app.add_option("--instance", arguments.instance,
                   "which of them, by the beginning of its id in 'trash list'")
        ->type_name("");
}

void add_restore(CLI::App& app, Arguments& arguments) {
    text_option(app, "NAME", arguments.name, "the environment that it was");
    text_option(app, "--as", arguments.as, "the name that it gets; else the one that it had");
    add_instance(app, arguments);
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_option("--reason", arguments.reason, "why, for history")->type_name("");
    add_caller(app, arguments);
}

void add_trash(CLI::App& app, Arguments& arguments) {
    app.add_option("ACTION", arguments.action, "list or empty")->type_name("");
    text_option(app, "NAME", arguments.name, "only what was this environment's");
    add_instance(app, arguments);
    app.add_flag("--all-projects", arguments.all_projects, "of every project");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_option("--reason", arguments.reason, "why, for history")->type_name("");
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_sweep(CLI::App& app, Arguments& arguments) {
    text_option(app, "--branches", arguments.branches,
                "who says which branches there are: git:REMOTE, github:OWNER/REPO, "
                "gitlab:GROUP/PROJECT, or - for names on standard input");
    text_option(app, "--ref-map", arguments.ref_map,
                "a command that makes of a branch the name of its environment");
    text_option(app, "--repository", arguments.repository,
                "whose branches they are, where the source does not say: HOST/OWNER/NAME");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
}

void add_reset(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
    add_template_choice(app, arguments);
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_all(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
    app.add_flag("--all", arguments.all, "every environment of the project");
}

void add_repair(CLI::App& app, Arguments& arguments) {
    add_all(app, arguments);
    app.add_flag("--registry", arguments.rebuild_registry,
                 "the registry itself, from the server's stamps, after an old backup was restored");
}

void add_rotate(CLI::App& app, Arguments& arguments) {
    add_all(app, arguments);
    app.add_flag("--disconnect", arguments.disconnect, "end the sessions of the old password");
    app.add_flag("--operator", arguments.rotate_operator, "the operator's password instead");
    text_option(app, "--save-operator", arguments.save_operator,
                "write the operator's connection string to this file, not to the terminal");
}

void add_extend(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
    text_option(app, "--ttl", arguments.ttl, "how long from now: 12h, 7d; else as the policy says");
}

void add_list(CLI::App& app, Arguments& arguments) {
    app.add_option("--label", arguments.labels, "only those with KEY=VALUE; repeatable")
        ->type_name("")
        ->allow_extra_args(false);
    text_option(app, "--state", arguments.state, "only those in this state");
    text_option(app, "--repository", arguments.repository, "only those of HOST/OWNER/NAME");
    app.add_flag("--all-projects", arguments.all_projects, "those of every project");
    app.add_flag("--size", arguments.with_sizes, "measure the databases");
}

void add_report(CLI::App& app, Arguments& arguments) {
    app.add_flag("--all-projects", arguments.all_projects, "of every project");
}

void add_release(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_uninstall(CLI::App& app, Arguments& arguments) {
    app.add_flag("--delete-all", arguments.delete_all, "with every environment that there is");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_init(CLI::App& app, Arguments& arguments) {
    text_option(app, "--advertise", arguments.advertise, "HOST:PORT that applications connect to");
    text_option(app, "--sslmode", arguments.sslmode, "the sslmode that applications use");
    text_option(app, "--secrets", arguments.secrets, "where secrets are put: none, file:DIR, aws");
    text_option(app, "--key", arguments.key, "where the key is: registry, env, file:PATH");
    app.add_flag("--print-sql", arguments.print_sql, "print the SQL for a DBA, and do nothing");
    text_option(app, "--close", arguments.close, "take CONNECT on this database from PUBLIC");
    text_option(app, "--reopen", arguments.reopen, "put back what --close took");
    app.add_option("--extension", arguments.extensions,
                   "Put an extension into every new database; repeatable")
        ->type_name("")
        ->allow_extra_args(false);
    text_option(app, "--save-operator", arguments.save_operator,
                "write the operator's connection string to this file, not to the terminal");
    app.add_flag("--confirm-server", arguments.confirm_server,
                 "Confirm that this server is the original, not a copy");
    app.add_flag("--adopt", arguments.adopt, "Adopt the databases of a registry that was lost");
    app.add_flag("--beside", arguments.beside, "Leave them as they are, and begin anew");
}

void words_option(CLI::App& app, const char* flag, std::vector<std::string>& into,
                  const char* meaning) {
    app.add_option(flag, into, meaning)->type_name("")->allow_extra_args(false);
}

void add_template(CLI::App& app, Arguments& arguments) {
    app.add_option("ACTION", arguments.action, "create, refresh, list, get, delete or default")
        ->type_name("");
    text_option(app, "NAME", arguments.name, "the template");
    words_option(app, "--run", arguments.run, "a command that fills it; repeatable, in order");
    words_option(app, "--from", arguments.from,
                 "SQL, a folder of SQL, a pg_dump, - for standard input, or a database's URL; "
                 "repeatable");
    text_option(app, "--environment", arguments.from_environment,
                "one of our environments, whose data it begins with");
    words_option(app, "--scrub", arguments.scrub,
                 "SQL that takes personal data out, without which it is not used; repeatable");
    words_option(app, "--digest", arguments.digest,
                 "files or folders that it is made from; repeatable");
    app.add_flag("--skip-foreign", arguments.skip_foreign,
                 "leave out what a dump may not do, and name it");
    app.add_flag("--schema-only", arguments.schema_only,
                 "take no rows from archives and databases");
    words_option(app, "--exclude-table-data", arguments.exclude_table_data,
                 "take these tables without rows: a pattern as pg_dump's; repeatable");
    words_option(app, "--tables", arguments.tables,
                 "take only these tables, and what they need: a pattern; repeatable");
    words_option(app, "--schemas", arguments.schemas,
                 "take only these schemas: a pattern; repeatable");
    app.add_flag("--allow-empty", arguments.allow_empty, "take input that brings nothing");
    app.add_flag("--anew", arguments.anew, "even when it was made from the same");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_pool(CLI::App& app, Arguments& arguments) {
    app.add_option("ACTION", arguments.action, "set, fill, drain or status")->type_name("");
    text_option(app, "N", arguments.name, "how many there are to be, for set");
    text_option(app, "--template", arguments.wanted_template,
                "of which template; the project's default where it is left out");
    app.add_option_function<std::string>(
           "--jobs",
           [&arguments](const std::string& text) {
               constexpr int k_most = 64;  // as of the policy pool_builders
               arguments.jobs = parse_number(text);
               if (arguments.jobs > k_most) {
                   throw CLI::ValidationError(
                       fmt::format("'{}' is more than {} jobs", text, k_most));
               }
           },
           "how many are built at the same time (1)")
        ->type_name("");
}

}  // namespace

void add_own_options(CLI::App& app, const Verb& verb, Arguments& arguments) {
    using Adder = void (*)(CLI::App&, Arguments&);
    static const std::map<std::string_view, Adder> k_adders{
        {"create", add_create},   {"delete", add_delete},     {"import", add_import},
        {"list", add_list},       {"init", add_init},         {"repair", add_repair},
        {"reset", add_reset},     {"rotate", add_rotate},     {"extend", add_extend},
        {"protect", add_change},  {"close", add_change},      {"unprotect", add_change},
        {"open", add_change},     {"template", add_template}, {"pool", add_pool},
        {"release", add_release}, {"report", add_report},     {"uninstall", add_uninstall},
        {"restore", add_restore}, {"trash", add_trash},       {"sweep", add_sweep}};
    if (const auto adder = k_adders.find(verb.name); adder != k_adders.end()) {
        adder->second(app, arguments);
    }
    if (verb.name == "get" || verb.name == "history") add_name(app, arguments);
    if (verb.name == "doctor") text_option(app, "NAME", arguments.name, "explain one environment");
    if (verb.name == "get") add_caller(app, arguments);
    if (verb.name == "history") {
        app.add_option_function<std::string>(
               "--most",
               [&arguments](const std::string& text) { arguments.most = parse_number(text); },
               "at most so many lines")
            ->type_name("");
    }
    if (verb.name == "url" || verb.name == "env" || verb.name == "psql" || verb.name == "exec") {
        add_name(app, arguments);
        add_caller(app, arguments);
        text_option(app, "--via", arguments.via,
                    "the address: advertised, or connection (ours); psql takes ours by default");
    }
    if (verb.name == "local" || verb.name == "config" || verb.name == "key") {
        app.add_option("ACTION", arguments.action, "what to do")->type_name("");
    }
    if (verb.name == "local") app.add_flag("-y,--yes", arguments.yes, "remove without asking");
    if (verb.name == "key") {
        app.add_option("WORDS", arguments.pairs, "NUMBER, or registry, env, file:PATH, aws:NAME")
            ->type_name("");
    }
    if (verb.name == "config") {
        app.add_option("WORDS", arguments.pairs, "KEY, or KEY=VALUE")->type_name("");
        app.add_flag("--all-projects", arguments.all_projects, "set it for every project");
    }
}

}  // namespace cli

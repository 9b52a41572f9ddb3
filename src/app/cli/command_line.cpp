// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>

#include "app/cli/verbs.h"
#include "app/cli/version.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using Words = std::vector<std::string>;

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

bool takes_value(std::string_view word) {
    return word == "-o" || word == "--output" ||
           std::ranges::any_of(k_setting_flags, [&](auto flag) { return word == flag.flag; });
}

// The verb is the first word that is neither an option nor an option's value.
Words::iterator find_verb_word(Words& words) {
    for (auto word = words.begin(); word != words.end(); ++word) {
        if (!word->starts_with('-')) return word;
        if (takes_value(*word) && word + 1 != words.end()) ++word;
    }
    return words.end();
}

void text_option(CLI::App& app, const char* flag, std::optional<std::string>& into,
                 const char* meaning) {
    app.add_option_function<std::string>(
           flag, [&into](const std::string& value) { into = value; }, meaning)
        ->type_name("");
}

void add_common(CLI::App& app, const Verb& verb, Arguments& arguments) {
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

void add_create(CLI::App& app, Arguments& arguments) {
    add_name(app, arguments);
    text_option(app, "--ttl", arguments.ttl, "how long it lives: 12h, 7d");
    app.add_option("--label", arguments.labels, "KEY=VALUE to remember with it; repeatable")
        ->type_name("")
        ->allow_extra_args(false);
    text_option(app, "--repository", arguments.repository, "whose it is: HOST/OWNER/NAME");
    text_option(app, "--ref", arguments.ref, "the branch that it is for");
    app.add_option_function<std::string>(
           "--pull-request",
           [&arguments](const std::string& text) { arguments.pull_request = parse_number(text); },
           "the number of the pull request that it is for")
        ->type_name("");
    text_option(app, "--commit", arguments.commit, "the commit that it is for");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_flag("--exec", arguments.run_command,
                 "then run the command behind -- with its variables");
}

// What all verbs take that change an environment which is there.
void add_change(CLI::App& app, Arguments& arguments) {
    text_option(app, "NAME", arguments.name, "the environment");
    app.add_flag("--current", arguments.current, "the environment of the current branch");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
    app.add_option("--reason", arguments.reason, "why, for history")->type_name("");
    text_option(app, "--repository", arguments.repository, "the caller's: HOST/OWNER/NAME");
}

void add_import(CLI::App& app, Arguments& arguments) {
    text_option(app, "STAGE", arguments.name, "the stage; all that are there where it is left out");
    app.add_flag("--dry-run", arguments.dry_run, "only say what would be done");
}

void add_delete(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
    app.add_flag("--must-exist", arguments.must_exist, "fail with 3 when there is none");
    app.add_flag("-y,--yes", arguments.yes, "do not ask");
}

void add_reset(CLI::App& app, Arguments& arguments) {
    add_change(app, arguments);
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

void add_init(CLI::App& app, Arguments& arguments) {
    text_option(app, "--advertise", arguments.advertise, "HOST:PORT that applications connect to");
    text_option(app, "--sslmode", arguments.sslmode, "the sslmode that applications use");
    text_option(app, "--secrets", arguments.secrets, "where secrets are put: none, file:DIR, aws");
    text_option(app, "--key", arguments.key, "where the key is: registry, env, file:PATH");
    app.add_flag("--print-sql", arguments.print_sql, "print the SQL for a DBA, and do nothing");
    text_option(app, "--close", arguments.close, "take CONNECT on this database from PUBLIC");
    text_option(app, "--reopen", arguments.reopen, "put back what --close took");
    text_option(app, "--save-operator", arguments.save_operator,
                "write the operator's connection string to this file, not to the terminal");
}

void add_own(CLI::App& app, const Verb& verb, Arguments& arguments) {
    using Adder = void (*)(CLI::App&, Arguments&);
    static const std::map<std::string_view, Adder> k_adders{
        {"create", add_create},  {"delete", add_delete}, {"import", add_import},
        {"list", add_list},      {"init", add_init},     {"repair", add_repair},
        {"reset", add_reset},    {"rotate", add_rotate}, {"extend", add_extend},
        {"protect", add_change}, {"close", add_change},  {"unprotect", add_change},
        {"open", add_change}};
    if (const auto adder = k_adders.find(verb.name); adder != k_adders.end()) {
        adder->second(app, arguments);
    }
    if (verb.name == "get" || verb.name == "history") add_name(app, arguments);
    if (verb.name == "history") {
        app.add_option_function<std::string>(
               "--most",
               [&arguments](const std::string& text) { arguments.most = parse_number(text); },
               "at most so many lines")
            ->type_name("");
    }
    if (verb.name == "url" || verb.name == "env" || verb.name == "psql" || verb.name == "exec") {
        add_name(app, arguments);
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

// What stands behind --: a command for the verbs that run one, else the name.
Result<void> place_rest(const Verb& verb, Words rest, bool was_there, Arguments& arguments) {
    const bool runs = verb.name == "psql" || verb.name == "exec" || arguments.run_command;
    if (runs) {
        arguments.command = std::move(rest);
        if (verb.name == "psql" || !arguments.command.empty()) return {};
        return base::fail(ErrorKind::invalid_input, "there is no command to run",
                          fmt::format("write it behind --, as in: {}",
                                      verb.name == "exec" ? verb.example
                                                          : "reviewdb create --exec -- make test"));
    }
    if (!was_there || rest.empty()) return {};
    if (rest.size() == 1 && !arguments.name && verb.usage.find("NAME") != std::string_view::npos) {
        arguments.name = std::move(rest.front());
        return {};
    }
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("'{}' takes nothing more behind --", verb.name),
                      fmt::format("usage: reviewdb {} {}", verb.name, verb.usage));
}

Result<void> check_output(const Verb& verb, const std::string& output) {
    const auto padded = fmt::format(" {} ", verb.outputs);
    const bool known = output.empty() || (output.find(' ') == std::string::npos &&
                                          padded.find(" " + output + " ") != std::string::npos);
    if (known) return {};
    return base::fail(ErrorKind::invalid_input, fmt::format("there is no output '{}'", output),
                      fmt::format("-o takes one of: {}", verb.outputs));
}

// CLI11's usage line says less than ours.
class HelpFormat : public CLI::Formatter {
   public:
    explicit HelpFormat(const Verb& verb)
        : usage_(fmt::format("\nUsage: reviewdb {} {}\n", verb.name, verb.usage)) {
        column_width(22);
    }
    std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
        return usage_;
    }

   private:
    std::string usage_;
};

// What CLI11 says ends here: one sentence in our words.
tl::unexpected<base::Error> usage_error(const Verb& verb, const CLI::ParseError& problem,
                                        const CLI::App& app) {
    std::string sentence = problem.what();
    if (const auto extra = app.remaining(); !extra.empty()) {
        sentence = fmt::format("'{}' is not expected here", extra.front());
    } else if (dynamic_cast<const CLI::ArgumentMismatch*>(&problem) != nullptr) {
        sentence = sentence.substr(0, sentence.find(':')) + " needs a value";
    }
    std::ranges::replace(sentence, '\n', ' ');
    return base::fail(ErrorKind::invalid_input, fmt::format("{}: {}", verb.name, sentence),
                      fmt::format("'reviewdb {} --help' tells what it takes; a name that starts "
                                  "with '-' goes behind --",
                                  verb.name));
}

Result<std::variant<Arguments, Shown>> parse_verb(const Verb& verb, Words words, Words rest,
                                                  bool has_rest) {
    Arguments arguments;
    arguments.verb = verb.name;
    CLI::App app{std::string(verb.summary)};
    app.formatter(std::make_shared<HelpFormat>(verb));
    app.name(fmt::format("reviewdb {}", verb.name));
    app.set_help_flag("-h,--help", "this help");
    app.footer(fmt::format("\nExample:\n  {}", verb.example));
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    add_common(app, verb, arguments);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    add_own(app, verb, arguments);
    std::ranges::reverse(words);  // CLI11 takes them from the back
    try {
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        return std::variant<Arguments, Shown>(Shown{app.help()});
    } catch (const CLI::ParseError& problem) {
        return usage_error(verb, problem, app);
    }
    BASE_TRY(check_output(verb, arguments.output));
    BASE_TRY(place_rest(verb, std::move(rest), has_rest, arguments));
    return std::variant<Arguments, Shown>(std::move(arguments));
}

Result<std::variant<Arguments, Shown>> without_verb(const Words& words) {
    const auto asks = [&](std::string_view flag) {
        return std::ranges::find(words, flag) != words.end();
    };
    if (asks("--version")) return std::variant<Arguments, Shown>(Shown{version_text()});
    if (asks("--help") || asks("-h")) return std::variant<Arguments, Shown>(Shown{general_help()});
    return base::fail(ErrorKind::invalid_input, "there is no verb in this call",
                      "'reviewdb --help' lists them; 'reviewdb create' is the usual first one");
}

}  // namespace

Result<std::variant<Arguments, Shown>> parse_command_line(Words words) {
    const auto dashes = std::ranges::find(words, "--");
    const bool has_rest = dashes != words.end();
    Words rest;
    if (has_rest) rest.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
    const auto word = find_verb_word(words);
    if (word == words.end()) return without_verb(words);
    const auto asked = *word;
    words.erase(word);
    if (asked == "help") {
        if (words.size() != 1) return std::variant<Arguments, Shown>(Shown{general_help()});
        return parse_command_line({words.front(), "--help"});
    }
    const auto* verb = find_verb(asked);
    if (verb != nullptr) return parse_verb(*verb, std::move(words), std::move(rest), has_rest);
    const auto nearest = nearest_verb(asked);
    return base::fail(ErrorKind::invalid_input, fmt::format("there is no verb '{}'", asked),
                      nearest.empty() ? "'reviewdb --help' lists the verbs"
                                      : fmt::format("did you mean 'reviewdb {}'?", nearest));
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "app/cli/options.h"
#include "app/cli/verbs.h"
#include "app/cli/version.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using Words = std::vector<std::string>;

bool takes_value(std::string_view word) {
    return word == "-o" || word == "--output" || is_setting_flag(word);
}

// The verb is the first word that is neither an option nor an option's value.
Words::iterator find_verb_word(Words& words) {
    for (auto word = words.begin(); word != words.end(); ++word) {
        if (!word->starts_with('-')) return word;
        if (takes_value(*word) && word + 1 != words.end()) ++word;
    }
    return words.end();
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
    add_common_options(app, verb, arguments);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    add_own_options(app, verb, arguments);
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

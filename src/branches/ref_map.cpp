// SPDX-License-Identifier: Apache-2.0
#include "branches/ref_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/inheritance.h"
#include "base/text.h"
#include "base/words.h"
#include "branches/program.h"
#include "environment/name.h"

namespace branches {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

std::string shown(const std::string& text) {
    constexpr std::size_t k_shown = 200;
    return base::harmless(base::beginning_of(base::presentable(text), k_shown));
}

// Whether there is nothing in it that a shell would have to read.
bool is_words(std::string_view command) {
    return std::ranges::all_of(command, [](char c) {
        return base::is_alphanumeric(c) ||
               std::string_view("_./=:@%+,- ").find(c) != std::string_view::npos;
    });
}

bool names_the_branch(const std::string& line) {
    constexpr std::array k_ways{"$1", "${1", "$@", "$*"};
    return std::ranges::any_of(
        k_ways, [&](const char* way) { return line.find(way) != std::string::npos; });
}

std::vector<std::string> words_of(const std::string& command) {
    std::vector<std::string> words;
    std::istringstream text(command);
    for (std::string word; text >> word;) words.push_back(word);
    return words;
}

// What to run for each branch, which becomes the last argument. It is never a part of a line, nor
// in the place of a program: everybody who may push can choose it.
Result<std::vector<std::string>> prepare(const std::string& command) {
    auto words = words_of(command);
    if (words.empty()) {
        return base::fail(ErrorKind::invalid_input, "--ref-map is empty", "name a command");
    }
    if (is_words(command)) return words;
    if (names_the_branch(command)) {
        return std::vector<std::string>{"/bin/sh", "-c", command, "ref-map"};
    }
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("--ref-map '{}' does nothing with the branch", shown(command)),
                      "it is a line for /bin/sh, in which the branch is \"$1\"");
}

base::Error failed(const base::Finished& finished) {
    constexpr int k_signals = 128;
    const auto how = finished.exit_code > k_signals
                         ? fmt::format("was ended by signal {}", finished.exit_code - k_signals)
                         : fmt::format("ended with {}", finished.exit_code);
    const auto out = last_line(finished.out);
    const auto said = shown(out.empty() ? last_line(finished.err) : out);
    return {ErrorKind::invalid_input,
            said.empty() ? how : how + ": " + said,
            "to leave out branches that have no stage let it print nothing and end with 0",
            {}};
}

// The stage in what the command printed; empty where there is none.
Result<std::string> stage_in(std::string out) {
    if (out.ends_with('\n')) out.pop_back();
    if (out.ends_with('\r')) out.pop_back();
    if (out.empty()) return out;
    if (out.find('\n') != std::string::npos) {
        return base::fail(ErrorKind::invalid_input, "printed more than one line",
                          "what is not the stage goes to standard error");
    }
    if (const auto name = environment::Name::parse(out); !name) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("printed '{}': {}", shown(out), name.error().message),
                          name.error().hint);
    }
    return out;
}

Result<std::string> ask(std::vector<std::string> arguments, const base::Variables& variables,
                        const std::string& branch, Deadline deadline) {
    constexpr std::size_t k_longest = 4'096;
    arguments.push_back(branch);
    BASE_TRY_ASSIGN(auto finished, run({std::move(arguments), variables, {}, k_longest}, deadline));
    if (finished.exit_code != 0) return base::fail(failed(finished));
    return stage_in(std::move(finished.out));
}

}  // namespace

Result<std::vector<Stage>> map_refs(const RefMap& map, const Branches& branches,
                                    Deadline deadline) {
    BASE_TRY_ASSIGN(const auto arguments, prepare(map.command));
    const auto variables = base::inherited(map.variables, base::Environment::tool);
    std::vector<Stage> stages;
    for (const auto& branch : branches.names) {
        auto name = ask(arguments, variables, branch, deadline);
        if (!name) {
            return base::fail(std::move(name).error().during(fmt::format(
                "--ref-map '{}' for the branch '{}'", shown(map.command), shown(branch))));
        }
        if (!name->empty()) stages.push_back({branch, *std::move(name)});
    }
    if (stages.empty() && !branches.names.empty()) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("--ref-map '{}' prints nothing for any of {} branches",
                                      shown(map.command), branches.names.size()),
                          "it gets a branch, and prints the stage");
    }
    return stages;
}

}  // namespace branches

// SPDX-License-Identifier: Apache-2.0
#include "branches/ref_map.h"

#include <fmt/format.h>

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

// As git runs the commands of its aliases: the branch is an argument, and never a part of the line.
Question question_for(const RefMap& map, const base::Variables& variables,
                      const std::string& branch) {
    constexpr std::size_t k_longest = 4'096;
    return {{"/bin/sh", "-c", map.command + " \"$@\"", map.command, branch},
            variables,
            map.folder,
            k_longest};
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

Result<std::string> ask(const RefMap& map, const base::Variables& variables,
                        const std::string& branch, Deadline deadline) {
    BASE_TRY_ASSIGN(auto finished, run(question_for(map, variables, branch), deadline));
    if (finished.exit_code != 0) return base::fail(failed(finished));
    return stage_in(std::move(finished.out));
}

}  // namespace

Result<std::vector<Stage>> map_refs(const RefMap& map, const Branches& branches,
                                    Deadline deadline) {
    const auto variables = for_programs(map.variables);
    std::vector<Stage> stages;
    for (const auto& branch : branches.names) {
        auto name = ask(map, variables, branch, deadline);
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
                          "it gets a branch as its last argument, and prints the stage");
    }
    return stages;
}

}  // namespace branches

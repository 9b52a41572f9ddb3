// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/subprocess.h"
#include "running.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace bench {

namespace {

constexpr std::chrono::minutes k_patience(1);

base::Finished finished(const Program& program) {
    base::Command command;
    command.arguments = program.arguments;
    command.environment = program.environment;
    auto end = support::must(base::run(command, base::Deadline::after(k_patience)));
    if (end.exit_code == program.exit_code) return end;
    throw std::runtime_error(
        fmt::format("{} failed: {}", fmt::join(program.arguments, " "), end.err));
}

}  // namespace

std::string output_of(const Program& program) { return finished(program).out; }

double milliseconds_of(const Program& program) {
    Running running(program);
    const int status = running.wait();
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - running.started();
    if (status != 0) {
        throw std::runtime_error(fmt::format("{} failed", fmt::join(program.arguments, " ")));
    }
    return took.count();
}

double peak_memory_of(const Program& program) {
    auto watched = program;
    watched.arguments.insert(watched.arguments.begin(), REVIEWDB_PEAK);
    auto said = finished(watched).err;
    said.erase(said.find_last_not_of('\n') + 1);
    constexpr double k_kib_in_mib = 1024;
    return std::stod(said.substr(said.rfind('\n') + 1)) / k_kib_in_mib;
}

Length length_asked(int count, char** words) {
    if (count == 1) return Length::full;
    if (count == 2 && std::string_view(words[1]) == "--smoke") return Length::smoke;
    throw std::runtime_error("it takes nothing but --smoke");
}

int run_program(std::string_view name, int count, char** words,
                const std::function<void(Length)>& measure) {
    try {
        measure(length_asked(count, words));
    } catch (const std::exception& problem) {
        fmt::print(stderr, "{}: {}\n", name, problem.what());
        return 1;
    }
    return 0;
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/subprocess.h"
#include "support/must.h"
#include "support/temp_folder.h"

extern char** environ;

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

// posix_spawn does not copy our page tables, which a small program's time would drown in; what the
// program prints goes nowhere, so that nobody reads it beside.
class Spawned {
   public:
    explicit Spawned(const Program& program) : arguments_(program.arguments) {
        for (auto& argument : arguments_) argument_pointers_.push_back(argument.data());
        argument_pointers_.push_back(nullptr);
        for (char** entry = environ; *entry != nullptr; ++entry) texts_.emplace_back(*entry);
        for (const auto& [name, value] : program.environment) {
            const auto start = name + "=";
            std::erase_if(texts_, [&](const auto& text) { return text.starts_with(start); });
            texts_.push_back(start + value);
        }
        for (auto& text : texts_) text_pointers_.push_back(text.data());
        text_pointers_.push_back(nullptr);
        posix_spawn_file_actions_init(&actions_);
        for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
            posix_spawn_file_actions_addopen(&actions_, output, "/dev/null", O_WRONLY, 0);
        }
    }
    Spawned(const Spawned&) = delete;
    Spawned& operator=(const Spawned&) = delete;
    ~Spawned() { posix_spawn_file_actions_destroy(&actions_); }

    int run() {
        pid_t child = 0;
        if (posix_spawnp(&child, arguments_.front().c_str(), &actions_, nullptr,
                         argument_pointers_.data(), text_pointers_.data()) != 0) {
            throw std::runtime_error("cannot start " + arguments_.front());
        }
        int status = 0;
        if (waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid failed");
        return status;
    }

   private:
    std::vector<std::string> arguments_;
    std::vector<std::string> texts_;
    std::vector<char*> argument_pointers_;
    std::vector<char*> text_pointers_;
    posix_spawn_file_actions_t actions_{};
};

}  // namespace

std::string output_of(const Program& program) { return finished(program).out; }

double milliseconds_of(const Program& program) {
    Spawned spawned(program);
    const auto start = std::chrono::steady_clock::now();
    const int status = spawned.run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
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

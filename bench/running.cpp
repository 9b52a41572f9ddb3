// SPDX-License-Identifier: Apache-2.0
#include "running.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace bench {

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_of(const Program& program) {
    std::vector<std::string> texts;
    for (char** entry = environ; *entry != nullptr; ++entry) texts.emplace_back(*entry);
    for (const auto& [name, value] : program.environment) {
        const auto start = name + "=";
        std::erase_if(texts, [&](const auto& text) { return text.starts_with(start); });
        texts.push_back(start + value);
    }
    return texts;
}

}  // namespace

// posix_spawn does not copy our page tables, which a small program's time would drown in.
Running::Running(const Program& program) {
    auto arguments = program.arguments;
    auto variables = environment_of(program);
    const auto argument_pointers = pointers_to(arguments);
    const auto variable_pointers = pointers_to(variables);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
        posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0);
    }
    started_ = std::chrono::steady_clock::now();
    const int problem = posix_spawnp(&child_, arguments.front().c_str(), &actions, nullptr,
                                     argument_pointers.data(), variable_pointers.data());
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) throw std::runtime_error("cannot start " + arguments.front());
}

Running::~Running() {
    if (child_ == 0) return;
    kill(child_, SIGKILL);
    int status = 0;
    waitpid(child_, &status, 0);
}

// Of the memory that the program began with: wait4 counts what we held before, too.
double Running::peak_memory() const {
    std::ifstream facts(fmt::format("/proc/{}/status", child_));
    constexpr std::string_view k_peak = "VmHWM:";
    constexpr double k_kib_in_mib = 1024;
    for (std::string line; std::getline(facts, line);) {
        if (line.starts_with(k_peak)) return std::stod(line.substr(k_peak.size())) / k_kib_in_mib;
    }
    throw std::runtime_error("a program whose memory was to be looked at has ended");
}

int Running::wait() {
    int status = 0;
    if (waitpid(std::exchange(child_, 0), &status, 0) < 0) {
        throw std::runtime_error("waitpid failed");
    }
    return status;
}

}  // namespace bench

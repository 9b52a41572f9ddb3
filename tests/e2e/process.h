// SPDX-License-Identifier: Apache-2.0
//
// The built program as a process that a test can watch, stop and kill while it runs. All that it
// prints goes to one file, at the debug level as JSON, so that its steps can be read there.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "e2e/cli_fixture.h"

namespace e2e {

// Every step of the plans of create and delete, as the log names them.
inline constexpr std::array<std::string_view, 19> k_steps{
    "record_intent", "create_role",       "create_database", "secure_database", "hand_over",
    "set_password",  "repair_role",       "prove_login",     "claim",           "write_secret",
    "mark_ready",    "record_retirement", "close_database",  "end_sessions",    "delete_secret",
    "bury",          "drop_database",     "drop_role",       "forget"};

class Process {
   public:
    // `folder` is where it runs, and where its output goes.
    Process(const std::filesystem::path& folder, const Words& words, Variables variables)
        : output_(folder / (support::unique_name("output") + ".log")) {
        const std::ofstream made{output_};
        base::Command command{.inherits = base::Environment::bare, .folder = folder.string()};
        command.arguments = {REVIEWDB_PROGRAM};
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
        variables.emplace("HOME", folder.string());
        variables.emplace("XDG_STATE_HOME", (folder / "state").string());
        variables.emplace("REVIEWDB_LOG_LEVEL", "debug");
        variables.emplace("REVIEWDB_LOG_FORMAT", "json");
        command.environment = std::move(variables);
        pid_ = support::must(base::spawn(command, output_.string(), base::Lifetime::ours));
    }
    Process(Process&& other) noexcept
        : output_(std::move(other.output_)), pid_(other.pid_), status_(other.status_) {
        other.status_ = 0;
    }
    Process& operator=(Process&&) = delete;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (status_) return;
        signal(SIGKILL);
        wait();
    }

    pid_t pid() const { return pid_; }
    // Whoever has ended gets no signal: its number may be another's by now.
    void signal(int number) {
        if (!ended()) kill(pid_, number);
    }
    bool ended() {
        int status = 0;
        if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
        return status_.has_value();
    }
    // 128 + the signal's number when a signal ended it.
    int wait() {
        int status = 0;
        while (!status_) {
            if (waitpid(pid_, &status, 0) == pid_) status_ = status;
        }
        return WIFSIGNALED(*status_) ? 128 + WTERMSIG(*status_) : WEXITSTATUS(*status_);
    }
    bool was_killed() { return wait() == 128 + SIGKILL; }

    std::string output() const {
        std::ifstream stream(output_);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    // The steps that it has begun, in order.
    std::vector<std::string_view> steps() const {
        const auto text = output();
        std::map<std::size_t, std::string_view> begun;
        for (const auto step : k_steps) {
            const auto line = line_of(step);
            for (auto at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) {
                begun[at] = step;
            }
        }
        std::vector<std::string_view> found;
        found.reserve(begun.size());
        for (const auto& [place, step] : begun) found.push_back(step);
        return found;
    }
    // Waits until it begins `step`; false when it ends without.
    bool begins(std::string_view step) {
        for (;;) {
            const bool over = ended();
            if (output().find(line_of(step)) != std::string::npos) return true;
            if (over) return false;
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }

   private:
    static std::string line_of(std::string_view step) {
        return R"("message":")" + std::string(step) + ": ";
    }

    std::filesystem::path output_;
    pid_t pid_ = 0;
    std::optional<int> status_;
};

}  // namespace e2e

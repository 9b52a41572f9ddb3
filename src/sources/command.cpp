// SPDX-License-Identifier: Apache-2.0
#include "sources/command.h"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/child.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "base/words.h"

namespace sources {

std::string presentable(const std::string& command) {
    constexpr std::size_t k_most = 200;
    return base::harmless(base::beginning_of(base::presentable(command), k_most));
}

namespace {

// Copies a command's output to our standard error, and keeps the end of it.
class Tail {
   public:
    explicit Tail(base::Child& child) : child_(child) {}

    // Returns when both outputs are closed, the command has ended, or the deadline has passed.
    void follow(base::Deadline deadline) {
        std::array<int, 2> open{child_.output(), child_.errors()};
        while (!base::interrupted() && !deadline.passed() && (open[0] >= 0 || open[1] >= 0)) {
            std::array<pollfd, 2> ends{{{open[0], POLLIN, 0}, {open[1], POLLIN, 0}}};
            poll(ends.data(), ends.size(), base::wait_slice(deadline));
            for (auto& fd : open) {
                if (fd >= 0 && !pass_on(fd)) fd = -1;
            }
            // A process that it left running may hold them open.
            if (child_.is_over()) break;
        }
        for (const auto fd : open) {
            if (fd >= 0) pass_on(fd);
        }
    }

    // The last lines, without the secrets among `variables`.
    std::string lines(const std::map<std::string, std::string>& variables) const {
        constexpr std::size_t k_most_lines = 10;
        auto text = base::trimmed(kept_);
        std::size_t start = text.size();
        for (std::size_t i = 0; i < k_most_lines && start != std::string::npos && start > 0; ++i) {
            start = text.rfind('\n', start - 1);
        }
        if (start != std::string::npos && start < text.size()) text.erase(0, start + 1);
        for (const auto* name : {"DATABASE_URL", "PGPASSWORD"}) {
            const auto secret = variables.find(name);
            if (secret == variables.end() || secret->second.empty()) continue;
            for (auto at = text.find(secret->second); at != std::string::npos;
                 at = text.find(secret->second, at)) {
                text.replace(at, secret->second.size(), "…");
            }
        }
        return base::harmless(base::without_passwords(text));
    }

   private:
    // False at its end.
    bool pass_on(int fd) {
        constexpr std::size_t k_most_kept = 4096;
        std::array<char, 4096> block{};
        for (;;) {
            const auto count = ::read(fd, block.data(), block.size());
            if (count < 0) return errno == EAGAIN || errno == EINTR;
            if (count == 0) return false;
            const auto size = static_cast<std::size_t>(count);
            [[maybe_unused]] const auto told = ::write(STDERR_FILENO, block.data(), size);
            kept_.append(block.data(), size);
            if (kept_.size() > 2 * k_most_kept) kept_.erase(0, kept_.size() - k_most_kept);
        }
    }

    base::Child& child_;
    std::string kept_;
};

}  // namespace

base::Result<void> run_command(const std::string& command,
                               const std::map<std::string, std::string>& variables,
                               base::Deadline deadline) {
    const base::Command shell{.arguments = {"/bin/sh", "-c", command},
                              .environment = variables,
                              .inherits = base::Environment::application};
    BASE_TRY_ASSIGN(auto child, base::Child::start(shell, base::Wiring::listened_to));
    Tail tail(child);
    tail.follow(deadline);
    auto code = child.finish(deadline);
    const auto name = fmt::format("--run '{}'", presentable(command));
    if (!code) return base::fail(std::move(code).error().during(name));
    if (*code == 0) return {};
    constexpr int k_signals = 128;
    const auto how = *code > k_signals ? fmt::format("was ended by signal {}", *code - k_signals)
                                       : fmt::format("ended with {}", *code);
    const auto said = tail.lines(variables);
    return base::fail(base::ErrorKind::command_failed,
                      fmt::format("{} {}{}", name, how, said.empty() ? "" : ":\n" + said),
                      "it ran with DATABASE_URL and PG* set to the new database");
}

}  // namespace sources

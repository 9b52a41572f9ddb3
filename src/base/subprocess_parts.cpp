// SPDX-License-Identifier: Apache-2.0
#include "base/subprocess_parts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/interrupt.h"

namespace base {

namespace {

// How often the end of a child is looked for when the kernel hands out no descriptor for it.
constexpr timespec k_look_again{0, 5'000'000};

}  // namespace

namespace subprocess_parts {

Pipe::Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) ends = {-1, -1};
}

Pipe::~Pipe() {
    close_read();
    close_write();
}

void Pipe::close_end(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
}

Vectors make_vectors(const Command& command) {
    Vectors vectors;
    for (const auto& argument : command.arguments) {
        vectors.arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    vectors.arguments.push_back(nullptr);
    auto variables = inherited(own_variables(), command.inherits);
    for (const auto& [name, value] : command.environment) variables[name] = value;
    for (const auto& [name, value] : variables) {
        vectors.environment_texts.push_back(name + "=" + value);
    }
    for (auto& text : vectors.environment_texts) vectors.environment.push_back(text.data());
    vectors.environment.push_back(nullptr);
    return vectors;
}

bool become(const Command& command) {
    if (command.user && command.user->uid != geteuid()) {
        if (setgroups(0, nullptr) != 0 || setgid(command.user->gid) != 0 ||
            setuid(command.user->uid) != 0) {
            return false;
        }
    }
    return command.folder.empty() || chdir(command.folder.c_str()) == 0;
}

bool leave_files() {
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
    // Kernels before 5.11. Nothing may be allocated here, so /proc cannot be listed.
    constexpr rlim_t k_most = 65'536;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    const auto end = static_cast<int>(std::min(limit.rlim_cur, k_most));
    for (int file = STDERR_FILENO + 1; file < end; ++file) fcntl(file, F_SETFD, FD_CLOEXEC);
    return true;
}

bool has_ended(pid_t child) {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == child;
}

bool wait_for_end(pid_t child, Deadline deadline, Interrupt interrupt) {
    const int watch = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    bool ended = false;
    for (;;) {
        pollfd end{watch, POLLIN, 0};
        ended = watch >= 0 ? poll(&end, 1, wait_slice(deadline)) > 0 : has_ended(child);
        const bool stop = interrupt == Interrupt::heeded && interrupted();
        if (ended || stop || deadline.passed()) break;
        if (watch < 0) nanosleep(&k_look_again, nullptr);
    }
    if (watch >= 0) close(watch);
    return ended;
}

void give_up(Pipe& failure) {
    const int reason = errno;
    [[maybe_unused]] const auto told = write(failure.ends[1], &reason, sizeof reason);
    _exit(127);
}

int to_exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::optional<Error> failure_told(Pipe& failure, const std::string& program) {
    failure.close_write();
    int reason = 0;
    if (read(failure.ends[0], &reason, sizeof reason) != sizeof reason) return std::nullopt;
    const bool denied = reason == EACCES || reason == EPERM;
    return Error{denied ? ErrorKind::denied : ErrorKind::not_found,
                 fmt::format("cannot run '{}': {}", program, strerror(reason)),
                 {},
                 {}};
}

tl::unexpected<Error> no_program(const Command& command) {
    return fail(ErrorKind::not_found,
                fmt::format("there is no program '{}'", command.arguments[0]));
}

tl::unexpected<Error> no_resources(const char* attempt) {
    return fail(ErrorKind::overloaded, fmt::format("cannot {}: {}", attempt, strerror(errno)));
}

}  // namespace subprocess_parts

}  // namespace base

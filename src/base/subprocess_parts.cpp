// SPDX-License-Identifier: Apache-2.0
#include "base/subprocess_parts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace base {

namespace {

constexpr std::array<std::string_view, 4> k_bare_environment{"PATH", "TZ", "TMPDIR",
                                                             "LD_LIBRARY_PATH"};

bool inherits(const Command& command, std::string_view name) {
    if (command.environment.contains(std::string(name))) return false;
    return command.inherits == Environment::ours ||
           std::ranges::find(k_bare_environment, name) != k_bare_environment.end();
}

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
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (inherits(command, text.substr(0, text.find('=')))) {
            vectors.environment_texts.emplace_back(text);
        }
    }
    for (const auto& [name, value] : command.environment) {
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

// SPDX-License-Identifier: Apache-2.0
#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace base {

namespace {

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() {
        if (pipe2(ends.data(), O_CLOEXEC) != 0) ends = {-1, -1};
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_read();
        close_write();
    }
    void close_read() { close_end(ends[0]); }
    void close_write() { close_end(ends[1]); }
    static void close_end(int& fd) {
        if (fd >= 0) close(fd);
        fd = -1;
    }
};

// What execve wants, built before the fork: a child of a threaded process may not allocate.
struct Vectors {
    std::vector<std::string> environment_texts;
    std::vector<char*> arguments;
    std::vector<char*> environment;
};

Vectors make_vectors(const Command& command) {
    Vectors vectors;
    for (const auto& argument : command.arguments) {
        vectors.arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    vectors.arguments.push_back(nullptr);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text(*entry);
        if (!command.environment.contains(text.substr(0, text.find('=')))) {
            vectors.environment_texts.push_back(text);
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

[[noreturn]] void run_child(const Command& command, const Vectors& vectors,
                            const std::string& program, Pipe& in, Pipe& out, Pipe& err,
                            Pipe& failure) {
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in.ends[0], 0) >= 0 && dup2(out.ends[1], 1) >= 0 && dup2(err.ends[1], 2) >= 0 &&
        become(command)) {
        execve(program.c_str(), vectors.arguments.data(), vectors.environment.data());
    }
    const int reason = errno;
    [[maybe_unused]] const auto told = write(failure.ends[1], &reason, sizeof reason);
    _exit(127);
}

int to_exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool drain(int fd, std::string& into) {
    std::array<char, 8192> block{};
    const auto count = read(fd, block.data(), block.size());
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    into.append(block.data(), static_cast<std::size_t>(count));
    return count > 0;
}

// Feeds standard input and collects both outputs until both are closed; false past the deadline.
bool converse(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Finished& finished,
              Deadline deadline) {
    fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
    while (out.ends[0] >= 0 || err.ends[0] >= 0) {
        if (input.empty()) in.close_write();
        std::array<pollfd, 3> fds{{{out.ends[0], POLLIN, 0},
                                   {err.ends[0], POLLIN, 0},
                                   {in.ends[1], POLLOUT, 0}}};
        const auto ready = poll(fds.data(), fds.size(),
                                static_cast<int>(deadline.remaining().count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        if (fds[0].revents != 0 && !drain(out.ends[0], finished.out)) out.close_read();
        if (fds[1].revents != 0 && !drain(err.ends[0], finished.err)) err.close_read();
        if (fds[2].revents != 0) {
            const auto count = write(in.ends[1], input.data(), input.size());
            if (count < 0 && errno != EAGAIN && errno != EINTR) input = {};
            if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    return true;
}

}  // namespace

std::optional<std::string> find_program(const std::string& program) {
    if (program.find('/') != std::string::npos) {
        if (access(program.c_str(), X_OK) != 0) return std::nullopt;
        return program;
    }
    const char* path = getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        const auto colon = rest.find(':');
        auto candidate = std::string(rest.substr(0, colon)) + "/" + program;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
        if (colon == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(colon + 1);
    }
}

Result<Finished> run(const Command& command, Deadline deadline) {
    const auto program = find_program(command.arguments.at(0));
    if (!program) {
        return fail(ErrorKind::not_found,
                    fmt::format("there is no program '{}'", command.arguments[0]));
    }
    Pipe in;
    Pipe out;
    Pipe err;
    Pipe failure;
    const auto vectors = make_vectors(command);
    const pid_t child = fork();
    if (child < 0) {
        return fail(ErrorKind::overloaded, fmt::format("cannot fork: {}", strerror(errno)));
    }
    if (child == 0) run_child(command, vectors, *program, in, out, err, failure);
    in.close_read();
    out.close_write();
    err.close_write();
    failure.close_write();

    Finished finished{};
    const bool in_time = converse(in, out, err, command.input, finished, deadline);
    if (!in_time) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
        return fail(ErrorKind::deadline, fmt::format("'{}' did not end in time", *program));
    }
    int reason = 0;
    if (read(failure.ends[0], &reason, sizeof reason) == sizeof reason) {
        return fail(reason == EACCES || reason == EPERM ? ErrorKind::denied : ErrorKind::not_found,
                    fmt::format("cannot run '{}': {}", *program, strerror(reason)));
    }
    finished.exit_code = to_exit_code(status);
    return finished;
}

Error replace_process(const Command& command) {
    const auto program = find_program(command.arguments.at(0));
    if (!program) {
        return Error{ErrorKind::not_found,
                     fmt::format("there is no program '{}'", command.arguments[0]),
                     {},
                     {}};
    }
    const auto vectors = make_vectors(command);
    if (become(command)) {
        execve(program->c_str(), vectors.arguments.data(), vectors.environment.data());
    }
    const int reason = errno;
    return Error{reason == EACCES ? ErrorKind::denied : ErrorKind::internal,
                 fmt::format("cannot run '{}': {}", *program, strerror(reason)),
                 {},
                 {}};
}

}  // namespace base

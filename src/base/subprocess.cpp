// SPDX-License-Identifier: Apache-2.0
#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/interrupt.h"
#include "base/subprocess_parts.h"

namespace base {

using namespace subprocess_parts;  // NOLINT(google-build-using-namespace): its own other half

namespace {

// Signals that the caller ignores are ignored by the next program as well, unless they are reset.
void listen_to_signals() {
    for (const int number : {SIGPIPE, SIGINT, SIGQUIT, SIGTERM}) signal(number, SIG_DFL);
}

[[noreturn]] void run_child(const Command& command, const Vectors& vectors,
                            const std::string& program, Pipe& in, Pipe& out, Pipe& err,
                            Pipe& failure) {
    listen_to_signals();
    const bool ready = setpgid(0, 0) == 0 && dup2(in.ends[0], 0) >= 0 &&
                       dup2(out.ends[1], 1) >= 0 && dup2(err.ends[1], 2) >= 0 && leave_files() &&
                       become(command);
    // Changing the user clears this, so it comes after.
    if (ready && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
        execve(program.c_str(), vectors.arguments.data(), vectors.environment.data());
    }
    give_up(failure);
}

[[noreturn]] void run_in_background(const Command& command, const Vectors& vectors,
                                    const std::string& program, const std::string& output,
                                    Lifetime lifetime, Pipe& failure) {
    listen_to_signals();
    // The parent may hold files that others opened without O_CLOEXEC; a program that outlives it
    // would keep them open, and whoever waits for their end would wait for ever.
    bool ready = setsid() >= 0 && leave_files() && become(command);
    // As the program's user: what root may write is not its to write.
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int file = ready ? open(output.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NOCTTY |
                                                      O_NONBLOCK | O_CLOEXEC)
                           : -1;
    ready = ready && nothing >= 0 && file >= 0 && dup2(nothing, 0) >= 0 && dup2(file, 1) >= 0 &&
            dup2(file, 2) >= 0;
    // Changing the user clears this, so it comes after.
    if (ready && (lifetime == Lifetime::its_own || prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0)) {
        execve(program.c_str(), vectors.arguments.data(), vectors.environment.data());
    }
    give_up(failure);
}

bool drain(int fd, std::string& into) {
    std::array<char, 8192> block{};
    const auto count = read(fd, block.data(), block.size());
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    into.append(block.data(), static_cast<std::size_t>(count));
    return count > 0;
}

enum class Talk { over, late, too_long };

// Feeds standard input and collects both outputs until both are closed. What the program leaves
// behind when it ends may not keep them open.
Talk converse(pid_t child, Pipe& in, Pipe& out, Pipe& err, const Command& command,
              Finished& finished, Deadline deadline) {
    std::string_view input = command.input;
    fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
    while (out.ends[0] >= 0 || err.ends[0] >= 0) {
        if (input.empty()) in.close_write();
        std::array<pollfd, 3> fds{
            {{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}, {in.ends[1], POLLOUT, 0}}};
        const auto ready = poll(fds.data(), fds.size(), wait_slice(deadline));
        if (interrupted() || (ready <= 0 && deadline.passed())) return Talk::late;
        if (ready == 0 && has_ended(child)) kill(-child, SIGKILL);
        if (ready <= 0) continue;
        if (fds[0].revents != 0 && !drain(out.ends[0], finished.out)) out.close_read();
        if (fds[1].revents != 0 && !drain(err.ends[0], finished.err)) err.close_read();
        if (std::max(finished.out.size(), finished.err.size()) > command.longest_output) {
            return Talk::too_long;
        }
        if (fds[2].revents != 0) {
            const auto count = write(in.ends[1], input.data(), input.size());
            if (count < 0 && errno != EAGAIN && errno != EINTR) input = {};
            if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    return Talk::over;
}

// Blocks SIGPIPE in this thread: a program that ends without reading its input is no reason to die.
class WithoutBrokenPipes {
   public:
    WithoutBrokenPipes() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    }
    WithoutBrokenPipes(const WithoutBrokenPipes&) = delete;
    WithoutBrokenPipes& operator=(const WithoutBrokenPipes&) = delete;
    ~WithoutBrokenPipes() {
        if (sigismember(&before_, SIGPIPE) == 0) {
            const timespec now{};
            while (sigtimedwait(&signals_, nullptr, &now) < 0 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

   private:
    sigset_t signals_{};
    sigset_t before_{};
};

bool is_program(const std::string& path) {
    struct stat facts {};
    return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
           access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> find_program(const std::string& program) {
    if (program.find('/') != std::string::npos) {
        if (!is_program(program)) return std::nullopt;
        return program;
    }
    const char* path = getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        const auto colon = rest.find(':');
        auto candidate = std::string(rest.substr(0, colon)) + "/" + program;
        if (is_program(candidate)) return candidate;
        if (colon == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(colon + 1);
    }
}

struct Running::State {
    std::string program;
    Command command;
    pid_t child = -1;  // -1: reaped
    Pipe in = {};
    Pipe out = {};
    Pipe err = {};
    Pipe failure = {};

    State(std::string its_program, Command its_command)
        : program(std::move(its_program)), command(std::move(its_command)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { reap(); }

    // While the leader is not reaped its number is nobody else's, nor is the group's.
    int reap() {
        int status = 0;
        if (child < 0) return status;
        kill(-child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        child = -1;
        return status;
    }
};

Running::Running(std::unique_ptr<State> state) : state_(std::move(state)) {}
Running::Running(Running&&) noexcept = default;
Running& Running::operator=(Running&&) noexcept = default;
Running::~Running() = default;

Result<Finished> Running::finish(Deadline deadline) && {
    const auto state = std::move(state_);
    const WithoutBrokenPipes guard;
    Finished finished{};
    const auto talk = converse(state->child, state->in, state->out, state->err, state->command,
                               finished, deadline);
    const bool has_ended =
        talk == Talk::over && wait_for_end(state->child, deadline, Interrupt::heeded);
    const int status = state->reap();
    if (talk == Talk::too_long) {
        return fail(ErrorKind::unavailable,
                    fmt::format("'{}' printed more than {} bytes", state->program,
                                state->command.longest_output));
    }
    if (!has_ended) {
        return fail(ErrorKind::deadline,
                    interrupted() ? std::string("interrupted")
                                  : fmt::format("'{}' did not end in time", state->program));
    }
    if (auto error = failure_told(state->failure, state->program)) return fail(std::move(*error));
    finished.exit_code = to_exit_code(status);
    return finished;
}

Result<Running> start(const Command& command) {
    auto program = find_program(command.arguments.at(0));
    if (!program) return no_program(command);
    auto state = std::make_unique<Running::State>(*std::move(program), command);
    auto& [name, wanted, child, in, out, err, failure] = *state;
    if (!in.valid() || !out.valid() || !err.valid() || !failure.valid()) {
        return no_resources("make a pipe");
    }
    const auto vectors = make_vectors(wanted);
    child = fork();
    if (child < 0) return no_resources("fork");
    if (child == 0) run_child(wanted, vectors, name, in, out, err, failure);
    setpgid(child, child);  // whoever of the two comes first
    in.close_read();
    out.close_write();
    err.close_write();
    failure.close_write();
    return Running(std::move(state));
}

Result<Finished> run(const Command& command, Deadline deadline) {
    BASE_TRY_ASSIGN(auto running, start(command));
    return std::move(running).finish(deadline);
}

Result<pid_t> spawn(const Command& command, const std::string& output, Lifetime lifetime) {
    const auto program = find_program(command.arguments.at(0));
    if (!program) return no_program(command);
    Pipe failure;
    if (!failure.valid()) return no_resources("make a pipe");
    const auto vectors = make_vectors(command);
    const pid_t child = fork();
    if (child < 0) return no_resources("fork");
    if (child == 0) run_in_background(command, vectors, *program, output, lifetime, failure);
    if (auto error = failure_told(failure, *program)) {
        waitpid(child, nullptr, 0);
        return fail(std::move(*error));
    }
    return child;
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

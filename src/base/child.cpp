// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/interrupt.h"
#include "base/subprocess_parts.h"

namespace base {

using namespace subprocess_parts;  // NOLINT(google-build-using-namespace): made for it

namespace {

// How long a program that was asked to end may take: npm and the like tell their own children.
constexpr std::chrono::seconds k_grace(2);

// A socket, not a pipe: writing to a program that has gone must not raise SIGPIPE in our thread.
struct Socket : Pipe {
    Socket() {
        close_read();
        close_write();
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) ends = {-1, -1};
    }
};

struct Ends {
    int in;
    int out;
    int err;
};

[[noreturn]] void become_child(const Command& command, const Vectors& vectors,
                               const std::string& program, Ends ends, Pipe& failure) {
    signal(SIGPIPE, SIG_DFL);
    const bool ready = setpgid(0, 0) == 0 && dup2(ends.in, 0) >= 0 && dup2(ends.out, 1) >= 0 &&
                       dup2(ends.err, 2) >= 0 && leave_files() && become(command);
    // Changing the user clears this, so it comes after.
    if (ready && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0) {
        execve(program.c_str(), vectors.arguments.data(), vectors.environment.data());
    }
    give_up(failure);
}

}  // namespace

struct Child::State {
    std::string program;
    pid_t child = -1;  // -1: reaped
    Socket in = {};
    Pipe out = {};
    Pipe err = {};
    Pipe failure = {};

    explicit State(std::string its_program) : program(std::move(its_program)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { end(); }

    bool valid() const { return in.valid() && out.valid() && err.valid() && failure.valid(); }

    void end() {
        if (child < 0) return;
        kill(-child, SIGTERM);
        wait_for_end(child, Deadline::after(k_grace), Interrupt::ignored);
        reap();
    }

    // While the leader is not reaped its number is nobody else's, nor is the group's.
    int reap() {
        kill(-child, SIGKILL);
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        child = -1;
        return to_exit_code(status);
    }
};

Child::Child(std::unique_ptr<State> state) : state_(std::move(state)) {}
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&&) noexcept = default;
Child::~Child() = default;

Result<Child> Child::start(const Command& command, Wiring wiring) {
    auto program = find_program(command.arguments.at(0));
    if (!program) return no_program(command);
    auto state = std::make_unique<State>(*std::move(program));
    if (!state->valid()) return no_resources("make a pipe");
    const auto vectors = make_vectors(command);
    const bool loud = wiring == Wiring::loud;
    const Ends ends{state->in.ends[0], loud ? STDERR_FILENO : state->out.ends[1],
                    loud ? STDERR_FILENO : state->err.ends[1]};
    state->child = fork();
    if (state->child < 0) return no_resources("fork");
    if (state->child == 0) become_child(command, vectors, state->program, ends, state->failure);
    setpgid(state->child, state->child);  // whoever of the two comes first
    state->in.close_read();
    state->out.close_write();
    state->err.close_write();
    if (loud) state->out.close_read();
    if (loud) state->err.close_read();
    if (wiring != Wiring::talked_with) state->in.close_write();
    if (auto error = failure_told(state->failure, state->program)) return fail(*std::move(error));
    for (const int fd : {state->in.ends[1], state->out.ends[0], state->err.ends[0]}) {
        if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return Child(std::move(state));
}

int Child::input() const { return state_->in.ends[1]; }
int Child::output() const { return state_->out.ends[0]; }
int Child::errors() const { return state_->err.ends[0]; }
void Child::close_input() { state_->in.close_write(); }

bool Child::is_over() const { return has_ended(state_->child); }

Result<int> Child::finish(Deadline deadline) {
    if (wait_for_end(state_->child, deadline, Interrupt::heeded)) return state_->reap();
    state_->end();
    return fail(ErrorKind::deadline,
                interrupted() ? std::string("interrupted")
                              : fmt::format("'{}' did not end in time", state_->program));
}

void Child::end() { state_->end(); }

}  // namespace base

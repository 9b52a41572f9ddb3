// SPDX-License-Identifier: Apache-2.0
//
// Other programs: always by argument vector, never through a shell. Secrets go by environment or
// standard input, never by argument.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"

namespace base {

// The unix user that a program runs as.
struct UnixUser {
    uid_t uid;
    gid_t gid;
};

// What a program finds in its environment before Command::environment is set on top.
enum class Environment {
    ours,
    bare,  // only what says how programs run here (PATH, TZ, …): for programs that outlive us
};

struct Command {
    std::vector<std::string> arguments = {};  // [0] is looked up in PATH without a slash
    std::map<std::string, std::string> environment = {};  // set on top of `inherits`
    Environment inherits = Environment::ours;
    std::optional<UnixUser> user = {};  // only root may name another one
    std::string folder = {};            // working folder; empty: ours
    std::string input = {};             // given on standard input
};

struct Finished {
    int exit_code = 0;  // 128 + the signal's number when a signal ended it
    std::string out;
    std::string err;
};

// A program under way, whose end somebody will ask for. Killed when nobody does.
class Running {
   public:
    struct State;
    explicit Running(std::unique_ptr<State> state);
    Running(Running&&) noexcept;
    Running& operator=(Running&&) noexcept;
    ~Running();

    // Waits for its end, capturing what it prints. Past `deadline` it is killed and the answer is
    // `deadline`. Fails not_found or denied when it could not become the program.
    Result<Finished> finish(Deadline deadline) &&;

   private:
    std::unique_ptr<State> state_;
};

// Starts `command` and does not wait. Fails not_found when there is no such program, overloaded.
Result<Running> start(const Command& command);

// Runs `command` to its end, capturing what it prints. Blocks until it ends; past `deadline` it is
// killed and the answer is `deadline`. Fails not_found when there is no such program.
Result<Finished> run(const Command& command, Deadline deadline);

enum class Lifetime {
    its_own,  // goes on when we end
    ours,     // gets SIGQUIT when the thread that started it ends, however it ends
};

// Starts `command` in the background, in a session of its own, with nothing on standard input and
// none of our open files; what it prints is appended to `output`, which must exist. Returns its
// pid: a child of ours, to be reaped with waitpid. Does not block. Fails not_found, denied,
// overloaded.
Result<pid_t> spawn(const Command& command, const std::string& output, Lifetime lifetime);

// Becomes `command`: returns only when that failed (not_found, denied).
Error replace_process(const Command& command);

// The full path of `program`, looked up as execvp would; nothing when there is none.
std::optional<std::string> find_program(const std::string& program);

}  // namespace base

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
#include "base/inheritance.h"
#include "base/result.h"

namespace base {

// The unix user that a program runs as.
struct UnixUser {
    uid_t uid;
    gid_t gid;
};

struct Command {
    std::vector<std::string> arguments = {};  // [0] is looked up in PATH without a slash
    std::map<std::string, std::string> environment = {};  // set on top of `inherits`
    Environment inherits = Environment::bare;
    std::optional<UnixUser> user = {};                    // only root may name another one
    std::string folder = {};                              // working folder; empty: ours
    std::string input = {};                               // given on standard input
    std::size_t longest_output = std::size_t{64} << 20U;  // bytes, of each of its two outputs
};

struct Finished {
    int exit_code = 0;  // 128 + the signal's number when a signal ended it
    std::string out;
    std::string err;
};

// A program under way, in a process group of its own. The whole group is killed when the program
// ends, when nobody asks for its end, and when the thread that started it ends.
class Running {
   public:
    struct State;
    explicit Running(std::unique_ptr<State> state);
    Running(Running&&) noexcept;
    Running& operator=(Running&&) noexcept;
    ~Running();

    // Waits for its end, capturing what it prints. Past `deadline` or after an interrupt it is
    // killed and the answer is `deadline`. Fails not_found or denied when it could not become the
    // program, unavailable when it prints more than `longest_output`.
    Result<Finished> finish(Deadline deadline) &&;

   private:
    std::unique_ptr<State> state_;
};

// Starts `command` and does not wait. Fails not_found when there is no such program, overloaded.
Result<Running> start(const Command& command);

// start() and finish() in one. Blocks until the program ends.
Result<Finished> run(const Command& command, Deadline deadline);

enum class Lifetime {
    its_own,  // goes on when we end
    ours,     // gets SIGQUIT when the thread that started it ends, however it ends
};

// Starts `command` in the background, in a session of its own, with nothing on standard input and
// none of our open files; what it prints is appended to `output`, an absolute path of a file that
// its user may write, which is no link. Returns its pid: a child of ours, to be reaped with
// waitpid. Does not block. Fails not_found, denied, overloaded.
Result<pid_t> spawn(const Command& command, const std::string& output, Lifetime lifetime);

// Becomes `command`: returns only when that failed (not_found, denied). Files that our own caller
// left open for it stay open; ours are closed, as each is opened with O_CLOEXEC.
Error replace_process(const Command& command);

// The full path of `program`, looked up as execvp would; nothing when there is none.
std::optional<std::string> find_program(const std::string& program);

}  // namespace base

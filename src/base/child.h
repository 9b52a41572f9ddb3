// SPDX-License-Identifier: Apache-2.0
//
// A program under way in a process group of its own, with which its caller talks while it runs. The
// whole group ends with the Child, and when the thread that started it ends the program is sent
// SIGTERM. For a program whose whole output fits into memory there is base::run.
//
// Not safe from two threads at once.
#pragma once

#include <memory>

#include "base/subprocess.h"

namespace base {

// What the program's standard streams are.
enum class Wiring {
    listened_to,  // nothing to read; we read both of its outputs
    talked_with,  // we write its input and read both of its outputs
    loud,         // nothing to read; both of its outputs are our standard error
};

class Child {
   public:
    // Starts `command` and does not wait. Fails not_found, denied, overloaded. Its `input` counts
    // for nothing.
    static Result<Child> start(const Command& command, Wiring wiring);

    Child(Child&&) noexcept;
    Child& operator=(Child&&) noexcept;
    ~Child();

    // Our ends of its streams, which do not block; -1 where there is none. `input` is a socket.
    int input() const;
    int output() const;
    int errors() const;
    void close_input();

    // Whether it has ended; what it started may go on. Does not block.
    bool is_over() const;

    // Waits for its end, ends what it left in its group, and answers its exit code, 128 + the
    // signal's number where one ended it. Past `deadline` or after an interrupt the whole group is
    // ended as by end(), and the answer is `deadline`.
    Result<int> finish(Deadline deadline);

    // SIGTERM for the group, SIGKILL two seconds later for whatever is left of it.
    void end();

   private:
    struct State;
    explicit Child(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
//
// What base::run, base::spawn and base::Child share, and nobody else may know: pipes, the vectors
// that execve wants, and how a child tells that it could not become its program.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/subprocess.h"

namespace base::subprocess_parts {

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe();
    void close_read() { close_end(ends[0]); }
    void close_write() { close_end(ends[1]); }
    bool valid() const { return ends[0] >= 0; }
    static void close_end(int& fd);
};

// What execve wants, built before the fork: a child of a threaded process may not allocate.
struct Vectors {
    std::vector<std::string> environment_texts;
    std::vector<char*> arguments;
    std::vector<char*> environment;
};

Vectors make_vectors(const Command& command);

// Takes the user and the folder of `command`; false when it cannot.
bool become(const Command& command);

// Lets the next program have none of our files but standard input and the two outputs.
bool leave_files();

// Whether `child` has ended; it stays there to be reaped.
bool has_ended(pid_t child);

enum class Interrupt { heeded, ignored };

// Waits until `child` has ended, which then stays there to be reaped. False past `deadline`, or
// after an interrupt that is heeded.
bool wait_for_end(pid_t child, Deadline deadline, Interrupt interrupt);

// Tells the parent why it did not work, and ends the child.
[[noreturn]] void give_up(Pipe& failure);

// What a child that could not become `program` left in the pipe, as an error; nothing when it did.
std::optional<Error> failure_told(Pipe& failure, const std::string& program);

// 128 + the signal's number when a signal ended it.
int to_exit_code(int status);

tl::unexpected<Error> no_program(const Command& command);
tl::unexpected<Error> no_resources(const char* attempt);

}  // namespace base::subprocess_parts

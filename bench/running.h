// SPDX-License-Identifier: Apache-2.0
//
// A program at work. What it prints goes nowhere, so that nobody reads it beside.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "program.h"

namespace bench {

class Running {
   public:
    // Throws std::runtime_error when it cannot be started.
    explicit Running(const Program& program);
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    // Kills what has not ended.
    ~Running();

    // Just before the program began.
    std::chrono::steady_clock::time_point started() const { return started_; }
    // The peak of its resident memory so far, in MB of 2^20 bytes. Throws when it has ended.
    double peak_memory() const;
    // Waits for its end; its status, as waitpid tells it.
    int wait();

   private:
    std::chrono::steady_clock::time_point started_;
    pid_t child_ = 0;
};

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
//
// A line on the terminal that says what is being waited for, once that takes longer than a second.
// Writes to standard error only, only where that is a terminal, and wipes its line away at the end.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace cli {

class Progress {
   public:
    enum class Shown { on_a_terminal, never };

    explicit Progress(Shown shown);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();

    // What goes on from now; starts the clock at the first call. Any thread.
    void tell(std::string_view what);
    // Wipes the line away, for what is to be printed, until the next tell().
    void quiet();

   private:
    void draw_until_done();

    bool shown_;
    std::mutex mutex_;
    std::condition_variable woken_;
    std::string what_;
    bool drawn_ = false;
    bool done_ = false;
    std::thread painter_;
};

}  // namespace cli

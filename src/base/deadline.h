// SPDX-License-Identifier: Apache-2.0
//
// A moment after which nobody waits any more. Passed down by value through every call that can
// wait, so that a whole operation has one limit and not one per step.
#pragma once

#include <algorithm>
#include <chrono>

namespace base {

class Deadline {
   public:
    using Clock = std::chrono::steady_clock;
    using Milliseconds = std::chrono::milliseconds;

    static Deadline after(Milliseconds time) { return Deadline(Clock::now() + time); }

    // What is left, never negative.
    Milliseconds remaining() const {
        return std::max(Milliseconds::zero(),
                        std::chrono::ceil<Milliseconds>(moment_ - Clock::now()));
    }
    bool passed() const { return remaining() == Milliseconds::zero(); }

    // The earlier of this deadline and `time` from now.
    Deadline at_most(Milliseconds time) const {
        return Deadline(std::min(moment_, Clock::now() + time));
    }
    // This deadline, `time` later.
    Deadline extended_by(Milliseconds time) const { return Deadline(moment_ + time); }

   private:
    explicit Deadline(Clock::time_point moment) : moment_(moment) {}
    Clock::time_point moment_;
};

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
//
// Several deeds at once, of which one is on its way at a time: at every point where it waits for
// its turn, somebody else may go on. Every order of turns is tried, by trying again with another
// choice.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace support {

// What one deed has of it: to be called on the deed's own thread only.
class Turn {
   public:
    Turn() = default;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    virtual ~Turn() = default;
    // Others may go on here. Throws std::runtime_error where all of them wait for each other.
    virtual void pass() = 0;
    // The same, until somebody else has gone on.
    virtual void wait() = 0;
};

using TurnDeed = std::function<void(Turn&)>;

// Where the deeds took turns: of how many that could go on, which one did.
struct Choice {
    std::size_t options = 1;
    std::size_t taken = 0;
    bool interrupts = false;  // whoever was on its way could have gone on
};

// Does the deeds to their end, each on a thread of its own, taking the choices given and from then
// on as few turns as possible. Answers all choices. Rethrows what a deed throws.
std::vector<Choice> take_turns(const std::vector<TurnDeed>& deeds,
                               const std::vector<Choice>& choices);

// The choices of the next order, with at most so many interruptions; nothing after the last.
std::optional<std::vector<Choice>> next_order(std::vector<Choice> choices, int most_interruptions);

}  // namespace support

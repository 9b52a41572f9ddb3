// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

namespace base {

namespace {

// Long enough to cost nothing, short enough to seem at once to a person.
constexpr std::chrono::milliseconds k_slice(100);

std::atomic<int> caught{0};
std::atomic<bool> minded{true};
static_assert(std::atomic<int>::is_always_lock_free);

void note(int number) {
    caught = number;
    // The next one is not caught.
    signal(number, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return minded && caught != 0; }
int interrupt_signal() { return caught; }
void finish_in_spite_of_interrupt() { minded = false; }

int wait_slice(Deadline deadline) {
    return static_cast<int>(std::min(deadline.remaining(), k_slice).count());
}

void pause(std::chrono::milliseconds time) {
    const auto deadline = Deadline::after(time);
    while (!deadline.passed() && !interrupted()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(wait_slice(deadline)));
    }
}

}  // namespace base

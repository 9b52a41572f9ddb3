// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C, and the SIGTERM of a CI that cancels a job, as a wish to end in an orderly way: every
// wait looks here and ends early, so that what was half made can be taken back. A second one ends
// the process at once. The signal is the process's, so this is the one thing here that is global.
#pragma once

#include <chrono>

#include "base/deadline.h"

namespace base {

// From now on SIGINT and SIGTERM only set the mark. Not to be called twice.
void catch_interrupts();

// True since the signal came.
bool interrupted();

// The number of the signal that came; 0 for none.
int interrupt_signal();

// Forgets the mark, for whoever takes back what was half made; what was caught stays in
// interrupt_signal().
void finish_in_spite_of_interrupt();

// How long a wait may sleep before it looks again, in milliseconds for poll().
int wait_slice(Deadline deadline);

// Sleeps for `time`, or until interrupted.
void pause(std::chrono::milliseconds time);

}  // namespace base

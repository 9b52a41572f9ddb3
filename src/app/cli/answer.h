// SPDX-License-Identifier: Apache-2.0
//
// What a verb prints of the one environment that it was about.
#pragma once

#include "app/cli/session.h"

namespace cli {

// To standard error.
void print_remarks(Session& session, const environment::Answer& answer);

// Its remarks; and to standard output the steps of a dry run, or the environment, as JSON where the
// caller wants that, and its name alone with --quiet. Needs an answer with a description unless it
// is that of a dry run.
void print_answer(Session& session, const environment::Answer& answer);

}  // namespace cli

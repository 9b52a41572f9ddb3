// SPDX-License-Identifier: Apache-2.0
//
// What may be done on a server that is not proven to be the original, because it may be a copy that
// shares its secrets: everything inside the server, and nothing outside. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "environment/facts.h"
#include "environment/plan.h"

namespace environment {

// Before anybody tried to dispel it.
Doubt unexamined_doubt();

// The failure (conflict) of a call on a server in doubt; `what` says what was not done: "the secret
// 'x' was not written".
base::Error doubtful(const std::string& what, const Doubt& doubt);

// What a caller is told of a server in doubt when the call itself succeeds.
std::string remark_of(const Doubt& doubt);

// The part of a plan that stays inside the server, with a remark; the whole plan on a server that
// is proven. Deleting a secret is left out. A plan that writes one ends before that with a failure.
// Fails conflict, so that nothing is changed, for a plan that would change a password whose secret
// keeps the old one, that would do nothing but write a secret, or that hands an environment over.
base::Result<Plan> confined(Plan plan, const Facts& facts);

}  // namespace environment

// SPDX-License-Identifier: Apache-2.0
//
// What callers may say in words, whichever door they come by: text that others see on a terminal
// and in a log. Pure. Internal to this room.
#pragma once

#include "environment/plan.h"

namespace environment::planning {

// Fails invalid_input for a label without a key, and for text with control characters in labels,
// origin or reason.
base::Result<void> check_texts(const CreateWish& wish);
base::Result<void> check_texts(const Wish& wish);

}  // namespace environment::planning

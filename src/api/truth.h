// SPDX-License-Identifier: Apache-2.0
//
// What a source of branches said, as the truth that a sweep judges by.
#pragma once

#include <vector>

#include "branches/branches.h"
#include "branches/ref_map.h"
#include "environment/sweep.h"

namespace api {

environment::Truth truth_of(const branches::Branches& said);
// With what a map made of the branches.
environment::Truth truth_of(const branches::Branches& said,
                            const std::vector<branches::Stage>& stages);

}  // namespace api

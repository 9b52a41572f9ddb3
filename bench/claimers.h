// SPDX-License-Identifier: Apache-2.0
//
// Several who claim at once, reviewdb or the floor, each over a session of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "claim_floor.h"
#include "stand.h"

namespace bench {

// What they came to together.
struct Claims {
    std::vector<double> milliseconds;  // of each claim
    double seconds = 0;                // from the first one's start to the last one's end
    // Milliseconds for each claim, of all of them together.
    double pace() const;
};

using Claimer = std::function<void()>;  // claims once
std::vector<Claimer> claimers(const Stand& stand, std::size_t count, const std::string& names);
std::vector<Claimer> floor_claimers(const Stand& stand, const ClaimScript& script,
                                    std::size_t count, const std::string& names);

// Each claims so many times. Throws what one of them throws.
Claims claim_at_once(const std::vector<Claimer>& all, int times);

}  // namespace bench

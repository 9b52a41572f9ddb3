// SPDX-License-Identifier: Apache-2.0
//
// What befalls a process on its way: shared by everything that the process acts through, so that
// its effects (steps on the server, writes to the secret store) are counted together.
#pragma once

#include <array>

#include "base/result.h"

namespace support {

enum class Mishap {
    none,
    dies,         // no effect from this one on; its locks are let go of with it
    refused,      // this effect fails with `error`, and the process lives
    lost_before,  // the session breaks, and the effect never came about
    lost_after,   // the session breaks, and the effect came about
    half,         // as lost_before; but a DROP DATABASE stops half way
};
inline constexpr std::array k_mishaps{Mishap::dies, Mishap::refused, Mishap::lost_before,
                                      Mishap::lost_after, Mishap::half};

struct Fate {
    Mishap mishap = Mishap::none;
    int effect = 0;  // counted from 0
    base::Error error = {base::ErrorKind::denied, "refused by the test", {}, "42501"};

    int begun = 0;
    bool dead = false;

    // What befalls the effect that begins now.
    Mishap next() {
        const int number = begun++;
        if (mishap == Mishap::dies && number >= effect) dead = true;
        return number == effect ? mishap : Mishap::none;
    }
};

// What a process that is dead gets to see.
inline tl::unexpected<base::Error> death() {
    return base::fail(base::ErrorKind::internal, "the process is dead");
}
inline tl::unexpected<base::Error> lost_session() {
    return base::fail(
        base::Error{base::ErrorKind::unavailable, "the answer was lost", {}, "08006"});
}

}  // namespace support

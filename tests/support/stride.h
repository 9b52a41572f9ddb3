// SPDX-License-Identifier: Apache-2.0
//
// How many cases of a test that tries all of them are tried. The sanitizers make all of them a
// matter of minutes, and look for what is the same in each: so with them one of so many, unless all
// are asked for. A prime number meets every kind.
#pragma once

#include <cstdlib>

namespace support {

// Whether everything is to be tried, as ./dev chaos does.
inline bool is_exhaustive() { return std::getenv("REVIEWDB_TEST_EXHAUSTIVELY") != nullptr; }

inline int stride([[maybe_unused]] int with_sanitizers) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (!is_exhaustive()) return with_sanitizers;
#endif
    return 1;
}

// For a test of which a part is enough every day, whatever it is built with.
inline int every_day(int one_of_so_many) { return is_exhaustive() ? 1 : one_of_so_many; }

// Whether that case is in every day's part.
inline bool is_of_every_day(int number, int one_of_so_many) {
    return number % every_day(one_of_so_many) == 0;
}

}  // namespace support

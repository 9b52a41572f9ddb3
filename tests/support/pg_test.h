// SPDX-License-Identifier: Apache-2.0
//
// The fixture of every test that needs a Postgres, and the one cluster that a test program shares.
#pragma once

#include <gtest/gtest.h>

#include "support/cluster.h"

namespace support {

// The cluster of this test program, started at the first call and stopped at the end of the program
// whatever the tests did. Tests keep apart by unique_name(). Throws std::runtime_error.
Cluster& shared_cluster();

// Skips, with the reason, where there are no programs of the major; fails there when $CI is set.
class PgTest : public testing::Test {
   protected:
    // Deaths, drifts and sessions that end are the same to every major, and take as long as all the
    // rest: such a test skips, with that reason, where the major is another one.
    static constexpr const char* k_tried_on_15 = "tried on Postgres 15; here by ./dev chaos";
    static bool is_tried_on_another_major();

    void SetUp() override;
};

}  // namespace support

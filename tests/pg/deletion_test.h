// SPDX-License-Identifier: Apache-2.0
//
// Environments that something keeps from being deleted, on a server with all that can: prepared
// transactions, logical slots, and an autovacuum that is always at work.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "support/environment_test.h"

class DeletionTest : public support::EnvironmentTest {
   protected:
    void SetUp() override;

    // The environment of this test.
    void make();
    // Deleting says that it is not done: what it names, and what to do about it.
    void expect_held(const std::string& holder, const std::string& next_step) const;
    // Its name is free, and nobody gets into what is left of it.
    void expect_cut_off() const;
    // What was left is called so. It is closed; a superuser has to open it to clean up inside.
    std::string open_remains() const;

    pg::ConnectionInfo mine_;
    std::string role_;
    std::string database_;
};

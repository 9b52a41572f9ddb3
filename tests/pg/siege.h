// SPDX-License-Identifier: Apache-2.0
//
// An environment's role that takes every lock it can reach, from several sessions that come again
// as soon as they are ended, while a verb of reviewdb is at work.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/environment_test.h"

// Four attackers. Each begins a transaction, takes the locks and stays idle in it; with `prepares`,
// two of them prepare transactions instead, in their own database and in `postgres`.
class Siege {
   public:
    struct Plan {
        std::string name;
        std::vector<std::string> locks;  // each is tried; what is refused is left out
        bool prepares = false;
    };

    Siege(pg::ConnectionInfo login, Plan plan);
    Siege(const Siege&) = delete;
    Siege& operator=(const Siege&) = delete;
    ~Siege();

    // From now on the attackers log in like this.
    void use(pg::ConnectionInfo login);
    // Blocks until each lock that can be had is held by one of them.
    void wait_until_it_holds() const;
    int logins() const { return logins_; }

   private:
    void attack(int number);
    void hold(pg::Connection& session, int number);
    pg::ConnectionInfo login(int number) const;

    mutable std::mutex mutex_;
    pg::ConnectionInfo login_;
    Plan plan_;
    std::atomic<bool> over_ = false;
    std::atomic<int> logins_ = 0;
    std::atomic<int> held_ = 0;
    std::vector<std::thread> attackers_;
};

// Two environments: the attacker's, and a neighbor of it. Prepared transactions are allowed.
class SiegeTest : public support::EnvironmentTest {
   protected:
    void SetUp() override;
    void TearDown() override;

    // Each lock by itself, and all of them in one transaction.
    std::vector<Siege::Plan> plans() const;
    Siege::Plan everything() const { return plans().back(); }
    // What a verb had no need to roll back would stand in the way of the next siege.
    static void roll_back_what_is_prepared();

    std::string their_name_ = support::unique_name();
    pg::ConnectionInfo mine_;
    pg::ConnectionInfo theirs_;
    std::string my_role_;
    std::string my_database_;
    std::string their_role_;
    std::string their_database_;
};

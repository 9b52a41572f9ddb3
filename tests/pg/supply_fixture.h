// SPDX-License-Identifier: Apache-2.0
//
// The fixture of every test of what is built ahead on a real server: templates, the pool, and what
// has to agree in the end.
#pragma once

#include <optional>
#include <string>

#include "environment/name.h"
#include "support/environment_test.h"

class SupplyTest : public support::EnvironmentTest {
   protected:
    using PoolReport = environment::PoolReport;
    using OnStep = std::function<void(const environment::Step&)>;

    SupplyTest() { project_name_ = "supply"; }
    void SetUp() override;
    // Removes everything, and nothing is left.
    void TearDown() override;

    void set_pool(const std::string& of, int target) const;
    base::Result<PoolReport> fill(std::optional<int> steps = std::nullopt,
                                  OnStep on_step = {}) const;
    // Filled by a login as its throw-away role, with the SQL, which is the digest too.
    base::Result<Answer> make_template(const std::string& name, const std::string& sql,
                                       std::optional<int> steps = std::nullopt,
                                       OnStep on_step = {}) const;
    base::Result<Answer> forget_template(const std::string& name,
                                         std::optional<int> steps = std::nullopt) const;
    base::Result<Answer> create_from(const std::string& name, const std::string& of,
                                     std::optional<int> steps = std::nullopt,
                                     OnStep on_step = {}) const;
    base::Result<Answer> reset(const std::string& name, const std::string& of = {},
                               std::optional<int> steps = std::nullopt, OnStep on_step = {}) const;
    void set_policy(const std::string& key, const std::string& value) const;

    // How many of the template in service wait to be claimed, and how many instances of the pool
    // there are in all, those that are being built included.
    static int warm(const std::string& of);
    static int pooled();
    // What of the registry and the catalog does not agree, or waits for somebody; one per line.
    // While nobody is at work.
    std::string disagreement() const;
    // Finishes what waits, and expects that then everything agrees.
    void expect_agreement() const;
    void finish_leftovers() const;
    // The sessions of ours that are at work, but not the one that asks.
    static void end_our_sessions();
};

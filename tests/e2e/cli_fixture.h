// SPDX-License-Identifier: Apache-2.0
//
// The built program against a server that it prepared itself, with an environment that holds
// nothing but what a test says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/sql.h"

namespace e2e {

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

// Runs in `folder`, or at home.
inline base::Finished call(const std::filesystem::path& home, const Words& words,
                           Variables variables, const std::filesystem::path& folder = {}) {
    base::Command command{.inherits = base::Environment::bare,
                          .folder = (folder.empty() ? home : folder).string()};
    command.arguments = {REVIEWDB_PROGRAM};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    variables.emplace("HOME", home.string());
    variables.emplace("XDG_STATE_HOME", (home / "state").string());
    command.environment = std::move(variables);
    return support::must(base::run(command, base::Deadline::after(std::chrono::seconds(90))));
}

inline pg::ConnectionInfo login_of(std::string url) {
    while (url.ends_with('\n')) url.pop_back();
    return support::must(pg::ConnectionInfo::parse(base::Secret(std::move(url))));
}

// What two calls of `init` said on the cluster of this program, which logs every statement.
struct Prepared {
    std::string administrator;
    base::Finished first;
    base::Finished second;
};

inline const Prepared& prepared() {
    static const Prepared k_prepared = [] {
        auto& cluster = support::shared_cluster();
        cluster.restart({{"log_statement", "all"}});
        const support::TempFolder home;
        Prepared made;
        made.administrator = cluster.make_administrator().to_uri().reveal();
        const Words words{"init", "--sslmode", "disable", "--advertise",
                          "127.0.0.1:" + std::to_string(cluster.port())};
        made.first = call(home.path(), words, {{"REVIEWDB_SERVER", made.administrator}});
        made.second = call(home.path(), words, {{"REVIEWDB_SERVER", made.administrator}});
        return made;
    }();
    return k_prepared;
}

class CliTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        ASSERT_EQ(prepared().first.exit_code, 0) << prepared().first.err;
    }

    // As the operator, unless `variables` say otherwise.
    base::Finished reviewdb(const Words& words, Variables variables = {}) const {
        variables.emplace("REVIEWDB_SERVER", operator_url());
        return call(home_.path(), words, std::move(variables));
    }
    // The call's standard output; the test fails when the call does.
    std::string output(const Words& words, Variables variables = {}) const {
        const auto finished = reviewdb(words, std::move(variables));
        EXPECT_EQ(finished.exit_code, 0) << words.front() << ": " << finished.err;
        return finished.out;
    }
    boost::json::value json(const Words& words) const { return boost::json::parse(output(words)); }
    static std::string operator_url() {
        auto url = prepared().first.out;
        while (url.ends_with('\n')) url.pop_back();
        return url;
    }
    static int port() { return support::shared_cluster().port(); }
    const support::TempFolder& home() const { return home_; }

   private:
    support::TempFolder home_;
};

}  // namespace e2e

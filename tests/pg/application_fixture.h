// SPDX-License-Identifier: Apache-2.0
//
// An environment in the hands of an application: everything as its role, through its own login.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"

// The statements of tests/pg/application.sql.
inline const std::vector<std::string>& application() {
    static const auto k_statements = [] {
        std::string rest = support::must(base::read_file(REVIEWDB_APPLICATION_SQL)).value();
        std::vector<std::string> statements;
        for (auto end = rest.find("\n\n"); end != std::string::npos; end = rest.find("\n\n")) {
            statements.push_back(rest.substr(0, end));
            rest.erase(0, end + 2);
        }
        statements.push_back(rest);
        return statements;
    }();
    return k_statements;
}

class ApplicationTest : public support::EnvironmentTest {
   protected:
    void SetUp() override {
        EnvironmentTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        made_ = support::must(create(name_));
    }

    pg::ConnectionInfo login() const { return EnvironmentTest::login(made_); }
    const Answer& made() const { return made_; }

    // Each statement by itself, in one session; the first that is refused fails the test, by name.
    void run(const std::vector<std::string>& statements) const {
        auto session = support::connect(login());
        for (const auto& sql : statements) {
            const auto rows = session.run({sql}, support::soon());
            ASSERT_TRUE(rows) << sql << ": " << rows.error().message;
        }
    }
    std::string value(const std::string& expression) const {
        return support::ask(login(), "SELECT (" + expression + ")::text AS value");
    }
    // An object that somebody else owns, other than what every database has, is one too many.
    void expect_all_is_the_roles() const {
        EXPECT_EQ(value("SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid <> "
                        "current_user::regrole AND dbid = (SELECT oid FROM pg_database WHERE "
                        "datname = current_database())"),
                  "0");
    }
    // `create` finds nothing to do and touches nothing; `delete` leaves nothing.
    void expect_whole_and_remove(const std::string& expression, const std::string& answer) const {
        EXPECT_EQ(support::must(create(name_)).outcome, environment::Outcome::unchanged);
        EXPECT_EQ(value(expression), answer);
        remove_all(name_);
    }

   private:
    Answer made_;
};

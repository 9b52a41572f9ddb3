// SPDX-License-Identifier: Apache-2.0
#include "base/inheritance.h"

#include <gmock/gmock.h>

#include <vector>

namespace {

using base::Environment;
using base::inherited;
using base::Variables;
using testing::IsEmpty;

Variables of(const std::vector<std::string>& names) {
    Variables variables;
    for (const auto& name : names) variables[name] = "value";
    return variables;
}

const std::vector<std::string> k_ours{
    "REVIEWDB_SERVER",    "REVIEWDB_KEY",          "REVIEWDB_KEY_2",         "REVIEWDB_KEY_17",
    "REVIEWDB_STATE_DIR", "REVIEWDB_GIT_PASSWORD", "REVIEWDB_NOT_KNOWN_YET", "REVIEWDB_"};
// Each variable that the documentation of libpq 18 names, and some that are not there yet.
const std::vector<std::string> k_libpq{"PGHOST",
                                       "PGHOSTADDR",
                                       "PGPORT",
                                       "PGDATABASE",
                                       "PGUSER",
                                       "PGPASSWORD",
                                       "PGPASSFILE",
                                       "PGREQUIREAUTH",
                                       "PGCHANNELBINDING",
                                       "PGSERVICE",
                                       "PGSERVICEFILE",
                                       "PGOPTIONS",
                                       "PGAPPNAME",
                                       "PGSSLMODE",
                                       "PGREQUIRESSL",
                                       "PGSSLCOMPRESSION",
                                       "PGSSLCERT",
                                       "PGSSLKEY",
                                       "PGSSLCERTMODE",
                                       "PGSSLROOTCERT",
                                       "PGSSLCRL",
                                       "PGSSLCRLDIR",
                                       "PGSSLSNI",
                                       "PGREQUIREPEER",
                                       "PGSSLMINPROTOCOLVERSION",
                                       "PGSSLMAXPROTOCOLVERSION",
                                       "PGSSLNEGOTIATION",
                                       "PGGSSENCMODE",
                                       "PGKRBSRVNAME",
                                       "PGGSSLIB",
                                       "PGGSSDELEGATION",
                                       "PGCONNECT_TIMEOUT",
                                       "PGCLIENTENCODING",
                                       "PGTARGETSESSIONATTRS",
                                       "PGLOADBALANCEHOSTS",
                                       "PGMINPROTOCOLVERSION",
                                       "PGMAXPROTOCOLVERSION",
                                       "PGDATESTYLE",
                                       "PGTZ",
                                       "PGGEQO",
                                       "PGSYSCONFDIR",
                                       "PGLOCALEDIR",
                                       "PGDATA",
                                       "PGNEW"};
const std::vector<std::string> k_aws{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                     "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE"};
const std::vector<std::string> k_others{"HOME", "PG_POOL_SIZE", "GITHUB_TOKEN", "REVIEWDBX", "PG"};

TEST(Inheritance, no_kind_of_program_gets_a_variable_of_reviewdb_or_libpq) {
    for (const auto kind : {Environment::bare, Environment::tool, Environment::application}) {
        for (const auto& name : k_ours) EXPECT_THAT(inherited(of({name}), kind), IsEmpty()) << name;
        for (const auto& name : k_libpq)
            EXPECT_THAT(inherited(of({name}), kind), IsEmpty()) << name;
    }
}

TEST(Inheritance, only_an_application_gets_the_variables_of_aws) {
    EXPECT_EQ(inherited(of(k_aws), Environment::application), of(k_aws));
    EXPECT_THAT(inherited(of(k_aws), Environment::tool), IsEmpty());
    EXPECT_THAT(inherited(of(k_aws), Environment::bare), IsEmpty());
}

TEST(Inheritance, what_is_not_ours_stays_for_tools_and_applications) {
    EXPECT_EQ(inherited(of(k_others), Environment::application), of(k_others));
    EXPECT_EQ(inherited(of(k_others), Environment::tool), of(k_others));
}

TEST(Inheritance, a_bare_program_learns_only_how_programs_run_here) {
    EXPECT_THAT(inherited(of(k_others), Environment::bare), IsEmpty());
    const auto how = of({"PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH"});
    EXPECT_EQ(inherited(how, Environment::bare), how);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// The throw-away cluster keeps what its header promises: every other test of the label pg leans on
// it.
#include "support/cluster.h"

#include <csignal>

#include "support/pg_test.h"
#include "support/sql.h"

namespace {

using support::ask;
using support::Cluster;
using support::ClusterOptions;
using support::refusal;

class ClusterTest : public support::PgTest {};

TEST_F(ClusterTest, runs_the_major_that_the_test_asks_for) {
    const auto version = ask(support::shared_cluster().superuser(),
                             "SELECT current_setting('server_version_num') AS value");
    EXPECT_EQ(version.substr(0, 2), std::to_string(support::test_major()));
}

TEST_F(ClusterTest, refuses_a_wrong_password) {
    const auto& cluster = support::shared_cluster();
    const auto login = cluster.superuser();
    const auto wrong = cluster.login(std::string(login.get("user")), base::Secret("wrong"));
    EXPECT_EQ(refusal(wrong, "SELECT 1"), "28P01");
}

TEST_F(ClusterTest, makes_administrators_that_are_no_superusers) {
    const auto administrator = support::shared_cluster().make_administrator();
    EXPECT_EQ(ask(administrator,
                  "SELECT concat(rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, rolreplication,"
                  " rolbypassrls) AS value FROM pg_roles WHERE rolname = current_user"),
              "ftttff");
}

TEST_F(ClusterTest, keeps_port_and_data_over_a_crash) {
    Cluster cluster;
    support::execute(cluster.superuser(), "CREATE TABLE kept AS SELECT 42 AS value");
    const auto before = cluster.port();
    cluster.kill9();
    EXPECT_TRUE(local::processes_of(cluster.data()).empty());
    EXPECT_EQ(refusal(cluster.superuser(), "SELECT 1"), "unavailable");
    cluster.start();
    EXPECT_EQ(cluster.port(), before);
    EXPECT_EQ(ask(cluster.superuser(), "SELECT value::text FROM kept"), "42");
}

TEST_F(ClusterTest, takes_settings_and_shows_its_log) {
    ClusterOptions options;
    options.settings = {{"log_statement", "all"}, {"max_prepared_transactions", "7"}};
    Cluster cluster(options);
    EXPECT_EQ(
        ask(cluster.superuser(), "SELECT current_setting('max_prepared_transactions') AS value"),
        "7");
    cluster.restart({{"max_prepared_transactions", "3"}});
    EXPECT_EQ(ask(cluster.superuser(),
                  "SELECT current_setting('max_prepared_transactions') AS value, 'needle'"),
              "3");
    EXPECT_NE(cluster.server_log().find("'needle'"), std::string::npos);
}

TEST_F(ClusterTest, refuses_plain_connections_when_tls_is_required) {
    ClusterOptions options;
    options.tls = support::Tls::required;
    Cluster cluster(options);
    EXPECT_EQ(refusal(cluster.superuser().with("sslmode", "disable"), "SELECT 1"), "28000");
    EXPECT_TRUE(support::connect(cluster.superuser()).uses_tls());
}

TEST_F(ClusterTest, is_only_trusted_by_who_has_its_authority) {
    ClusterOptions options;
    options.tls = support::Tls::offered;
    Cluster cluster(options);
    Cluster other(options);
    const auto login = cluster.superuser().with("sslrootcert", other.ca_file().string());
    EXPECT_FALSE(pg::Connection::open(login, base::Deadline::after(std::chrono::seconds(5))));
    EXPECT_FALSE(support::connect(cluster.superuser().with("sslmode", "disable")).uses_tls());
}

TEST_F(ClusterTest, leaves_no_process_and_no_folder_behind) {
    std::filesystem::path data;
    pid_t pid = 0;
    {
        Cluster cluster;
        data = cluster.data();
        pid = cluster.postmaster_pid();
        ASSERT_EQ(kill(pid, 0), 0);
    }
    EXPECT_NE(kill(pid, 0), 0);
    EXPECT_FALSE(std::filesystem::exists(data.parent_path()));
}

}  // namespace

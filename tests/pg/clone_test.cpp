// SPDX-License-Identifier: Apache-2.0
//
// A database is made from a template by each strategy, also where cloning its files is refused.
#include "server/clone.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "local/unix_user.h"
#include "server/session.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/pristine.h"
#include "support/sql.h"
#include "support/tcp_proxy.h"

namespace {

using base::ErrorKind;
using environment::CloneStrategy;
using environment::FileCloning;
using support::ask;
using support::must;
using support::soon;

constexpr int k_first_with_file_clone = 18;

class Cloning : public support::PgTest {
   protected:
    // Two megabytes and a half that do not compress.
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        fill(manager(support::prepared_operator()), support::shared_cluster());
    }
    void fill(pg::Connection session, const support::Cluster& cluster) const {
        must(session.run({"CREATE DATABASE " + template_ + " TEMPLATE reviewdb_template_0"},
                         soon()));
        support::execute(cluster.superuser(template_),
                         "CREATE TABLE film AS SELECT i, md5(i::text) AS title "
                         "FROM generate_series(1, 40000) i");
        must(session.run({"ALTER DATABASE " + template_ + " ALLOW_CONNECTIONS false"}, soon()));
    }
    static pg::Connection manager(const pg::ConnectionInfo& login) {
        base::Log log{base::LogLevel::warning, base::LogFormat::text};
        return must(server::open_session(login, "reviewdb", server::Acting::as_manager,
                                         "reviewdb/test", soon(), log));
    }
    server::CloneOrder order(CloneStrategy strategy) const { return {copy_, template_, strategy}; }

    // What the server has written to its log, in bytes.
    static double logged(const support::Cluster& cluster) {
        return std::stod(
            ask(cluster.superuser(), "SELECT pg_current_wal_insert_lsn() - '0/0' AS value"));
    }
    void expect_closed_and_whole(const support::Cluster& cluster) const {
        EXPECT_EQ(support::refusal(cluster.superuser(copy_), "SELECT 1"), "55000");
        support::execute(cluster.superuser(),
                         "ALTER DATABASE " + copy_ + " ALLOW_CONNECTIONS true");
        EXPECT_EQ(ask(cluster.superuser(copy_), "SELECT count(*)::text AS value FROM film"),
                  "40000");
    }

    std::string template_ = support::unique_name("template");
    std::string copy_ = support::unique_name("copy");
};

TEST_F(Cloning, through_the_log_writes_all_of_it_there) {
    auto& cluster = support::shared_cluster();
    auto session = manager(support::prepared_operator());
    const auto before = logged(cluster);
    const auto cloned =
        must(server::clone_database(session, order(CloneStrategy::wal_log), soon()));
    EXPECT_GT(logged(cluster) - before, 2 << 20);
    EXPECT_EQ(cloned.strategy, CloneStrategy::wal_log);
    EXPECT_EQ(cloned.file_cloning, FileCloning::unknown);
    expect_closed_and_whole(cluster);
}

TEST_F(Cloning, by_copies_of_files_writes_none_of_it_to_the_log) {
    auto& cluster = support::shared_cluster();
    auto session = manager(support::prepared_operator());
    const auto before = logged(cluster);
    const auto cloned =
        must(server::clone_database(session, order(CloneStrategy::file_copy), soon()));
    EXPECT_LT(logged(cluster) - before, 2 << 20);
    EXPECT_EQ(cloned.strategy, CloneStrategy::file_copy);
    EXPECT_EQ(cloned.file_cloning, FileCloning::unknown);
    expect_closed_and_whole(cluster);
}

TEST_F(Cloning, of_files_is_learnt_and_leaves_the_session_as_it_was) {
    auto& cluster = support::shared_cluster();
    auto session = manager(support::prepared_operator());
    const auto cloned =
        must(server::clone_database(session, order(CloneStrategy::file_clone), soon()));
    if (support::test_major() >= k_first_with_file_clone) {
        EXPECT_EQ(cloned.strategy, CloneStrategy::file_clone);
        EXPECT_EQ(cloned.file_cloning, FileCloning::works);
        EXPECT_EQ(ask(session, "SELECT current_setting('file_copy_method') AS value"), "copy");
    } else {
        EXPECT_EQ(cloned.strategy, CloneStrategy::file_copy);
        EXPECT_EQ(cloned.file_cloning, FileCloning::fails);
        EXPECT_NE(cloned.refusal, "");
    }
    expect_closed_and_whole(cluster);
}

// The kernel clones nothing from one file system to another.
TEST_F(Cloning, of_files_that_is_refused_becomes_a_copy) {
    if (support::test_major() < k_first_with_file_clone) GTEST_SKIP() << "there is none before 18";
    support::Cluster cluster;
    const support::TempFolder elsewhere(support::prefix_of("elsewhere"), 0755,
                                        support::Medium::disk);
    struct stat here {};
    struct stat there {};
    ASSERT_EQ(stat(cluster.data().c_str(), &here), 0);
    ASSERT_EQ(stat(elsewhere.path().c_str(), &there), 0);
    if (here.st_dev == there.st_dev) GTEST_SKIP() << "there is one file system only";
    const auto login = support::prepare_operator(cluster);
    fill(manager(login), cluster);
    const auto oid =
        ask(cluster.superuser(),
            "SELECT oid AS value FROM pg_database WHERE datname = '" + template_ + "'");
    cluster.stop();
    const auto folder = cluster.data() / "base" / oid;
    support::copy_folder(folder, elsewhere / oid);
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory_symlink(elsewhere / oid, folder);
    cluster.start();

    auto session = manager(login);
    const auto cloned =
        must(server::clone_database(session, order(CloneStrategy::file_clone), soon()));
    EXPECT_EQ(cloned.strategy, CloneStrategy::file_copy);
    EXPECT_EQ(cloned.file_cloning, FileCloning::fails);
    EXPECT_NE(cloned.refusal.find("could not clone file"), std::string::npos) << cloned.refusal;
    EXPECT_EQ(ask(session, "SELECT current_setting('file_copy_method') AS value"), "copy");
    expect_closed_and_whole(cluster);
    EXPECT_EQ(ask(cluster.superuser(),
                  "SELECT count(*)::text AS value FROM pg_database WHERE "
                  "datname = '" +
                      copy_ + "'"),
              "1");
}

TEST_F(Cloning, that_fails_for_another_reason_says_that_one_and_makes_nothing) {
    auto session = manager(support::prepared_operator());
    for (const auto strategy :
         {CloneStrategy::wal_log, CloneStrategy::file_copy, CloneStrategy::file_clone}) {
        const auto taken =
            server::clone_database(session, {"reviewdb", template_, strategy}, soon());
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().sqlstate, "42P04");
        EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
        EXPECT_EQ(taken.error().message.find("cannot create the database reviewdb: "), 0U);
        const auto absent = server::clone_database(session, {copy_, "no_such", strategy}, soon());
        ASSERT_FALSE(absent);
        EXPECT_EQ(absent.error().sqlstate, "3D000");
        EXPECT_TRUE(session.alive());
    }
    must(server::clone_database(session, order(CloneStrategy::wal_log), soon()));
}

TEST_F(Cloning, whose_answer_is_lost_is_in_doubt_and_not_tried_otherwise) {
    const auto& cluster = support::shared_cluster();
    const auto there = "SELECT count(*)::text AS value FROM pg_database WHERE datname = '";
    for (const auto strategy : {CloneStrategy::wal_log, CloneStrategy::file_clone}) {
        copy_ = support::unique_name("copy");
        support::TcpProxy wire(cluster.port());
        auto session =
            manager(support::prepared_operator().with("port", std::to_string(wire.port())));
        wire.reset_after_request("CREATE DATABASE");
        const auto lost = server::clone_database(session, order(strategy), soon());
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error().kind, ErrorKind::in_doubt) << lost.error().message;
        EXPECT_FALSE(session.alive());
        const auto deadline = soon();
        while (ask(cluster.superuser(), there + copy_ + "'") == "0") {
            ASSERT_FALSE(deadline.passed());
        }
    }
}

}  // namespace

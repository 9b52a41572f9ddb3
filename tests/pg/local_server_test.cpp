// SPDX-License-Identifier: Apache-2.0
//
// The life of a local server when all is well.
#include "local/local_server.h"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

#include "pg/local_server_fixture.h"

namespace {

using local::StartOutcome;
using support::ask;
using support::must;
using support::refusal;

std::string setting(const local::Started& started, const std::string& name) {
    return ask(started.administrator, "SELECT current_setting('" + name + "') AS value");
}

TEST_F(LocalServerTest, makes_a_durable_server_that_only_this_machine_reaches) {
    const auto started = start();
    EXPECT_EQ(started.outcome, StartOutcome::made);
    EXPECT_EQ(setting(started, "listen_addresses"), "127.0.0.1");
    EXPECT_EQ(setting(started, "unix_socket_directories"), "");
    EXPECT_EQ(setting(started, "fsync"), "on");
    EXPECT_EQ(setting(started, "server_encoding"), "UTF8");
}

TEST_F(LocalServerTest, trusts_nobody_without_the_password) {
    const auto started = start();
    const auto user = std::string(started.administrator.get("user"));
    EXPECT_TRUE(support::connect(started.administrator).used_password());
    EXPECT_EQ(refusal(started.administrator.with_login(user, base::Secret("wrong")), "SELECT 1"),
              "28P01");
    EXPECT_EQ(ask(started.administrator,
                  "SELECT count(*)::text AS value FROM pg_hba_file_rules WHERE auth_method <> "
                  "'scram-sha-256'"),
              "0");
}

TEST_F(LocalServerTest, keeps_the_password_out_of_other_peoples_sight) {
    const auto password = start().administrator.password().reveal();
    struct stat facts {};
    ASSERT_EQ(stat((folder / "administrator").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    int holders = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const auto content = must(base::read_file(entry.path()));
        if (content && content->find(password) != std::string::npos) ++holders;
    }
    EXPECT_EQ(holders, 1);
}

TEST_F(LocalServerTest, adopts_a_running_server_in_no_time_and_without_any_program) {
    const auto made = start();
    places = {};
    auto fastest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 20; ++i) {
        const auto before = std::chrono::steady_clock::now();
        const auto adopted = start();
        fastest = std::min(fastest, std::chrono::steady_clock::now() - before);
        EXPECT_EQ(adopted.outcome, StartOutcome::adopted);
        EXPECT_EQ(adopted.administrator.to_uri(), made.administrator.to_uri());
    }
    EXPECT_LT(fastest, std::chrono::milliseconds(3));
}

TEST_F(LocalServerTest, keeps_port_password_and_data_from_stop_to_start) {
    const auto made = start_with_data();
    EXPECT_TRUE(must(server().stop(soon())));
    EXPECT_FALSE(must(server().stop(soon())));
    EXPECT_EQ(refusal(made.administrator, "SELECT 1"), "unavailable");
    const auto again = start();
    EXPECT_EQ(again.outcome, StartOutcome::started);
    EXPECT_EQ(again.administrator.to_uri(), made.administrator.to_uri());
    EXPECT_EQ(kept(again), "data");
}

TEST_F(LocalServerTest, outlives_a_session_that_is_busy_when_it_is_stopped) {
    const auto started = start();
    auto session = support::connect(started.administrator);
    std::thread busy([&] { EXPECT_FALSE(session.run({"SELECT pg_sleep(60)"}, soon())); });
    EXPECT_TRUE(must(server().stop(soon())));
    busy.join();
    EXPECT_FALSE(must(server().status()).running);
}

TEST_F(LocalServerTest, tells_its_state) {
    auto status = must(server().status());
    EXPECT_FALSE(status.exists);
    EXPECT_FALSE(std::filesystem::exists(folder));

    const auto port = std::string(start().administrator.get("port"));
    status = must(server().status());
    EXPECT_TRUE(status.exists && status.running);
    EXPECT_EQ(status.folder, folder);
    EXPECT_EQ(std::to_string(status.port), port);
    EXPECT_EQ(status.major, support::test_major());
    EXPECT_EQ(kill(status.pid, 0), 0);

    must(server().stop(soon()));
    status = must(server().status());
    EXPECT_TRUE(status.exists && !status.running);
    EXPECT_EQ(std::to_string(status.port), port);
    EXPECT_EQ(status.pid, 0);
}

TEST_F(LocalServerTest, makes_one_server_for_twenty_starts_at_once) {
    std::vector<local::Started> started(20);
    std::vector<std::thread> threads;
    threads.reserve(started.size());
    for (auto& outcome : started) {
        threads.emplace_back([&] { outcome = start(); });
    }
    for (auto& thread : threads) thread.join();
    const auto made = [](const auto& one) { return one.outcome == StartOutcome::made; };
    EXPECT_EQ(std::ranges::count_if(started, made), 1);
    for (const auto& one : started) {
        EXPECT_EQ(one.administrator.to_uri(), started[0].administrator.to_uri());
    }
    EXPECT_EQ(setting(started[0], "cluster_name"), "reviewdb_local");
}

TEST_F(LocalServerTest, starts_stops_and_removes_at_once_without_harm) {
    std::vector<std::thread> threads;
    threads.reserve(6);
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([this, i] {
            if (i == 1 || i == 4) {
                EXPECT_TRUE(server().remove(soon()));
            } else if (i == 2) {
                EXPECT_TRUE(server().stop(soon()));
            } else {
                EXPECT_TRUE(server().start(soon()));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(refusal(start().administrator, "SELECT 1"), "");
}

TEST_F(LocalServerTest, waits_for_another_program_no_longer_than_the_deadline) {
    std::filesystem::create_directory(folder);
    const auto held = must(local::StateFolder(folder).take(soon()));
    const auto refused = server().start(base::Deadline::after(std::chrono::milliseconds(50)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::overloaded);
}

TEST_F(LocalServerTest, is_gone_with_everything_when_it_is_removed_while_running) {
    start_with_data();
    const auto pid = must(server().status()).pid;
    EXPECT_TRUE(must(server().remove(soon())));
    EXPECT_NE(kill(pid, 0), 0);
    EXPECT_FALSE(std::filesystem::exists(folder));
    EXPECT_FALSE(must(server().remove(soon())));
    const auto anew = start();
    EXPECT_EQ(anew.outcome, StartOutcome::made);
    EXPECT_EQ(refusal(anew.administrator, "TABLE kept"), "42P01");
}

TEST_F(LocalServerTest, remembers_the_operator_at_the_port_of_the_day) {
    const auto started = start();
    EXPECT_FALSE(must(server().operator_login()));
    const auto login = started.administrator.with_login("op", base::Secret("p@ss/wörd"))
                           .with("dbname", "reviewdb")
                           .with("port", "1");
    must(server().remember_operator(login));
    const auto remembered = must(server().operator_login());
    ASSERT_TRUE(remembered);
    EXPECT_EQ(remembered->get("user"), "op");
    EXPECT_EQ(remembered->password(), base::Secret("p@ss/wörd"));
    EXPECT_EQ(remembered->get("dbname"), "reviewdb");
    EXPECT_EQ(remembered->get("port"), started.administrator.get("port"));
}

TEST_F(LocalServerTest, forgets_the_operator_with_the_server) {
    must(server().remember_operator(start().administrator));
    ASSERT_TRUE(must(server().operator_login()));
    must(server().remove(soon()));
    start();
    EXPECT_FALSE(must(server().operator_login()));
}

}  // namespace

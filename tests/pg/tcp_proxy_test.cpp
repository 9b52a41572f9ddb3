// SPDX-License-Identifier: Apache-2.0
#include "support/tcp_proxy.h"

#include <chrono>

#include "support/pg_test.h"
#include "support/sql.h"

namespace {

using namespace std::chrono_literals;
using support::ask;
using support::TcpProxy;

base::Deadline within(std::chrono::milliseconds time) { return base::Deadline::after(time); }

class TcpProxyTest : public support::PgTest {
   protected:
    void SetUp() override {
        support::PgTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        direct = support::shared_cluster().superuser();
        proxy.emplace(support::shared_cluster().port());
        login = direct.with("port", std::to_string(proxy->port()));
    }

    pg::ConnectionInfo direct;
    pg::ConnectionInfo login;
    std::optional<TcpProxy> proxy;
};

TEST_F(TcpProxyTest, forwards_both_ways) {
    EXPECT_EQ(ask(login, "SELECT repeat('x', 300000) AS value").size(), 300000U);
    EXPECT_EQ(proxy->connections(), 1U);
}

TEST_F(TcpProxyTest, remembers_what_clients_sent_in_its_order) {
    auto first = support::connect(login);
    ask(login, "SELECT 'second' AS value");
    ask(first, "SELECT 'first again' AS value");
    std::vector<std::size_t> speakers;
    for (const auto& [connection, bytes] : proxy->sent()) {
        if (bytes.find("SELECT '") != std::string::npos) speakers.push_back(connection);
    }
    EXPECT_EQ(speakers, (std::vector<std::size_t>{2, 1}));
}

TEST_F(TcpProxyTest, delays_each_way) {
    auto connection = support::connect(login);
    proxy->delay(60ms);
    const auto start = std::chrono::steady_clock::now();
    ask(connection, "SELECT 'x' AS value");
    EXPECT_GE(std::chrono::steady_clock::now() - start, 120ms);
}

TEST_F(TcpProxyTest, stalls_until_it_forwards_again) {
    auto stuck = support::connect(login);
    auto patient = support::connect(login);
    proxy->stall();
    const auto answer = stuck.run({"SELECT 1"}, within(100ms));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, base::ErrorKind::deadline);
    proxy->forward();
    EXPECT_EQ(ask(patient, "SELECT 'x' AS value"), "x");
}

TEST_F(TcpProxyTest, drops_and_resets_what_stands_and_takes_new_connections) {
    auto first = support::connect(login);
    proxy->drop();
    EXPECT_FALSE(first.run({"SELECT 1"}, within(5s)));
    auto second = support::connect(login);
    proxy->reset();
    EXPECT_FALSE(second.run({"SELECT 1"}, within(5s)));
    EXPECT_EQ(ask(login, "SELECT 'x' AS value"), "x");
}

TEST_F(TcpProxyTest, refuses_until_it_forwards_again) {
    proxy->refuse();
    EXPECT_FALSE(pg::Connection::open(login, within(500ms)));
    proxy->forward();
    EXPECT_EQ(ask(login, "SELECT 'x' AS value"), "x");
}

TEST_F(TcpProxyTest, cuts_the_answer_to_one_request_that_still_arrives) {
    const auto name = support::unique_name();
    auto connection = support::connect(login);
    proxy->reset_after_request(name);
    EXPECT_FALSE(connection.run({"CREATE DATABASE " + name}, within(10s)));
    const auto deadline = within(10s);
    const auto count =
        "SELECT count(*)::text AS value FROM pg_database WHERE datname = '" + name + "'";
    while (ask(direct, count) == "0" && !deadline.passed()) {
    }
    EXPECT_EQ(ask(direct, count), "1");
}

}  // namespace

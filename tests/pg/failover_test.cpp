// SPDX-License-Identifier: Apache-2.0
//
// A writer that becomes a reader, and one whose place another takes behind the same address.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/environment_test.h"
#include "support/sql.h"
#include "support/tcp_proxy.h"

namespace {

using namespace std::chrono_literals;
using environment::StepKind;
using support::ask;
using support::Caller;
using support::Cluster;
using support::execute;
using support::Request;
using testing::HasSubstr;

// Two servers, the second a standby of the first, and an address that leads to the first.
class FailoverTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        first_.emplace();
        const auto login = support::prepare_operator(*first_);
        first_->stop();
        support::ClusterOptions options;
        options.standby_of = &*first_;
        second_.emplace(options);
        first_->start();
        address_.emplace(first_->port());
        // As applications are told: an address that leads to whichever is the writer.
        execute(first_->superuser("reviewdb"),
                fmt::format("UPDATE registry.policy SET value = '{}' WHERE key = 'port'",
                            address_->port()));
        caller_ = {login.with("port", std::to_string(address_->port())), "failover"};
    }

    // Everything that the first has committed is on the second, which becomes the writer.
    void promote_second() {
        const auto written =
            ask(first_->superuser(), "SELECT pg_current_wal_insert_lsn()::text AS value");
        const auto replayed =
            fmt::format("SELECT (pg_last_wal_replay_lsn() >= '{}')::text AS value", written);
        const auto deadline = support::soon();
        while (ask(second_->superuser(), replayed) != "true") {
            if (deadline.passed()) throw std::runtime_error("the standby does not follow");
            std::this_thread::sleep_for(5ms);
        }
        execute(second_->superuser(), "SELECT pg_promote()");
        address_->redirect(second_->port());
    }
    // For sessions that stand, too.
    void make_first_read_only(const char* value) {
        execute(first_->superuser(),
                fmt::format("ALTER SYSTEM SET default_transaction_read_only = {}", value));
        execute(first_->superuser(), "SELECT pg_reload_conf()");
        while (ask(first_->superuser(),
                   "SELECT current_setting('default_transaction_read_only') AS value") != value) {
        }
    }
    // Creates an environment, with `harm` as the step begins, and uses it where the address leads.
    void expect_created(StepKind step, const std::function<void()>& harm) {
        auto harmed = caller_;
        bool done = false;
        harmed.on_step = [&](const auto& begun) {
            if (begun.kind != step || done) return;
            done = true;
            harm();
        };
        const auto made = harmed.call(Request::create, "followed");
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_TRUE(done);
        EXPECT_EQ(support::use_and_remove(caller_, "followed"), "");
        EXPECT_EQ(support::what_is_left(second_->superuser(), caller_.project), "");
    }

    std::optional<Cluster> first_;
    std::optional<Cluster> second_;
    std::optional<support::TcpProxy> address_;
    Caller caller_;
};

TEST_F(FailoverTest, is_told_of_a_reader_in_place_of_the_writer) {
    auto hasty = caller_;
    hasty.patience = 2s;
    address_->redirect(second_->port());
    const auto standby = hasty.call(Request::create, "refused");
    ASSERT_FALSE(standby);
    EXPECT_EQ(standby.error().kind, base::ErrorKind::unavailable);
    EXPECT_THAT(standby.error().message, HasSubstr("reader"));

    address_->redirect(first_->port());
    hasty.on_step = [&](const auto& step) {
        if (step.kind == StepKind::create_database) make_first_read_only("on");
    };
    const auto read_only = hasty.call(Request::create, "refused");
    ASSERT_FALSE(read_only);
    EXPECT_EQ(read_only.error().kind, base::ErrorKind::unavailable);
    EXPECT_THAT(read_only.error().message, HasSubstr("reader"));

    make_first_read_only("off");
    EXPECT_EQ(support::use_and_remove(caller_, "refused"), "");
    EXPECT_EQ(support::what_is_left(first_->superuser(), caller_.project), "");
}

TEST_F(FailoverTest, follows_to_the_new_writer_while_the_old_one_lives_on_as_a_reader) {
    expect_created(StepKind::secure_database, [&] {
        make_first_read_only("on");
        promote_second();
    });
}

TEST_F(FailoverTest, follows_to_the_new_writer_when_the_old_one_dies) {
    expect_created(StepKind::hand_over, [&] {
        promote_second();
        first_->kill9();
    });
}

}  // namespace

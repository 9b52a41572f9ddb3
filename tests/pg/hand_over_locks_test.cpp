// SPDX-License-Identifier: Apache-2.0
//
// Handing over while others have filled the lock table, which all databases of a server share; so
// on a server of its own.
#include <memory>

#include "pg/hand_over_fixture.h"

namespace {

using support::must;
using support::soon;
using testing::IsEmpty;

// Locks nothing else wants, as many as it can get; in a session that is there from the start, as
// none can be opened then.
class Hog {
   public:
    explicit Hog(const pg::ConnectionInfo& login) : session_(support::connect(login)) {}
    void leave_room_for(int locks) {
        while (session_.run({fmt::format("SELECT pg_advisory_lock({})", taken_)}, soon())) ++taken_;
        for (; locks > 0 && taken_ > 0; --locks) {
            must(session_.run({fmt::format("SELECT pg_advisory_unlock({})", --taken_)}, soon()));
        }
    }
    void leave() { must(session_.run({"SELECT pg_advisory_unlock_all()"}, soon())); }

   private:
    pg::Connection session_;
    int taken_ = 0;
};

class HandOverWithoutLocks : public HandOverTest {
   protected:
    void SetUp() override {
        if (!support::reason_without_postgres(support::test_major())) {
            support::ClusterOptions options;
            options.settings = {{"max_connections", "20"}};
            cluster_ = std::make_unique<support::Cluster>(options);
            login_ = support::prepare_operator(*cluster_);
        }
        HandOverTest::SetUp();
    }
    const support::Cluster& cluster() const override { return *cluster_; }
    const pg::ConnectionInfo& login() const override { return login_; }

    int shortages() const {
        const std::string_view words = "ERROR:  out of shared memory";
        const auto log = cluster().server_log();
        int count = 0;
        for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1))
            ++count;
        return count;
    }

   private:
    std::unique_ptr<support::Cluster> cluster_;
    pg::ConnectionInfo login_;
};

TEST_F(HandOverWithoutLocks, goes_on_in_smaller_parts_when_there_is_no_room_for_larger_ones) {
    make_original({tables(300)});
    make_database(copy_, original_, to_);
    auto inside = manager(copy_);
    Hog hog(root());
    hog.leave_room_for(100);
    const auto before = shortages();
    const auto handed = server::hand_over(inside, from_, to_, soon());
    EXPECT_TRUE(handed) << handed.error().message;
    EXPECT_GT(shortages(), before);
    hog.leave();
    EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
    EXPECT_EQ(memberships(), "0");
}

TEST_F(HandOverWithoutLocks, what_fits_in_one_transaction_is_parted_when_it_turns_out_not_to) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    make_original({tables(50)});
    make_database(copy_, original_, to_);
    auto inside = manager(copy_);
    Hog hog(root());
    hog.leave_room_for(60);
    const auto before = shortages();
    const auto handed = server::hand_over(inside, from_, to_, soon());
    EXPECT_TRUE(handed) << handed.error().message;
    EXPECT_GT(shortages(), before);
    hog.leave();
    EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
}

TEST_F(HandOverWithoutLocks, without_room_for_one_table_is_overloaded_until_there_is) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    make_original({tables(300)});
    make_database(copy_, original_, to_);
    auto inside = manager(copy_);
    Hog hog(root());
    hog.leave_room_for(0);
    const auto refused = server::hand_over(inside, from_, to_, soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::overloaded);
    EXPECT_EQ(refused.error().sqlstate, "53200");
    hog.leave();
    must(server::hand_over(inside, from_, to_, soon()));
    EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
    EXPECT_EQ(memberships(), "0");
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "environment/cloning.h"

#include <gtest/gtest.h>

#include <array>

namespace {

using environment::choose_clone_strategy;
using environment::CloneFacts;
using environment::CloneStrategy;
using environment::FileCloning;
using environment::k_smallest_file_clone;
using environment::k_smallest_file_copy;

constexpr std::int64_t k_gigabyte = std::int64_t{1} << 30;
constexpr std::array k_all_knowledge{FileCloning::unknown, FileCloning::works, FileCloning::fails};

CloneStrategy strategy_for(const CloneFacts& facts) {
    return choose_clone_strategy(facts).strategy;
}

TEST(CloneStrategy, a_small_template_goes_through_the_log_on_every_server) {
    for (const int version : {150000, 160014, 170010, 180000, 190000}) {
        for (const auto known : k_all_knowledge) {
            for (const auto bytes : {std::int64_t{0}, k_smallest_file_clone - 1}) {
                EXPECT_EQ(strategy_for({version, bytes, known}), CloneStrategy::wal_log)
                    << version << ' ' << bytes;
            }
        }
    }
}

TEST(CloneStrategy, a_large_one_is_copied_by_a_server_that_cannot_clone_files) {
    for (const auto known : k_all_knowledge) {
        EXPECT_EQ(strategy_for({170010, k_smallest_file_copy, known}), CloneStrategy::file_copy);
        EXPECT_EQ(strategy_for({150000, k_gigabyte, known}), CloneStrategy::file_copy);
        EXPECT_EQ(strategy_for({170010, k_smallest_file_copy - 1, known}), CloneStrategy::wal_log);
    }
    EXPECT_EQ(strategy_for({180004, k_gigabyte, FileCloning::fails}), CloneStrategy::file_copy);
    EXPECT_EQ(strategy_for({180004, k_smallest_file_copy - 1, FileCloning::fails}),
              CloneStrategy::wal_log);
}

TEST(CloneStrategy, a_large_one_is_tried_to_be_cloned_from_18_on_until_it_was_refused) {
    EXPECT_EQ(strategy_for({180000, k_smallest_file_copy, FileCloning::unknown}),
              CloneStrategy::file_clone);
    EXPECT_EQ(strategy_for({180000, k_smallest_file_copy - 1, FileCloning::unknown}),
              CloneStrategy::wal_log);
    EXPECT_EQ(strategy_for({190000, k_gigabyte, FileCloning::unknown}), CloneStrategy::file_clone);
}

TEST(CloneStrategy, a_smaller_one_is_cloned_where_that_was_seen_to_work) {
    EXPECT_EQ(strategy_for({180000, k_smallest_file_clone, FileCloning::works}),
              CloneStrategy::file_clone);
    EXPECT_EQ(strategy_for({180000, k_gigabyte, FileCloning::works}), CloneStrategy::file_clone);
}

TEST(CloneStrategy, the_reason_says_the_size_and_what_it_was_compared_with) {
    const auto small = choose_clone_strategy({180004, 8 << 20, FileCloning::works});
    EXPECT_EQ(small.reason,
              "8.0 MB is less than 64.0 MB: two checkpoints would cost more than its log");
    EXPECT_EQ(choose_clone_strategy({150018, 100 << 20, FileCloning::unknown}).reason,
              "100.0 MB is less than 256.0 MB: two checkpoints would cost more than its log");
    EXPECT_EQ(choose_clone_strategy({150018, k_gigabyte, FileCloning::unknown}).reason,
              "1.0 GB, which is cheaper to copy than to log");
    EXPECT_EQ(choose_clone_strategy({180004, k_gigabyte, FileCloning::works}).reason,
              "1.0 GB, and the server clones files");
    EXPECT_EQ(choose_clone_strategy({180004, k_gigabyte, FileCloning::unknown}).reason,
              "1.0 GB, and the server may be able to clone files");
}

TEST(CloneStrategy, words_are_read_back) {
    for (const auto known : k_all_knowledge) {
        EXPECT_EQ(environment::parse_file_cloning(to_text(known)), known);
    }
    EXPECT_FALSE(environment::parse_file_cloning("perhaps"));
    EXPECT_EQ(to_text(CloneStrategy::wal_log), "wal_log");
    EXPECT_EQ(to_text(CloneStrategy::file_copy), "file_copy");
    EXPECT_EQ(to_text(CloneStrategy::file_clone), "file_clone");
}

}  // namespace

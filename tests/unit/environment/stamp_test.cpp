// SPDX-License-Identifier: Apache-2.0
#include "environment/stamp.h"

#include <gtest/gtest.h>

namespace {

using base::Uuid;
using environment::DatabaseStamp;

constexpr const char* k_installation = "00000000-0000-4000-8000-000000000001";
constexpr const char* k_stamped_instance = "00000000-0000-4000-8000-000000000002";
constexpr const char* k_stamped_role = "00000000-0000-4000-8000-000000000003";
constexpr const char* k_stamp_text =
    "reviewdb/1 00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000002 "
    "00000000-0000-4000-8000-000000000003.12 shop p c2VhbGVk";

DatabaseStamp some_stamp() {
    return {*Uuid::parse(k_installation),
            *Uuid::parse(k_stamped_instance),
            *Uuid::parse(k_stamped_role),
            12,
            "shop",
            true,
            "c2VhbGVk"};
}

TEST(DatabaseStamp, is_written_in_its_published_form) {
    EXPECT_EQ(some_stamp().to_text(), k_stamp_text);
    auto unnamed = some_stamp();
    unnamed.shielded = false;
    unnamed.sealed_name = "";
    EXPECT_TRUE(unnamed.to_text().ends_with(".12 shop - -")) << unnamed.to_text();
}

TEST(DatabaseStamp, is_read_back_as_it_was_written) {
    auto stamp = some_stamp();
    for (const bool named : {true, false}) {
        stamp.shielded = named;
        if (!named) stamp.sealed_name.clear();
        const auto read = DatabaseStamp::parse(stamp.to_text());
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->installation, stamp.installation);
        EXPECT_EQ(read->instance, stamp.instance);
        EXPECT_EQ(read->role, stamp.role);
        EXPECT_EQ(read->password_version, 12);
        EXPECT_EQ(read->project, "shop");
        EXPECT_EQ(read->shielded, named);
        EXPECT_EQ(read->sealed_name, stamp.sealed_name);
    }
}

TEST(DatabaseStamp, may_grow_at_its_end_without_a_new_format) {
    const auto read = DatabaseStamp::parse(std::string(k_stamp_text) + " of tomorrow");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->sealed_name, "c2VhbGVk");
}

TEST(DatabaseStamp, is_nothing_for_any_other_comment) {
    const std::string text = k_stamp_text;
    for (const auto& other :
         {std::string(), std::string("a team's database"), text.substr(0, text.rfind(' ')),
          " " + text, "x" + text, "reviewdb/2" + text.substr(10), "reviewdb/10" + text.substr(10),
          text.substr(0, 20)}) {
        EXPECT_FALSE(DatabaseStamp::parse(other).has_value()) << other;
    }
    const auto changed = [&](const std::string& what, const std::string& by) {
        auto copy = text;
        return copy.replace(copy.find(what), what.size(), by);
    };
    EXPECT_FALSE(DatabaseStamp::parse(changed(".12", "")).has_value());
    EXPECT_FALSE(DatabaseStamp::parse(changed(".12", ".")).has_value());
    EXPECT_FALSE(DatabaseStamp::parse(changed(".12", ".0")).has_value());
    EXPECT_FALSE(DatabaseStamp::parse(changed(".12", ".-1")).has_value());
    EXPECT_FALSE(DatabaseStamp::parse(changed(".12", ".12x")).has_value());
    for (const auto* id : {k_installation, k_stamped_instance, k_stamped_role}) {
        EXPECT_FALSE(DatabaseStamp::parse(changed(id, "someone")).has_value()) << id;
    }
}

TEST(DatabaseStamp, begins_with_who_it_is_and_nothing_that_changes) {
    auto stamp = some_stamp();
    const auto prefix = DatabaseStamp::prefix(stamp.installation, stamp.instance);
    EXPECT_TRUE(stamp.to_text().starts_with(prefix));
    stamp.role = stamp.instance;
    stamp.password_version = 13;
    stamp.project = "web";
    EXPECT_TRUE(stamp.to_text().starts_with(prefix));
    EXPECT_TRUE(prefix.ends_with(' '));
    stamp.instance = *Uuid::parse(k_stamped_role);
    EXPECT_FALSE(stamp.to_text().starts_with(prefix));
}

TEST(RoleStamp, says_only_whose_it_is) {
    EXPECT_EQ(environment::role_stamp(*Uuid::parse(k_installation), *Uuid::parse(k_stamped_role)),
              "reviewdb/1 00000000-0000-4000-8000-000000000001 "
              "00000000-0000-4000-8000-000000000003");
}

}  // namespace

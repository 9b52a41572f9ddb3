// SPDX-License-Identifier: Apache-2.0
#include "local/data_folder.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace {

using support::must;

TEST(DataFolder, knows_the_major_that_made_it) {
    const support::TempFolder folder;
    must(base::write_file(folder / "PG_VERSION", "17\n", 0600));
    EXPECT_EQ(must(local::major_of(folder.path())), 17);
    for (const auto* content : {"", "x\n", "-1\n"}) {
        must(base::write_file(folder / "PG_VERSION", content, 0600));
        EXPECT_FALSE(local::major_of(folder.path())) << content;
    }
    EXPECT_FALSE(local::major_of(folder / "absent"));
}

TEST(DataFolder, takes_settings_as_data) {
    const support::TempFolder folder;
    must(local::write_settings(folder.path(), {{"log_line_prefix", "it's a \\ "}}, {}));
    const auto text = must(base::read_file(folder / "reviewdb.conf")).value_or("");
    EXPECT_NE(text.find("\nlog_line_prefix = 'it''s a \\\\ '\n"), std::string::npos) << text;
}

TEST(DataFolder, loses_its_leftovers_and_nothing_else) {
    const support::TempFolder folder;
    for (const auto* name : {"data", "data.new-abc/base", "data.newer", "other.new-abc"}) {
        std::filesystem::create_directories(folder / name);
    }
    must(base::write_file(folder / "data.new-abc.password", "x", 0600));
    local::remove_leftovers(folder / "data");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 3);
    EXPECT_FALSE(std::filesystem::exists(folder / "data.new-abc"));
    EXPECT_FALSE(std::filesystem::exists(folder / "data.new-abc.password"));
}

}  // namespace

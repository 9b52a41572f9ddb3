// SPDX-License-Identifier: Apache-2.0
#include "local/installation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "base/file.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace {

using base::ErrorKind;
using local::find_installation;
using local::SearchPlaces;
using support::must;

class InstallationTest : public testing::Test {
   protected:
    // A folder of programs that say they are `version`.
    std::filesystem::path install(const std::string& name, const std::string& version) {
        auto bin = folder / name;
        must(base::make_folder(bin, 0700));
        must(base::write_file(bin / "initdb", "#!/bin/sh\n", 0700));
        must(base::write_file(bin / "postgres", "#!/bin/sh\necho '" + version + "'\n", 0700));
        return bin;
    }
    static base::Result<local::Installation> find(const SearchPlaces& places,
                                                  std::optional<int> major = std::nullopt) {
        return find_installation(places, major, base::Deadline::after(std::chrono::seconds(10)));
    }

    support::TempFolder folder;
    std::filesystem::path old = install("old", "postgres (PostgreSQL) 14.11");
    std::filesystem::path good = install("good", "postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb)");
    std::filesystem::path newer = install("newer", "postgres (PostgreSQL) 18beta1");
    std::filesystem::path broken = install("broken", "segmentation fault");
};

TEST_F(InstallationTest, is_the_newest_of_all_places) {
    const auto found = must(find({{}, {old, good, "/no/such/folder", newer, broken}}));
    EXPECT_EQ(found.bin, newer);
    EXPECT_EQ(found.major, 18);
    EXPECT_EQ(found.version, "18beta1");
}

TEST_F(InstallationTest, is_of_the_major_that_is_asked_for) {
    const auto found = must(find({{}, {newer, good}}, 15));
    EXPECT_EQ(found.bin, good);
    EXPECT_EQ(found.version, "15.8");
    EXPECT_EQ(find({{}, {newer, good}}, 17).error().kind, ErrorKind::not_found);
}

TEST_F(InstallationTest, is_never_too_old) {
    const auto refused = find({{}, {old}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
    EXPECT_NE(refused.error().message.find("14.11"), std::string::npos);
    EXPECT_NE(refused.error().hint.find("apt-get install"), std::string::npos);
}

TEST_F(InstallationTest, is_the_chosen_one_and_no_other) {
    EXPECT_EQ(must(find({good, {newer}})).bin, good);
    for (const auto& choice : {std::filesystem::path(), old, broken, folder / "absent"}) {
        const auto refused = find({choice, {newer}});
        ASSERT_FALSE(refused) << choice;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input) << choice;
        EXPECT_NE(refused.error().message.find("REVIEWDB_PG_BIN"), std::string::npos) << choice;
    }
    EXPECT_EQ(find({newer, {good}}, 15).error().kind, ErrorKind::invalid_input);
}

TEST_F(InstallationTest, is_found_behind_a_link_where_it_really_is) {
    must(base::make_folder(folder / "links", 0700));
    for (const auto* program : {"initdb", "postgres"}) {
        std::filesystem::create_symlink(good / program, (folder / "links") / program);
    }
    EXPECT_EQ(must(find({{}, {folder / "links"}})).bin, good);
}

TEST_F(InstallationTest, is_looked_for_where_the_environment_says) {
    const std::string path = getenv("PATH");
    setenv("PATH", ("/one::/two:" + path).c_str(), 1);
    setenv("REVIEWDB_PG_BIN", "/chosen", 1);
    const auto places = local::places_of_environment();
    setenv("PATH", path.c_str(), 1);
    unsetenv("REVIEWDB_PG_BIN");
    EXPECT_EQ(places.chosen, "/chosen");
    ASSERT_GE(places.folders.size(), 2U);
    EXPECT_EQ(places.folders[0], "/one");
    EXPECT_EQ(places.folders[1], "/two");
    EXPECT_EQ(local::places_of_environment().chosen, std::nullopt);
}

}  // namespace

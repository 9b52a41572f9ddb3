// SPDX-License-Identifier: Apache-2.0
#include "sources/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using sources::Folder;
using sources::select;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(Folder, is_taken_with_its_sql_and_names_what_it_leaves) {
    const auto selection =
        select({.files = {".gitkeep", "01.sql", "02.SQL", "README.md", "notes.txt"}}, "sql");
    ASSERT_TRUE(selection.has_value());
    EXPECT_THAT(selection->sql, ElementsAre("01.sql", "02.SQL"));
    EXPECT_THAT(selection->not_taken, ElementsAre(".gitkeep", "README.md", "notes.txt"));
}

TEST(Folder, is_refused_when_it_holds_anything_else) {
    for (const auto* other : {"more/02.sql", "02.sql.bz2", "02.dump", "seed.csv", "run.sh",
                              "02.sql~", "02.pgsql", "a/b/c/d.sql"}) {
        const auto refused = select({.files = {"01.sql", other}}, "sql");
        ASSERT_FALSE(refused.has_value()) << other;
        EXPECT_THAT(refused.error().message, AllOf(HasSubstr("sql"), HasSubstr(other)));
        EXPECT_THAT(refused.error().hint, HasSubstr("--from FILE"));
    }
    EXPECT_FALSE(select({.files = {"01.sql"}, .others = {"link"}}, "sql").has_value());
}

TEST(Folder, is_taken_with_sql_that_is_compressed) {
    const auto selection =
        select({.files = {"01.sql.gz", "02.sql", "03.SQL.ZST", "04.sql.xz", "05.sql.lz4"}}, "sql");
    ASSERT_TRUE(selection.has_value());
    EXPECT_THAT(selection->sql, SizeIs(5));
    const auto twice = select({.files = {"01.sql", "01.sql.gz"}}, "sql");
    ASSERT_FALSE(twice.has_value());
    EXPECT_THAT(twice.error().message, HasSubstr("01.sql, 01.sql.gz"));
    EXPECT_FALSE(select({.files = {"001.do.sql", "001.undo.sql.gz"}}, "sql").has_value());
}

TEST(Folder, is_refused_when_something_in_it_undoes) {
    const auto refused = select({.files = {"001.do.sql", "001.undo.sql"}}, "sql");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("001.undo.sql"), HasSubstr("undo")));
    EXPECT_THAT(refused.error().hint, HasSubstr("--run"));
}

}  // namespace

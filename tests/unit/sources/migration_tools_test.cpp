// SPDX-License-Identifier: Apache-2.0
#include "sources/migration_tools.h"

#include <gtest/gtest.h>

namespace {

using sources::is_like;
using sources::tool_of;

std::string name_of(const std::vector<std::string>& files) {
    const auto tool = tool_of(files);
    return tool ? std::string(tool->name) : std::string();
}

TEST(MigrationTools, are_known_by_the_files_that_they_keep) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"20240101000000_init/migration.sql", "migration_lock.toml"}, "Prisma"},
        {{"migrations/migration_lock.toml", "schema.prisma"}, "Prisma"},
        {{"0000_odd_name.sql", "meta/_journal.json"}, "Drizzle"},
        {{"V1__init.sql", "V1.1__more.sql"}, "Flyway"},
        {{"R__views.sql"}, "Flyway"},
        {{"000001_init.down.sql", "000001_init.up.sql"}, "golang-migrate or sqlx"},
        {{"db.changelog-master.xml"}, "Liquibase"},
        {{"schema.rb", "migrate/20240101000000_create.rb"}, "Rails"},
        {{"0001_initial.py", "__init__.py"}, "Django"},
        {{"env.py", "script.py.mako"}, "Alembic"},
        {{"20240101000000_init.js"}, "Knex"},
        {{"20240101000000-init.js"}, "Sequelize"},
        {{"1700000000000-init.ts"}, "TypeORM"},
        {{"1700000000000_init.js"}, "node-pg-migrate"},
        {{"deploy/x.sql", "sqitch.plan"}, "Sqitch"},
        {{"20240101000000.sql", "atlas.sum"}, "Atlas"},
        {{"1700000000000_init/down.sql", "1700000000000_init/up.sql"}, "Hasura"},
        {{"default/1700000000000_init/up.sql"}, "Hasura"},
        {{"2024-01-01-000000_init/up.sql"}, "Diesel"},
        {{"20240101000000_init.exs"}, "Ecto"},
        {{"2024_01_01_000000_create_users.php"}, "Laravel"},
    };
    for (const auto& [files, tool] : cases) EXPECT_EQ(name_of(files), tool) << files.front();
}

TEST(MigrationTools, do_not_own_a_folder_of_sql) {
    EXPECT_EQ(name_of({}), "");
    EXPECT_EQ(name_of({"01_schema.sql", "02_data.sql", "README.md", "20240101000000_x.sql"}), "");
    EXPECT_EQ(name_of({"Views.sql", "up.sql", "startup.sql", "package.json"}), "");
}

TEST(MigrationTools, are_known_by_their_marks_in_sql) {
    EXPECT_EQ(sources::tool_by_marks("-- migrate:up\nCREATE TABLE t ();")->name, "dbmate");
    EXPECT_EQ(sources::tool_by_marks("\n-- +goose Up\n")->name, "goose");
    EXPECT_EQ(sources::tool_by_marks("--liquibase formatted sql\n")->name, "Liquibase");
    EXPECT_FALSE(sources::tool_by_marks("-- migrate the users\n").has_value());
}

TEST(MigrationTools, are_found_by_patterns) {
    EXPECT_TRUE(is_like("V12__a.sql", "V#*__*.sql"));
    EXPECT_FALSE(is_like("Vx__a.sql", "V#*__*.sql"));
    EXPECT_FALSE(is_like("a/b.up.sql", "*.up.sql"));
    EXPECT_TRUE(is_like("a/up.sql", "*/up.sql"));
    EXPECT_FALSE(is_like("a/b/up.sql", "*/up.sql"));
    EXPECT_TRUE(is_like("", "*"));
    EXPECT_FALSE(is_like("a", ""));
}

}  // namespace

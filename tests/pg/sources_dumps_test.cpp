// SPDX-License-Identifier: Apache-2.0
//
// What pg_dump writes, in each of its formats and by each way.
#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "base/subprocess.h"
#include "pg/sources_fixture.h"

namespace {

using base::ErrorKind;
using support::must;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view k_schema = R"(
CREATE TABLE film (id serial PRIMARY KEY, title text NOT NULL, stars int[]);
INSERT INTO film (title, stars) SELECT 'a '';'' \ ' || i, ARRAY[i] FROM generate_series(1, 500) i;
CREATE VIEW best AS SELECT * FROM film WHERE id < 10;
CREATE FUNCTION films() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM film; END;
SELECT lo_from_bytea(4711, '\x0102');
GRANT SELECT ON film TO PUBLIC;
)";

class SourcesDumpsTest : public SourcesTest {
   protected:
    // A database of another role's, with something in it.
    void SetUp() override {
        SourcesTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        original_ = support::unique_name("o");
        const auto root = support::shared_cluster().superuser();
        support::execute(root, fmt::format("CREATE DATABASE {}", original_));
        must(must(prepare({.from = {file("original.sql", k_schema)}}))
                 .fill(support::shared_cluster().superuser(original_), {}, soon()));
    }
    void TearDown() override {
        SourcesTest::TearDown();
        if (original_.empty()) return;
        support::execute(support::shared_cluster().superuser(),
                         fmt::format("DROP DATABASE {} WITH (FORCE)", original_));
    }

    pg::ConnectionInfo original() const { return support::shared_cluster().superuser(original_); }

    // Dumps the original in `format`; the path.
    std::string dumped(const std::string& format) const {
        const auto path = (folder_ / ("dump." + format)).string();
        base::Command command{.arguments = {support::shared_cluster().programs() / "pg_dump",
                                            "--format=" + format, "--file=" + path},
                              .inherits = base::Environment::bare};
        for (const auto& [name, value] : original().to_variables()) {
            command.environment[name] = value.reveal();
        }
        const auto finished = must(base::run(command, soon()));
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        return path;
    }

    void expect_all_is_there() const {
        EXPECT_EQ(ask("SELECT films()"), "500");
        EXPECT_EQ(ask("SELECT count(*) FROM best"), "9");
        EXPECT_EQ(ask("SELECT title || stars::text FROM film WHERE id = 7"), "a ';' \\ 7{7}");
        EXPECT_EQ(ask("SELECT lo_get(4711)"), "\\x0102");
        EXPECT_EQ(foreign_objects(), "0");
    }

    // Prepares with standard input from the file, and fills.
    base::Result<sources::Report> fill_from_standard_input(const std::string& path) {
        const int before = dup(STDIN_FILENO);
        const int file = open(path.c_str(), O_RDONLY);
        dup2(file, STDIN_FILENO);
        close(file);
        auto report = fill({.from = {"-"}});
        dup2(before, STDIN_FILENO);
        close(before);
        return report;
    }

    std::string original_;
};

TEST_F(SourcesDumpsTest, takes_plain_sql) {
    must(fill({.from = {dumped("plain")}}));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_the_custom_format) {
    const auto path = dumped("custom");
    EXPECT_EQ(must(prepare({.from = {path}})).description(), path + " (custom dump)");
    must(fill({.from = {path}}));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_the_tar_format) {
    must(fill({.from = {dumped("tar")}}));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_the_directory_format) {
    must(fill({.from = {dumped("directory")}}));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_plain_sql_from_standard_input) {
    must(fill_from_standard_input(dumped("plain")));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_an_archive_from_standard_input) {
    must(fill_from_standard_input(dumped("custom")));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_a_tar_archive_from_standard_input) {
    must(fill_from_standard_input(dumped("tar")));
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, takes_what_is_behind_a_url) {
    const auto url = original().to_uri().reveal();
    const auto source = must(prepare({.from = {url}}));
    EXPECT_THAT(source.description(),
                AllOf(StartsWith("postgresql://"), HasSubstr("/" + original_)));
    EXPECT_THAT(source.description(), Not(HasSubstr(original().password().reveal())));
    const auto report = must(source.fill(login_, {}, soon()));
    EXPECT_GT(report.statements, 10U);
    expect_all_is_there();
}

TEST_F(SourcesDumpsTest, says_what_is_wrong_with_a_url) {
    const auto wrong =
        original().with_login("nobody_here", base::Secret("a-secret-word")).to_uri().reveal();
    const auto refused = prepare({.from = {wrong}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("a-secret-word")));
}

TEST_F(SourcesDumpsTest, tells_of_an_archive_that_was_cut_off) {
    const auto path = dumped("custom");
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 2000);
    const auto refused = fill({.from = {path}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(message_of(refused), HasSubstr("pg_restore"));
}

TEST_F(SourcesDumpsTest, tells_of_a_dump_that_was_cut_off_wherever_that_is) {
    const auto path = dumped("plain");
    std::ifstream whole(path);
    const std::string script(std::istreambuf_iterator<char>(whole), {});
    const auto end = script.find("dump complete");
    for (std::size_t size = 200; size < end; size += 997) {
        const auto refused = prepare({.from = {file("a.sql", script.substr(0, size))}});
        ASSERT_FALSE(refused.has_value()) << "the first " << size << " bytes";
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
    }
}

TEST_F(SourcesDumpsTest, refuses_a_tool_that_is_too_old_or_missing) {
    const auto path = dumped("custom");
    const sources::Request request{.from = {path}};
    const auto without = [&](sources::ToolPlaces places) {
        return sources::Source::prepare(request, {.log = log_, .tools = std::move(places)}, soon());
    };
    const auto missing = without({.path = "", .majors = folder_ / "nothing"});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_THAT(missing.error().hint, HasSubstr("apt-get install postgresql-client-15"));
    // An archive of 17 begins like this.
    auto bytes = std::fstream(path, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(6);
    bytes.put('\x10');
    bytes.close();
    const auto old = without(
        {.path = "", .majors = support::shared_cluster().programs().parent_path().parent_path()});
    ASSERT_FALSE(old.has_value());
    EXPECT_THAT(old.error().message, HasSubstr("pg_restore of Postgres 17 or newer is needed"));
}

// Debian's programs in PATH are scripts that choose one of several majors.
TEST_F(SourcesDumpsTest, passes_over_scripts_that_start_another_program) {
    const auto script = file("bin/pg_restore", "#!/bin/sh\necho 'pg_restore (PostgreSQL) 99.1'\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    const auto tool = must(sources::find_tool("pg_restore", 15, {.path = folder_ / "bin"}, soon()));
    EXPECT_LT(tool.major, 99);
    EXPECT_NE(tool.path, std::filesystem::path(script));
}

TEST_F(SourcesDumpsTest, takes_what_is_chosen_of_archives_and_databases) {
    const auto url = original().to_uri().reveal();
    for (const auto& from : {dumped("custom"), dumped("directory"), dumped("tar"), url}) {
        must(fill({.from = {from}, .choice = {.exclude_table_data = {"fil*"}}}));
        EXPECT_EQ(ask("SELECT count(*) FROM film"), "0");
        support::execute(login_, "DROP TABLE film CASCADE");
        support::execute(login_, "DROP FUNCTION IF EXISTS films()");
        support::execute(login_, "SELECT lo_unlink(oid) FROM pg_largeobject_metadata");
        must(fill({.from = {from}, .choice = {.tables = {"public.film"}}}));
        EXPECT_EQ(ask("SELECT count(*) FROM film"), "500");
        EXPECT_EQ(ask("SELECT count(*) FROM pg_index WHERE indrelid = 'film'::regclass"), "1");
        EXPECT_EQ(ask("SELECT to_regclass('best') IS NULL"), "true");
        support::execute(login_, "DROP TABLE film");
        must(fill({.from = {from}, .choice = {.schema_only = true}}));
        EXPECT_EQ(ask("SELECT films()"), "0");
        support::execute(login_, "DROP TABLE film CASCADE");
        support::execute(login_, "DROP FUNCTION IF EXISTS films()");
        const auto refused = prepare({.from = {from}, .choice = {.tables = {"film", "none"}}});
        EXPECT_THAT(message_of(refused), HasSubstr("--tables 'none' matches no table in "));
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
    }
}

TEST_F(SourcesDumpsTest, chooses_from_nothing_else) {
    const auto refused =
        prepare({.from = {file("a.sql", "SELECT 1;")}, .choice = {.tables = {"a"}}});
    EXPECT_EQ(message_of(refused),
              "--tables chooses from an archive or a database, and a.sql is plain SQL");
    EXPECT_THAT(refused.error().hint, HasSubstr("--format=custom"));
    EXPECT_EQ(message_of(prepare({.run = {"true"}, .choice = {.schema_only = true}})),
              "--schema-only chooses from what --from names, and there is none");
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Compressed SQL and dumps.
#include <fcntl.h>
#include <unistd.h>

#include "base/subprocess.h"
#include "pg/sources_fixture.h"
#include "support/compressed.h"

namespace {

using base::ErrorKind;
using sources::Compression;
using support::compressed;
using support::must;
using testing::HasSubstr;

constexpr std::string_view k_sql =
    "CREATE TABLE film (id int PRIMARY KEY);\nINSERT INTO film SELECT generate_series(1, 500);\n";

class SourcesCompressedTest : public SourcesTest {
   protected:
    // An archive of a table with 500 rows, which is left empty here again.
    std::string dumped(const std::string& format) {
        must(fill({.from = {file("original.sql", k_sql)}}));
        base::Command command{.arguments = {support::shared_cluster().programs() / "pg_dump",
                                            "--format=" + format, "--compress=0"},
                              .inherits = base::Environment::bare};
        for (const auto& [name, value] : login_.to_variables()) {
            command.environment[name] = value.reveal();
        }
        const auto finished = must(base::run(command, soon()));
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        support::execute(login_, "DROP TABLE film");
        return finished.out;
    }

    void expect_all_is_there() {
        EXPECT_EQ(ask("SELECT count(*) FROM film"), "500");
        support::execute(login_, "DROP TABLE film");
    }

    base::Result<sources::Report> fill_from_standard_input(const std::string& path) {
        const int before = dup(STDIN_FILENO);
        const int input = open(path.c_str(), O_RDONLY);
        dup2(input, STDIN_FILENO);
        close(input);
        auto report = fill({.from = {"-"}});
        dup2(before, STDIN_FILENO);
        close(before);
        return report;
    }
};

TEST_F(SourcesCompressedTest, takes_plain_sql_whatever_its_name_says) {
    for (const auto compression :
         {Compression::gzip, Compression::zstd, Compression::lz4, Compression::xz}) {
        const auto path = file("a.sql", compressed(compression, k_sql));
        must(fill({.from = {path}}));
        expect_all_is_there();
        must(fill_from_standard_input(path));
        expect_all_is_there();
    }
    must(fill({.from = {file("plain.sql.gz", k_sql)}}));
    expect_all_is_there();
}

TEST_F(SourcesCompressedTest, checks_it_before_anything_is_made) {
    const auto path =
        file("a.sql.gz", compressed(Compression::gzip, "SELECT 1;\n\\connect other\n"));
    EXPECT_THAT(message_of(prepare({.from = {path}})), HasSubstr("a.sql.gz:2: "));
    const auto cut = compressed(Compression::gzip, k_sql).substr(0, 40);
    const auto refused = prepare({.from = {file("cut.sql.gz", cut)}});
    EXPECT_THAT(message_of(refused), HasSubstr("cut.sql.gz ends after 40 bytes"));
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
}

TEST_F(SourcesCompressedTest, takes_archives_from_files_and_standard_input) {
    for (const auto* format : {"custom", "tar"}) {
        const auto archive = dumped(format);
        const auto path = file("a.dump", compressed(Compression::gzip, archive));
        EXPECT_THAT(must(prepare({.from = {path}})).description(),
                    HasSubstr(fmt::format("({}, gzip dump)", format)));
        must(fill({.from = {path}}));
        expect_all_is_there();
        must(fill_from_standard_input(path));
        expect_all_is_there();
    }
}

TEST_F(SourcesCompressedTest, refuses_an_archive_that_is_damaged_behind_its_end) {
    auto packed = compressed(Compression::gzip, dumped("custom"));
    // Only the checksum is wrong: what pg_restore reads is not.
    packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);
    const auto failed = fill({.from = {file("a.dump", packed)}});
    EXPECT_THAT(message_of(failed), HasSubstr("incorrect data check"));
    EXPECT_THAT(message_of(failed), HasSubstr("a.dump is damaged"));
}

TEST_F(SourcesCompressedTest, takes_a_folder_and_a_scrub_with_compressed_files) {
    file("sql/01.sql.gz", compressed(Compression::gzip, k_sql));
    file("sql/02.sql.zst", compressed(Compression::zstd, "INSERT INTO film VALUES (501);"));
    const auto scrub =
        file("scrub.sql.xz", compressed(Compression::xz, "DELETE FROM film WHERE id > 500;"));
    const auto source = must(prepare({.from = {(folder_ / "sql").string()}, .scrub = {scrub}}));
    must(source.fill(login_, variables_, soon()));
    must(source.scrub(login_, soon()));
    expect_all_is_there();
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "sources/recognise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::string_literals;
using base::ErrorKind;
using sources::Format;
using sources::recognise;
using testing::HasSubstr;

std::string tar_of(const std::string& name, const std::string& content) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(257, 5, "ustar");
    return header + content;
}

TEST(Recognise, tells_sql_from_the_formats_of_pg_dump) {
    EXPECT_EQ(recognise("", "x").value(), Format::sql);
    EXPECT_EQ(recognise("-- PostgreSQL database dump\n", "x").value(), Format::sql);
    EXPECT_EQ(recognise("\xef\xbb\xbfSELECT 1", "x").value(), Format::sql);
    EXPECT_EQ(recognise("PGDMP\x01\x0f\0"s, "x").value(), Format::custom);
    EXPECT_EQ(recognise(tar_of("toc.dat", "PGDMP"), "x").value(), Format::tar);
}

TEST(Recognise, says_what_to_do_with_what_it_cannot_take) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"\x1f\x8b\x08"s, "gzip -dc a.sql.gz"},
        {"\x28\xb5\x2f\xfd"s, "zstd -dc a.sql.gz"},
        {"\xfd\x37zXZ\0"s, "xz -dc"},
        {"BZh9"s, "bzip2"},
        {"PK\x03\x04"s, "unzip"},
        {"\x02\x21\x4c\x18"s, "lz4 -dc"},
        {"7z\xbc\xaf\x27\x1c"s, "7z x"},
        {"\xff\xfeS\0"s, "iconv"},
        {"SQLite format 3\0"s, "pgloader"},
        {"-- MySQL dump 10"s, "pgloader"},
        {tar_of("other.txt", "x"), "unpack it"},
        {"SELECT \0"s, "SQL files"},
    };
    for (const auto& [beginning, hint] : cases) {
        const auto format = recognise(beginning, "a.sql.gz");
        ASSERT_FALSE(format.has_value()) << hint;
        EXPECT_EQ(format.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(format.error().message, HasSubstr("a.sql.gz"));
        EXPECT_THAT(format.error().hint, HasSubstr(hint));
    }
}

TEST(Recognise, names_what_is_inside_of_something_compressed) {
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {"PK\x03\x04"s, "a zip archive", "xz -dc a.xz | funzip | … --from -"},
        {"\x1f\x8b\x08"s, "compressed by gzip", "xz -dc a.xz | gzip -dc | … --from -"},
        {tar_of("other.txt", "x"), "a tar archive", "unpack it"},
    };
    for (const auto& [beginning, what, hint] : cases) {
        const auto format = recognise(beginning, "a.xz", sources::Compression::xz);
        ASSERT_FALSE(format.has_value()) << what;
        EXPECT_THAT(format.error().message, HasSubstr("what xz compressed in a.xz"));
        EXPECT_THAT(format.error().message, HasSubstr(what));
        EXPECT_THAT(format.error().hint, HasSubstr(hint));
    }
}

TEST(Recognise, says_which_pg_restore_an_archive_needs) {
    EXPECT_EQ(sources::restore_major("PGDMP\x01\x0e\0"s, Format::custom), 15);
    EXPECT_EQ(sources::restore_major("PGDMP\x01\x0f\0"s, Format::custom), 16);
    EXPECT_EQ(sources::restore_major("PGDMP\x01\x10\0"s, Format::directory), 17);
    EXPECT_EQ(sources::restore_major("PGDMP\x01\x0c\0"s, Format::directory), 15);
    EXPECT_EQ(sources::restore_major(tar_of("toc.dat", "PGDMP\x01\x0f\0"s), Format::tar), 16);
    EXPECT_EQ(sources::restore_major("PGDMP", Format::custom), 15);
}

}  // namespace

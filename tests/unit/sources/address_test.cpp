// SPDX-License-Identifier: Apache-2.0
#include "sources/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::ErrorKind;
using sources::AddressKind;
using sources::kind_of_address;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Address, tells_paths_from_databases) {
    EXPECT_EQ(kind_of_address("-").value(), AddressKind::standard_input);
    for (const auto* from : {"postgres://h/x", "postgresql://u:p@h/x", "host=h dbname=x",
                             "service=prod", " host = h", "dbname=x password='a b'"}) {
        EXPECT_EQ(kind_of_address(from).value(), AddressKind::database) << from;
    }
    for (const auto* from :
         {"a.sql", "./a=b.sql", "dump:2024.sql", "C:\\a.sql", "sql/host=x.sql"}) {
        EXPECT_EQ(kind_of_address(from).value(), AddressKind::path) << from;
    }
}

TEST(Address, says_how_to_take_what_is_neither) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"jdbc:postgresql://h/x?user=a&password=s3cr3tpw", "postgresql://"},
        {"JDBC:postgresql:x?password=s3cr3tpw", "postgresql://"},
        {"postgresql+psycopg2://u:s3cr3tpw@h/x", "postgresql://"},
        {"POSTGRES://u:s3cr3tpw@h/x", "postgresql://"},
        {"pgsql://u:s3cr3tpw@h/x", "postgresql://"},
        {"ecto://u:s3cr3tpw@h/x", "postgresql://"},
        {"mysql://u:s3cr3tpw@h/x", "pgloader"},
        {"https://u:s3cr3tpw@example.com/a.sql", "curl"},
        {"https://example.com/a.sql?X-Amz-Signature=s3cr3tpw", "curl"},
        {"s3://bucket/a.dump", "aws s3 cp 's3://bucket/a.dump' -"},
        {"gs://bucket/a.dump", "gcloud"},
        {"file:///tmp/a.sql", "--from /tmp/a.sql"},
        {"x-y://s3cr3tpw", "download"},
        {"~/no such folder/a.sql", "$HOME"},
    };
    for (const auto& [from, hint] : cases) {
        const auto refused = kind_of_address(from);
        ASSERT_FALSE(refused.has_value()) << from;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(refused.error().message, Not(HasSubstr("s3cr3tpw")));
        EXPECT_THAT(refused.error().hint, AllOf(HasSubstr(hint), Not(HasSubstr("s3cr3tpw"))));
    }
}

TEST(Address, names_the_parameter_that_libpq_does_not_know) {
    const auto prisma = sources::parse_database("postgres://u:s3cr3tpw@h:5432/x?schema=public");
    ASSERT_FALSE(prisma.has_value());
    EXPECT_EQ(prisma.error().message, "--from: libpq does not know the parameter schema");
    const auto settings = sources::parse_database("host=h foo=1");
    ASSERT_FALSE(settings.has_value());
    EXPECT_THAT(settings.error().message, HasSubstr("foo"));
}

TEST(Address, never_quotes_a_connection_string) {
    for (const auto* from :
         {"postgres://u:s3cr3tpw@@h/x", "postgres://u:s3cr3tpw%zz@h/x",
          "postgres://u:pa?s3cr3tpw=1@h/x?schema=a", "host=h password=a s3cr3tpw=1",
          "host=h password=a s3cr3tpw", "host=h sslpassword=s3cr3tpw nonsense",
          "dbname=postgres://u:s3cr3tpw@h/x", "dbname='password=s3cr3tpw'",
          "postgresql://h/x?dbname=postgres%3A%2F%2Fu%3As3cr3tpw%40h%2Fx"}) {
        const auto refused = sources::parse_database(from);
        ASSERT_FALSE(refused.has_value()) << from;
        EXPECT_THAT(refused.error().message, Not(HasSubstr("s3cr3tpw"))) << from;
        EXPECT_THAT(refused.error().hint, Not(HasSubstr("s3cr3tpw"))) << from;
    }
}

TEST(Address, is_described_without_its_login) {
    for (const auto* from :
         {"postgres://u:s3cr3tpw@h:1/x", "host=h port=1 user=u password=s3cr3tpw dbname=x",
          "postgresql://h:1/x?user=u&password=s3cr3tpw&sslpassword=s3cr3tpw"}) {
        EXPECT_EQ(sources::describe_database(sources::parse_database(from).value()),
                  "postgresql://h:1/x");
    }
}

}  // namespace

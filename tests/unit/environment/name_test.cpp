// SPDX-License-Identifier: Apache-2.0
#include "environment/name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "support/must.h"

namespace {

using environment::k_longest_catalog_name;
using environment::Name;
using environment::NamePattern;
using environment::Project;
using support::must;

std::string database_of(const std::string& project, const std::string& name,
                        const char* pattern = "{project}_{slug}") {
    return must(NamePattern::parse(pattern))
        .apply(must(Project::parse(project)), must(Name::parse(name)), k_longest_catalog_name);
}
const base::Uuid k_instance = *base::Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");
const base::Uuid k_another = *base::Uuid::parse("11234567-89ab-4cde-8f01-23456789abcd");

TEST(Project, is_up_to_twelve_small_letters_and_digits) {
    for (const auto* text : {"a", "shop", "review", "a1", "abcdefghij12", "pgx", "reviewdb1"}) {
        EXPECT_TRUE(Project::parse(text).has_value()) << text;
    }
    for (const auto* text : {"", "1a", "Shop", "a_b", "a-b", "abcdefghijklm", "pg", "reviewdb",
                             "a b", "\xc3\xa9", "a\n", "{slug}", "\xff"}) {
        const auto project = Project::parse(text);
        ASSERT_FALSE(project.has_value()) << text;
        EXPECT_EQ(project.error().kind, base::ErrorKind::invalid_input);
        EXPECT_TRUE(environment::is_clean_utf8(project.error().message) || text[1] == '\n') << text;
    }
}

TEST(Name, is_any_text_that_can_be_shown) {
    for (const auto& text :
         {std::string("x"), std::string(255, 'x'), std::string("feature/x"), std::string(" "),
          std::string("'; DROP DATABASE postgres; --"), std::string("\xe2\x80\xae rtl"),
          std::string("\xf0\x9f\x8e\x89"), std::string("postgres://u:p@h/d"), std::string("-x"),
          std::string("\xc2\xa0"), std::string("\xf4\x8f\xbf\xbf")}) {
        EXPECT_EQ(must(Name::parse(text)).text(), text);
    }
}

TEST(Name, is_refused_when_it_is_empty_too_long_or_not_text) {
    using namespace std::string_literals;
    for (const auto& text :
         {""s, std::string(256, 'x'), "a\nb"s, "a\0b"s, "\t"s, "\x7f"s, "\xc2\x85"s, "\xc2\x9f"s,
          "\xff"s, "\xc3"s, "\xc0\xaf"s, "\xe0\x80\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
          "\xf5\x80\x80\x80"s, "\x80"s, "a\xe2\x82"s, "\xf0\x8f\xbf\xbf"s, "\x1b[31m"s}) {
        const auto name = Name::parse(text);
        ASSERT_FALSE(name.has_value()) << text;
        EXPECT_EQ(name.error().kind, base::ErrorKind::invalid_input);
        EXPECT_TRUE(environment::is_clean_utf8(name.error().message));
    }
}

TEST(DatabaseName, is_the_name_itself_where_it_fits) {
    EXPECT_EQ(database_of("review", "login_form"), "review_login_form");
    EXPECT_EQ(database_of("shop", "feature_x"), "shop_feature_x");
    EXPECT_EQ(database_of("shop", "7"), "shop_7");
    EXPECT_EQ(database_of("shop", std::string(58, 'a')), "shop_" + std::string(58, 'a'));
}

TEST(DatabaseName, carries_a_hash_of_any_other_name) {
    EXPECT_EQ(database_of("shop", "feature/x"), "shop_feature_x__ndvvxpibbc");
    const auto shape = [](const std::string& name) {
        const auto database = database_of("shop", name);
        return database.substr(0, database.size() - 10);
    };
    EXPECT_EQ(shape("Feature"), "shop_feature__");
    EXPECT_EQ(shape("a__b"), "shop_a_b__");
    EXPECT_EQ(shape("_a_"), "shop_a__");
    EXPECT_EQ(shape("a - B /c"), "shop_a_b_c__");
    EXPECT_EQ(shape("\xf0\x9f\x8e\x89"), "shop_b__");
    EXPECT_EQ(shape("feature_x__ndvvxpibbc"), "shop_feature_x_ndvvxpibbc__");
    EXPECT_EQ(shape(std::string(59, 'a')), "shop_" + std::string(46, 'a') + "__");
    EXPECT_EQ(shape(std::string(45, 'a') + "_" + std::string(40, 'b')),
              "shop_" + std::string(45, 'a') + "__");
}

TEST(DatabaseName, differs_by_project_for_the_same_name) {
    const auto hash = [](const std::string& database) {
        return database.substr(database.size() - 10);
    };
    EXPECT_NE(hash(database_of("shop", "a/b")), hash(database_of("web", "a/b")));
}

TEST(DatabaseName, is_a_name_of_its_own_for_every_hostile_name) {
    std::vector<std::string> names{"a/b",
                                   "a_b",
                                   "a-b",
                                   "a b",
                                   "a.b",
                                   "A_b",
                                   "a_B",
                                   "a__b",
                                   "_a_b",
                                   "a_b_",
                                   "a@b",
                                   "a#b",
                                   "a\"b",
                                   "a'b",
                                   "a%b",
                                   "a=b",
                                   "all",
                                   "ALL",
                                   "replication",
                                   "sameuser",
                                   "-x",
                                   "--x",
                                   "x",
                                   "X",
                                   "postgres://h/d",
                                   "postgres",
                                   "template0",
                                   "template1",
                                   "public",
                                   "none",
                                   "pg_x",
                                   "reviewdb",
                                   "\xe2\x80\xaezb",
                                   "\xf0\x9f\x8e\x89",
                                   "\xf0\x9f\x8e\x88",
                                   "\xc3\xa9",
                                   "e\xcc\x81",
                                   "e",
                                   "\xef\xbd\x81",
                                   "a",
                                   "feature/x",
                                   "feature_x",
                                   "feature_x__ndvvxpibbc",
                                   "b",
                                   "/",
                                   "//",
                                   " ",
                                   "  ",
                                   "..",
                                   "../../x",
                                   "$(x)",
                                   "a;b",
                                   "{slug}",
                                   "{project}",
                                   "%s"};
    for (const std::size_t length : {63U, 64U, 254U, 255U}) {
        names.emplace_back(length, 'x');
        names.push_back(std::string(length - 1, 'x') + "y");
        names.push_back(std::string(length - 1, 'x') + "Y");
    }
    std::set<std::string> databases;
    for (const auto& name : names) {
        const auto database = database_of("abcdefghij12", name);
        EXPECT_LE(database.size(), k_longest_catalog_name) << name;
        EXPECT_TRUE(database.starts_with("abcdefghij12_")) << database;
        EXPECT_TRUE(std::ranges::all_of(database, [](char c) {
            return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        })) << database;
        EXPECT_TRUE(databases.insert(database).second) << name << " → " << database;
    }
}

TEST(DatabaseName, does_not_collide_in_two_hundred_thousand) {
    const auto pattern = must(NamePattern::parse("{project}_{slug}"));
    const auto project = must(Project::parse("shop"));
    std::unordered_set<std::string> databases;
    databases.reserve(200'000);
    for (int i = 0; i < 50'000; ++i) {
        const auto number = std::to_string(i);
        for (const auto& name :
             {"feature/" + number, "feature_" + number, "Feature-" + number,
              "a/very-long-branch-name-that-somebody-typed-to-the-end/" + number}) {
            databases.insert(
                pattern.apply(project, must(Name::parse(name)), k_longest_catalog_name));
        }
    }
    EXPECT_EQ(databases.size(), 200'000U);
}

TEST(NamePattern, makes_the_names_of_the_system_before_exactly) {
    EXPECT_EQ(database_of("shop", "develop", "reviewapp_{slug}"), "reviewapp_develop");
    EXPECT_EQ(database_of("shop", "develop", "aurora_postgres_{slug}_cdk"),
              "aurora_postgres_develop_cdk");
    const auto longest = database_of("shop", std::string(200, 'x'), "aurora_postgres_{slug}_cdk");
    EXPECT_EQ(longest.size(), k_longest_catalog_name);
    EXPECT_TRUE(longest.ends_with("_cdk"));
}

TEST(NamePattern, is_refused_where_it_could_not_keep_names_apart) {
    for (const auto* text :
         {"", "x", "{project}", "{slug}{slug}", "{project}{project}{slug}", "a b{slug}", "{slug}\"",
          "reviewdb_{slug}", "pg_{slug}", "{other}_{slug}", "abcdefghijklmnopqrstuvwxy{slug}"}) {
        EXPECT_FALSE(NamePattern::parse(text).has_value()) << text;
    }
    EXPECT_TRUE(NamePattern::parse("team/{project}+{slug}=.@-A").has_value());
    EXPECT_TRUE(NamePattern::parse("{slug}").has_value());
}

TEST(NamePattern, has_a_second_name_for_each_instance) {
    const auto pattern = must(NamePattern::parse("{project}_{slug}"));
    const auto project = must(Project::parse("shop"));
    const auto name = must(Name::parse("x"));
    const auto beside = [&](const base::Uuid& instance) {
        return pattern.apply_beside(project, name, instance, k_longest_catalog_name);
    };
    EXPECT_TRUE(beside(k_instance).starts_with("shop_x__"));
    EXPECT_EQ(beside(k_instance), beside(k_instance));
    EXPECT_NE(beside(k_instance), beside(k_another));
    EXPECT_NE(beside(k_instance), pattern.apply(project, name, k_longest_catalog_name));
}

TEST(CatalogName, says_by_its_start_what_a_database_is_and_is_opaque_behind) {
    const auto id = k_instance.short_name();
    EXPECT_EQ(environment::building_name(k_instance), "reviewdb_b_" + id);
    EXPECT_EQ(environment::dropping_name(k_instance), "reviewdb_x_" + id);
    EXPECT_EQ(environment::role_name(must(Project::parse("shop")), k_instance), "shop_" + id);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "environment/policy.h"

#include <gtest/gtest.h>

#include "support/must.h"

namespace {

using base::ErrorKind;
using environment::Policy;
using environment::PolicyRow;
using environment::Project;
using support::must;

Policy policy_of(const std::vector<PolicyRow>& rows) {
    return Policy::from_rows(must(Project::parse("shop")), rows);
}
std::string origin_of(const Policy& policy, std::string_view key) {
    for (const auto& value : policy.values()) {
        if (value.key == key) return value.origin;
    }
    return "(none)";
}

TEST(Policy, has_a_default_that_can_be_a_value_for_every_key) {
    const Policy policy;
    ASSERT_EQ(policy.values().size(), environment::policy_definitions().size());
    for (const auto& value : policy.values()) {
        EXPECT_EQ(value.origin, "default");
        EXPECT_FALSE(value.meaning.empty()) << value.key;
        EXPECT_TRUE(Policy::check(value.key, value.value).has_value()) << value.key;
    }
}

TEST(Policy, a_value_in_the_registry_that_check_refuses_is_a_conflict) {
    const auto project = must(Project::parse("shop"));
    const std::vector<std::pair<std::string_view, std::string_view>> hostile{
        {"host", "db.example.org\nNODE_OPTIONS=--require=/tmp/evil.js"},
        {"host", "a,b"},
        {"port", "5432\nX=1"},
        {"port", "0"},
        {"sslmode", "require\nX=1"},
        {"secrets", "file:relative"},
        {"database_pattern", "{slug}\n"},
        {"secret_pattern", "'{slug}"},
        {"secret_tags", "a=b\n"},
        {"ttl", "soon"},
        {"connection_limit", "-1"},
        {"protected", "main\x1b[31m"},
        {"repositories", "github.com/a\xff"},
        {"sweep_share", "200%"},
        {"scrub", "yes"},
        {"adopt", "all"},
        {"template", "no name"}};
    for (const auto& [key, value] : hostile) {
        for (const auto* whose : {"shop", "*"}) {
            const std::vector<PolicyRow> rows{{whose, std::string(key), std::string(value)}};
            const auto read = Policy::read(project, rows);
            ASSERT_FALSE(read) << key << " " << value;
            EXPECT_EQ(read.error().kind, ErrorKind::conflict);
            EXPECT_NE(read.error().message.find(key), std::string::npos) << read.error().message;
            EXPECT_EQ(read.error().message.find('\x1b'), std::string::npos);
            EXPECT_NE(read.error().hint.find(std::string(key) + "=VALUE"), std::string::npos);
        }
    }
}

TEST(Policy, a_value_of_another_project_or_an_unknown_key_is_not_judged) {
    const auto project = must(Project::parse("shop"));
    const std::vector<PolicyRow> rows{
        {"web", "host", "a b"}, {"*", "of_a_newer_program", "\n"}, {"*", "host", "db"}};
    EXPECT_EQ(must(Policy::read(project, rows)).host(), "db");
    // What the project's own row hides does not count either.
    const std::vector<PolicyRow> hidden{{"*", "ttl", "soon"}, {"shop", "ttl", "2d"}};
    EXPECT_EQ(must(Policy::read(project, hidden)).value("ttl"), "2d");
}

TEST(Policy, is_by_default_what_the_manual_says) {
    const Policy policy;
    EXPECT_EQ(policy.secrets(), "none");
    EXPECT_EQ(policy.ttl(), std::chrono::days(30));
    EXPECT_EQ(policy.database_pattern().text(), "{project}_{slug}");
    EXPECT_EQ(policy.database_settings(),
              (std::vector<std::string>{"idle_in_transaction_session_timeout=3600000"}));
    for (const auto* name : {"main", "master", "develop", "staging", "prod", "production"}) {
        EXPECT_TRUE(policy.protects(name)) << name;
    }
    EXPECT_FALSE(policy.protects("feature/main"));
    EXPECT_FALSE(policy.protects("mainline"));
    EXPECT_TRUE(policy.admits("github.com/anyone/any"));
    EXPECT_TRUE(policy.admits(""));
}

TEST(Policy, takes_the_projects_row_before_everybodys_whatever_their_order) {
    const PolicyRow own{"shop", "ttl", "2d"};
    const PolicyRow all{"*", "ttl", "3d"};
    const PolicyRow other{"web", "ttl", "4d"};
    for (const auto& rows : {std::vector{own, all, other}, std::vector{other, all, own}}) {
        EXPECT_EQ(policy_of(rows).value("ttl"), "2d");
        EXPECT_EQ(origin_of(policy_of(rows), "ttl"), "project shop");
    }
    EXPECT_EQ(policy_of({all, other}).value("ttl"), "3d");
    EXPECT_EQ(origin_of(policy_of({all, other}), "ttl"), "every project");
    EXPECT_EQ(policy_of({other}).value("ttl"), "30d");
    EXPECT_EQ(origin_of(policy_of({other}), "ttl"), "default");
}

TEST(Policy, leaves_alone_what_a_newer_program_wrote) {
    const auto policy = policy_of({{"shop", "of_tomorrow", "x"}});
    EXPECT_EQ(policy.values().size(), environment::policy_definitions().size());
    EXPECT_THROW(static_cast<void>(policy.value("of_tomorrow")), std::logic_error);
}

TEST(Policy, checks_every_value_before_it_is_written) {
    const std::vector<std::pair<const char*, const char*>> good{
        {"host", "db.example.com"},
        {"port", "1"},
        {"port", "65535"},
        {"sslmode", "verify-full"},
        {"secrets", "file:/srv/secrets"},
        {"ttl", "none"},
        {"ttl", "72h"},
        {"connection_limit", "1"},
        {"statement_timeout", "off"},
        {"statement_timeout", "24d"},
        {"lock_timeout", "5s"},
        {"database_pattern", "reviewapp_{slug}"},
        {"protected", ""},
        {"repositories", "a/b/c d/e/f"}};
    for (const auto& [key, value] : good) {
        EXPECT_TRUE(Policy::check(key, value).has_value()) << key << "=" << value;
    }
    const std::vector<std::pair<const char*, const char*>> bad{{"host", "a b"},
                                                               {"host", "a,b"},
                                                               {"host", "/run"},
                                                               {"host", "a\nb"},
                                                               {"port", "0"},
                                                               {"port", "65536"},
                                                               {"port", "5432x"},
                                                               {"port", ""},
                                                               {"port", "-1"},
                                                               {"sslmode", "on"},
                                                               {"secrets", "file:relative"},
                                                               {"secrets", ""},
                                                               {"secrets", "aws:"},
                                                               {"ttl", ""},
                                                               {"ttl", "0s"},
                                                               {"ttl", "soon"},
                                                               {"connection_limit", "0"},
                                                               {"connection_limit", "many"},
                                                               {"connection_limit", "99999999999"},
                                                               {"statement_timeout", "25d"},
                                                               {"lock_timeout", "5"},
                                                               {"database_pattern", "same"},
                                                               {"protected", "a\nb"},
                                                               {"no_such_key", "x"},
                                                               {"", ""}};
    for (const auto& [key, value] : bad) {
        const auto checked = Policy::check(key, value);
        ASSERT_FALSE(checked.has_value()) << key << "=" << value;
        EXPECT_EQ(checked.error().kind, ErrorKind::invalid_input) << key << "=" << value;
    }
}

TEST(Policy, names_the_keys_that_there_are_for_one_that_there_is_not) {
    EXPECT_NE(Policy::check("tttl", "1d").error().hint.find(" ttl"), std::string::npos);
}

TEST(Policy, refuses_a_claim_of_another_value_and_names_both) {
    const auto policy = policy_of({{"shop", "ttl", "2d"}});
    EXPECT_TRUE(policy.agree_with({}).has_value());
    EXPECT_TRUE(policy.agree_with({{"ttl", "2d"}, {"secrets", "none"}}).has_value());
    EXPECT_TRUE(policy.agree_with({{"not_of_policy", "x"}}).has_value());
    const auto refused = policy.agree_with({{"ttl", "9d"}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find("'9d'"), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("'2d'"), std::string::npos) << refused.error().message;
}

TEST(Policy, protects_by_patterns_where_a_star_is_any_text) {
    const auto policy = policy_of({{"shop", "protected", "  main release/*  *-prod a*b*c "}});
    for (const auto* name :
         {"main", "release/", "release/1.2", "eu-prod", "-prod", "abc", "a1b2c", "abbcc"}) {
        EXPECT_TRUE(policy.protects(name)) << name;
    }
    for (const auto* name :
         {"", "Main", "main2", "release", "prod", "eu-prod2", "ac", "acb", "develop"}) {
        EXPECT_FALSE(policy.protects(name)) << name;
    }
    EXPECT_FALSE(policy_of({{"shop", "protected", ""}}).protects("main"));
}

TEST(Policy, admits_only_listed_repositories_where_some_are_listed) {
    const auto policy =
        policy_of({{"*", "repositories", "github.com/acme/shop  github.com/acme/web"}});
    EXPECT_TRUE(policy.admits("github.com/acme/web"));
    EXPECT_FALSE(policy.admits("github.com/acme/we"));
    EXPECT_FALSE(policy.admits(""));
}

TEST(Policy, sets_databases_only_to_what_is_not_off) {
    const auto policy = policy_of({{"shop", "statement_timeout", "30s"},
                                   {"shop", "lock_timeout", "2s"},
                                   {"shop", "idle_in_transaction_timeout", "off"}});
    EXPECT_EQ(policy.database_settings(),
              (std::vector<std::string>{"lock_timeout=2000", "statement_timeout=30000"}));
    EXPECT_TRUE(
        policy_of({{"shop", "idle_in_transaction_timeout", "off"}}).database_settings().empty());
}

TEST(Policy, reads_its_values_by_their_type) {
    const auto policy = policy_of({{"shop", "port", "6000"},
                                   {"shop", "connection_limit", "7"},
                                   {"shop", "ttl", "none"},
                                   {"shop", "host", "h"},
                                   {"shop", "sslmode", "verify-full"},
                                   {"shop", "secret_pattern", "aurora_postgres_{slug}_cdk"}});
    EXPECT_EQ(policy.port(), 6000);
    EXPECT_EQ(policy.connection_limit(), 7);
    EXPECT_EQ(policy.ttl(), std::nullopt);
    EXPECT_EQ(policy.host(), "h");
    EXPECT_EQ(policy.sslmode(), "verify-full");
    EXPECT_EQ(policy.secret_pattern().text(), "aurora_postgres_{slug}_cdk");
}

}  // namespace

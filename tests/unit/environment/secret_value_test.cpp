// SPDX-License-Identifier: Apache-2.0
#include "environment/secret_value.h"

#include <gtest/gtest.h>

#include "environment/manager.h"

namespace {

using base::Secret;
using base::Uuid;
using environment::connection_url;
using environment::ConnectionFacts;
using environment::make_secret_value;
using environment::owner_of_secret;

constexpr const char* k_owner = "01234567-89ab-4cde-8f01-23456789abcd";

ConnectionFacts some_facts() {
    return {"db.example.com", 5432, "require", "review_abc", Secret("p_w-1"), "review_login_form"};
}
Uuid owner() { return Uuid::parse(k_owner).value(); }

std::string value_of(const ConnectionFacts& facts, const std::optional<Secret>& former = {}) {
    return make_secret_value(facts, owner(), former).reveal();
}

TEST(SecretValue, has_the_shape_that_rds_and_its_helpers_expect) {
    EXPECT_EQ(
        value_of(some_facts()),
        R"({"engine":"postgres","host":"db.example.com","port":5432,)"
        R"("username":"review_abc","password":"p_w-1","dbname":"review_login_form","ssl":true,)"
        R"("url":"postgresql://review_abc:p_w-1@db.example.com:5432/review_login_form)"
        R"(?sslmode=require","reviewdb":"01234567-89ab-4cde-8f01-23456789abcd"})");
}

TEST(SecretValue, says_no_ssl_only_where_it_is_disabled) {
    auto facts = some_facts();
    for (const auto* mode : {"allow", "prefer", "require", "verify-ca", "verify-full"}) {
        facts.sslmode = mode;
        EXPECT_NE(value_of(facts).find(R"("ssl":true)"), std::string::npos) << mode;
    }
    facts.sslmode = "disable";
    EXPECT_NE(value_of(facts).find(R"("ssl":false)"), std::string::npos);
}

TEST(SecretValue, keeps_what_it_does_not_know_and_nothing_else_of_the_former) {
    const Secret former(R"({"dbClusterIdentifier":"c-1","password":"old","port":"1",)"
                        R"("nested":{"a":[1,null]},"reviewdb":"another"})");
    const auto value = value_of(some_facts(), former);
    EXPECT_TRUE(value.ends_with(R"("reviewdb":"01234567-89ab-4cde-8f01-23456789abcd",)"
                                R"("dbClusterIdentifier":"c-1","nested":{"a":[1,null]}})"))
        << value;
    EXPECT_EQ(value.find("old"), std::string::npos);
    EXPECT_NE(value.find(R"("port":5432)"), std::string::npos);
}

TEST(SecretValue, is_current_when_it_is_made_again_from_itself) {
    const Secret former(R"({"z":1,"password":"old","a":2.5})");
    const auto first = make_secret_value(some_facts(), owner(), former);
    EXPECT_TRUE(make_secret_value(some_facts(), owner(), first) == first);
    EXPECT_FALSE(first == former);
}

TEST(SecretValue, starts_anew_over_a_text_that_is_no_object) {
    for (const auto* text : {"", "hunter2", "[1]", "\"x\"", "{\"a\":1", "{} {}"}) {
        EXPECT_EQ(value_of(some_facts(), Secret(text)), value_of(some_facts())) << text;
    }
}

TEST(SecretValue, says_whose_it_is) {
    EXPECT_EQ(owner_of_secret(make_secret_value(some_facts(), owner(), std::nullopt)), owner());
    for (const auto* text : {"", "{}", "[]", "null", R"({"reviewdb":7})", R"({"reviewdb":"x"})",
                             R"(["reviewdb","01234567-89ab-4cde-8f01-23456789abcd"])"}) {
        EXPECT_EQ(owner_of_secret(Secret(text)), std::nullopt) << text;
    }
}

TEST(ConnectionUrl, encodes_whatever_could_be_read_otherwise) {
    auto facts = some_facts();
    facts.user = "a@b";
    facts.password = Secret("p:w/?#%");
    facts.dbname = "x/y?z";
    EXPECT_EQ(connection_url(facts).reveal(),
              "postgresql://a%40b:p%3Aw%2F%3F%23%25@db.example.com:5432/x%2Fy%3Fz?sslmode=require");
}

TEST(ConnectionUrl, writes_addresses_and_socket_folders_as_libpq_reads_them) {
    auto facts = some_facts();
    const auto host_in_url = [&](const char* host) {
        facts.host = host;
        const auto url = connection_url(facts).reveal();
        const auto start = url.find('@') + 1;
        return url.substr(start, url.find(":5432") - start);
    };
    EXPECT_EQ(host_in_url("10.0.0.7"), "10.0.0.7");
    EXPECT_EQ(host_in_url("2001:db8::1"), "[2001:db8::1]");
    EXPECT_EQ(host_in_url("fe80::1%eth0"), "[fe80::1%25eth0]");
    EXPECT_EQ(host_in_url("/run/postgresql"), "%2Frun%2Fpostgresql");
}

TEST(ConnectionFacts, are_what_the_description_advertises) {
    environment::Description description;
    description.database = "db";
    description.role = "role";
    description.host = "host";
    description.port = 6000;
    description.sslmode = "disable";
    description.password = Secret("pw");
    EXPECT_EQ(connection_url(environment::connection_facts(description)).reveal(),
              "postgresql://role:pw@host:6000/db?sslmode=disable");
}

TEST(SecretValue, is_the_environments_nobodys_or_somebody_elses) {
    using environment::SecretHolder;
    const auto mine = base::Uuid::random();
    environment::ConnectionFacts facts;
    facts.host = "db.example";
    facts.port = 5432;
    facts.dbname = "review_login";
    const auto holder = [&](const char* text) {
        return environment::holder_of_secret(base::Secret(text), mine, facts);
    };
    const auto ours = R"({"reviewdb":")" + mine.to_string() + R"(","host":"old","dbname":"old"})";
    EXPECT_EQ(holder(ours.c_str()), SecretHolder::this_environment);
    for (const auto* nobodys :
         {R"({"username":"placeholder","password":"x"})", "{}", R"({"host":"","dbname":""})",
          R"({"username":"placeholder","stripe_key":"sk"})"}) {
        EXPECT_EQ(holder(nobodys), SecretHolder::nobody) << nobodys;
    }
    for (const auto* same :
         {R"({"host":"db.example","port":5432,"dbname":"review_login"})",
          R"({"host":"db.example","port":"5432","dbname":"review_login","username":"them"})",
          R"({"host":"db.example","dbname":"review_login"})"}) {
        EXPECT_EQ(holder(same), SecretHolder::this_environment) << same;
    }
    for (const auto* other :
         {"", "a password", "[]", R"({"host":"db.example"})", R"({"dbname":"review_login"})",
          R"({"host":"db.example","port":5433,"dbname":"review_login"})",
          R"({"host":"db.example","port":5432,"dbname":"app_dev"})",
          R"({"reviewdb":"b7b0f04e-6a5c-4d58-8f11-1f5e6f0a6d11"})", R"({"stripe_key":"sk"})",
          R"({"username":"svc","password":"p"})"}) {
        EXPECT_EQ(holder(other), SecretHolder::somebody_else) << other;
    }
}

TEST(SecretValue, a_placeholder_says_so_or_holds_nothing) {
    for (const auto* text :
         {"{}", R"({"username":"placeholder"})", R"({"username":"placeholder","password":"gen"})",
          R"({"username":"placeholder","dbClusterIdentifier":"c"})",
          R"({"username":"placeholder","stripe_key":"sk"})", R"({"host":"","dbname":null})",
          R"({"engine":"postgres","port":5432,"ssl":true})", R"({"engine":"aurora-postgresql"})"}) {
        EXPECT_TRUE(environment::is_placeholder(Secret(text))) << text;
    }
    for (const auto* text :
         {"", "hunter2", "[]", "null", "\"placeholder\"", R"({"stripe_key":"sk"})",
          R"({"password":"p"})", R"({"username":"svc","password":"p"})", R"({"host":["h"]})",
          R"({"username":"placeholder","host":"h"})", R"({"username":"placeholder","dbname":"d"})",
          R"({"username":"placeholder","url":"postgresql://u:p@h/d"})", R"({"engine":"mysql"})",
          R"({"username":"placeholder","reviewdb":"x"})", R"({"dbClusterIdentifier":"c"})",
          R"({"Host":"h"})"}) {
        EXPECT_FALSE(environment::is_placeholder(Secret(text))) << text;
    }
}

TEST(SecretValue, what_others_put_into_it_is_left_when_ours_goes) {
    const auto remainder = [](const Secret& value) {
        const auto left = environment::remainder_of_secret(value);
        return left ? left->reveal() : "(nothing)";
    };
    const auto fresh = make_secret_value(some_facts(), owner(), std::nullopt);
    EXPECT_EQ(remainder(fresh), "(nothing)");
    for (const auto* ours : {"", "not json", "[1]"})
        EXPECT_EQ(remainder(Secret(ours)), "(nothing)");

    // Added by somebody afterwards, or found beside a placeholder.
    const auto with_key =
        fresh.reveal().substr(0, fresh.reveal().size() - 1) + R"(,"stripe_key":"sk"})";
    EXPECT_EQ(remainder(Secret(with_key)), R"({"stripe_key":"sk","username":"placeholder"})");
    const Secret again(remainder(Secret(with_key)));
    EXPECT_EQ(remainder(again), again.reveal());
    EXPECT_TRUE(environment::is_placeholder(again));

    // A placeholder that we filled is one again.
    for (const auto* place : {"{}", R"({"username":"placeholder","password":"gen"})"}) {
        const auto filled = make_secret_value(some_facts(), owner(), Secret(place));
        EXPECT_TRUE(make_secret_value(some_facts(), owner(), filled) == filled);
        EXPECT_EQ(remainder(filled), R"({"username":"placeholder"})") << place;
    }
}

TEST(SecretValue, nothing_of_ours_is_left_in_a_place_that_stays) {
    const auto value = make_secret_value(
        some_facts(), owner(), Secret(R"({"username":"placeholder","dbClusterIdentifier":"c"})"));
    const auto left = environment::placeholder_left_of(value);
    EXPECT_EQ(left.reveal(), R"({"dbClusterIdentifier":"c","username":"placeholder"})");
    EXPECT_EQ(environment::placeholder_left_of(left), left);
    for (const auto* text : {"", "not json", "[1]", "{}"}) {
        EXPECT_EQ(environment::placeholder_left_of(Secret(text)).reveal(),
                  R"({"username":"placeholder"})");
    }
}

TEST(SecretValue, tells_a_login_whoever_wrote_it) {
    const auto login = environment::login_in_secret(base::Secret(
        R"({"username":"u","password":"p","host":"h","port":"6000","dbname":"d","ssl":true})"));
    ASSERT_TRUE(login);
    EXPECT_EQ(login->user, "u");
    EXPECT_EQ(login->password.reveal(), "p");
    EXPECT_EQ(login->host, "h");
    EXPECT_EQ(login->port, 6000);
    EXPECT_EQ(login->dbname, "d");
    EXPECT_FALSE(environment::login_in_secret(base::Secret("p")));
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// The events of the Lambda that reviewdb replaces, in the situations in which that one failed.
#include "e2e/lambda_fixture.h"

namespace {

using e2e::LambdaTest;
using support::Incumbent;

TEST_F(LambdaTest, CreateFillsTheStacksPlaceholderAndDeleteLeavesThatToTheStack) {
    const auto name = Incumbent::secret("branch");
    aws_.put(name, Incumbent::placeholder().reveal(),
             {{"aws:cloudformation:stack-id", "arn:stack"}});
    const auto made = drop_in(event("create", "branch"));
    EXPECT_EQ(made.status, 200) << output();
    EXPECT_EQ(made.text("secretName"), name);
    EXPECT_EQ(made.text("dbName"), "reviewapp_branch");
    EXPECT_EQ(made.text("outcome"), "created");
    EXPECT_TRUE(made.body.at("created").as_bool());
    EXPECT_NE(made.text("message").find("setup complete"), std::string::npos);
    expect_usable(name);

    const auto again = drop_in(event("create", "branch"));
    EXPECT_EQ(again.text("outcome"), "unchanged");
    EXPECT_EQ(aws_.versions(name), 2U);

    const auto gone = drop_in(event("delete", "branch"));
    EXPECT_EQ(gone.status, 200) << output();
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
    const auto left = environment::login_in_secret(*secret(name));
    ASSERT_TRUE(left);
    EXPECT_EQ(left->user, "placeholder");
    EXPECT_EQ(left->host, "");
    EXPECT_EQ(drop_in(event("create", "branch")).status, 200);
    expect_usable(name);
}

TEST_F(LambdaTest, CreateMakesTheSecretWhereThereIsNoneAndDeleteRemovesIt) {
    const auto name = Incumbent::secret("branch");
    EXPECT_EQ(drop_in(event("create", "branch")).status, 200) << output();
    expect_usable(name);
    EXPECT_EQ(drop_in(event("delete", "branch")).status, 200);
    EXPECT_FALSE(aws_.secret(name));
    EXPECT_EQ(drop_in(event("delete", "branch")).status, 200);
}

TEST_F(LambdaTest, WhatIsAskedWronglyIsAnsweredInTheFormerWords) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {R"({"stageName":"a","devDbSecretArn":"b"})", "Action is required (create or delete)"},
        {R"({"action":"create","devDbSecretArn":"b"})", "Stage name is required"},
        {R"({"action":"create","stageName":"","devDbSecretArn":"b"})", "Stage name is required"},
        {R"({"action":"create","stageName":"a"})", "Dev database secret ARN is required"},
        {R"({"action":"drop","stageName":"a","devDbSecretArn":"b"})",
         "Invalid action: drop. Must be 'create' or 'delete'"},
        {"[]", "the event is not a JSON object"},
        {R"({"action":"create","stageName":"a\u0000b","devDbSecretArn":"b"})", ""},
        {R"({"action":"create","stageName":"a","devDbSecretArn":"b","dbNamePrefix":"A\"B"})", ""},
    };
    for (const auto& [event, message] : cases) {
        const auto answer = drop_in(event);
        EXPECT_EQ(answer.status, 500) << event;
        if (!message.empty()) {
            EXPECT_EQ(answer.text("message"), message) << event;
        }
        EXPECT_EQ(answer.text("code"), "invalid_input") << event;
        EXPECT_FALSE(answer.body.at("retryable").as_bool());
    }
}

// incumbent.md, 2b: each of these had either failed or met a neighbour.
TEST_F(LambdaTest, StagesOfAnyNameAreKeptApart) {
    const std::string long_name(70, 'x');
    const std::vector<std::string> stages{"Branch", "branch",  "a-b",
                                          "a_b",    "a b",     "ünï",
                                          "x/y",    "o'neill", R"(q\"; DROP ROLE x; --)",
                                          "7",      long_name, long_name + "y"};
    std::set<std::string> databases;
    std::set<std::string> secrets;
    for (const auto& stage : stages) {
        const auto made = drop_in(event("create", stage));
        EXPECT_EQ(made.status, 200) << stage << output();
        databases.insert(made.text("dbName"));
        secrets.insert(made.text("secretName"));
        expect_usable(made.text("secretName"));
    }
    EXPECT_EQ(databases.size(), stages.size());
    EXPECT_EQ(secrets.size(), stages.size());
    for (const auto& stage : stages) EXPECT_EQ(drop_in(event("delete", stage)).status, 200);
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
    EXPECT_EQ(aws_.names(),
              (std::vector<std::string>{k_administrator, "reviewdb/key/127.0.0.1", own_login()}));
}

TEST_F(LambdaTest, ANumberOrAListOfOneIsAStageAsBefore) {
    const auto made = drop_in(
        fmt::format(R"({{"action":"create","stageName":[17],"devDbSecretArn":"{}"}})", arn_));
    EXPECT_EQ(made.text("dbName"), "reviewapp_17") << output();
}

// incumbent.md, 2e and 2f.
TEST_F(LambdaTest, NoEventTouchesTheAdministratorsSecretOrAnotherDatabase) {
    const auto before = *aws_.value(k_administrator);
    aws_.put("aurora_postgres_other_cdk", R"({"host":"elsewhere","dbname":"theirs"})");
    support::execute(*administrator_, "CREATE DATABASE reviewapp_theirs");
    support::execute(*administrator_, "CREATE ROLE reviewapp_user_theirs LOGIN");
    const std::vector<std::string> refused{
        event("create", "x", fmt::format(R"(,"prSecretName":"{}")", k_administrator)),
        event("create", "x", fmt::format(R"(,"prSecretName":"{}")", arn_)),
        event("create", "other"),
        event("create", "theirs"),
        event("delete", "theirs"),
        event("create", "template_0", R"(,"dbNamePrefix":"reviewdb")"),
    };
    EXPECT_EQ(drop_in(event("create", "warm-up")).status, 200) << output();
    for (const auto& one : refused) {
        const auto answer = drop_in(one);
        EXPECT_EQ(answer.status, 500) << one << boost::json::serialize(answer.body);
        EXPECT_FALSE(answer.text("hint").empty()) << boost::json::serialize(answer.body);
    }
    EXPECT_EQ(*aws_.value(k_administrator), before);
    EXPECT_EQ(*aws_.value("aurora_postgres_other_cdk"),
              R"({"host":"elsewhere","dbname":"theirs"})");
    EXPECT_EQ(root("SELECT count(*)::text AS value FROM pg_database WHERE datname IN "
                   "('reviewapp_theirs', 'postgres', 'reviewdb', 'template1')"),
              "4");
    EXPECT_EQ(drop_in(event("delete", "x", fmt::format(R"(,"prSecretName":"{}")", k_administrator)))
                  .status,
              200);
    EXPECT_EQ(*aws_.value(k_administrator), before);
}

TEST_F(LambdaTest, NoEventSaysWhereAnAdministratorsPasswordIsSent) {
    const auto managed = aws_.put(
        "managed", fmt::format(R"({{"username":"{}","password":"{}"}})",
                               administrator_->get("user"), administrator_->password().reveal()));
    for (const std::string options : {"?host=127.0.0.1&port=9", "?sslmode=disable"}) {
        arn_ = managed + options;
        const auto answer = drop_in(event("create", "x"));
        EXPECT_EQ(answer.text("code"), "denied") << boost::json::serialize(answer.body);
        EXPECT_EQ(aws_.count("GetSecretValue"), 0U);
    }
}

TEST_F(LambdaTest, OnlyListedAdministratorsAreUsed) {
    more_["REVIEWDB_SERVER"] = "another-secret " + std::string(k_administrator);
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    const auto answer =
        drop_in(R"({"action":"create","stageName":"x","devDbSecretArn":"aurora_postgres_x_cdk"})");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.text("code"), "denied");
}

TEST_F(LambdaTest, APasswordThatWasRotatedMeanwhileIsReadAnew) {
    arn_ = k_administrator;
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    support::execute(cluster_->superuser(),
                     fmt::format("ALTER ROLE {} PASSWORD 'another'", administrator_->get("user")));
    support::execute(cluster_->superuser(),
                     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                     "application_name LIKE 'reviewdb/%'");
    aws_.put(k_administrator, administrator_value(base::Secret("another")));
    EXPECT_EQ(drop_in(event("create", "x")).text("outcome"), "unchanged") << output();
}

// Its own login, kept before the role has it: whatever died between, or was changed by hand.
TEST_F(LambdaTest, DailyWorkIsDoneByAnOperatorOfItsOwn) {
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    const auto kept = *aws_.value(own_login());
    EXPECT_EQ(environment::login_in_secret(base::Secret(kept))->user, "reviewdb_operator_lambda");
    EXPECT_EQ(root("SELECT string_agg(DISTINCT usename::text, ' ') AS value FROM pg_stat_activity "
                   "WHERE datname = 'reviewdb'"),
              "reviewdb_operator_lambda");
    EXPECT_EQ(output().find(environment::login_in_secret(base::Secret(kept))->password.reveal()),
              std::string::npos);
    for (const auto* harm : {"ALTER ROLE reviewdb_operator_lambda PASSWORD 'other'",
                             "ALTER ROLE reviewdb_operator_lambda NOLOGIN"}) {
        stop();
        support::execute(cluster_->superuser(), harm);
        EXPECT_EQ(drop_in(event("create", "x")).text("outcome"), "unchanged") << output();
        EXPECT_EQ(*aws_.value(own_login()), kept);
    }
    stop();
    aws_.remove(own_login());
    EXPECT_EQ(drop_in(event("create", "x")).text("outcome"), "unchanged") << output();
    EXPECT_NE(*aws_.value(own_login()), kept);
}

TEST_F(LambdaTest, AnOperatorsSecretIsNamedWhereItMayKeepNone) {
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    stop();
    aws_.remove(own_login());
    support::execute(cluster_->superuser("reviewdb"),
                     "UPDATE registry.policy SET value = 'none' WHERE key = 'secrets' AND project "
                     "= '*'");
    const auto refused = drop_in(event("create", "x"));
    EXPECT_EQ(refused.text("code"), "conflict") << boost::json::serialize(refused.body);
    EXPECT_NE(refused.text("hint").find("?operator="), std::string::npos);
    EXPECT_FALSE(aws_.value(own_login()));
    stop();
    support::execute(cluster_->superuser(), "ALTER ROLE reviewdb_operator PASSWORD 'chosen'");
    aws_.put("theirs", fmt::format(R"({{"host":"{}","port":{},"username":"reviewdb_operator",)"
                                   R"("password":"chosen"}})",
                                   administrator_->get("host"), administrator_->get("port")));
    more_["REVIEWDB_SERVER"] = std::string(k_administrator) + "?operator=theirs";
    const auto listed =
        boost::json::parse(invoke(R"({"operation":"list","all_projects":true})").body).as_object();
    EXPECT_EQ(listed.at("environments").as_array().size(), 1U) << output();
}

TEST_F(LambdaTest, AServersSecretWithoutAnAddressWorksWithOneFromElsewhere) {
    const auto managed = aws_.put_managed(
        "rds!db-1", fmt::format(R"({{"username":"{}","password":"{}"}})",
                                administrator_->get("user"), administrator_->password().reveal()));
    more_["REVIEWDB_SERVER"] = fmt::format(
        "{}?host={}&port={}", managed, administrator_->get("host"), administrator_->get("port"));
    arn_ = managed;
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    expect_usable(Incumbent::secret("x"));
}

TEST_F(LambdaTest, RequestsOfOtherDoorsAreAnsweredToo) {
    more_["REVIEWDB_SERVER"] = k_administrator;
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    const auto ask = [&](const std::string& request) {
        return boost::json::parse(invoke(request).body).as_object();
    };
    const auto made =
        ask(R"({"operation":"create","name":"feature/y","project":"shop","ttl":"2d"})");
    EXPECT_EQ(made.at("outcome").as_string(), "created");
    EXPECT_EQ(made.at("state").as_string(), "ready");
    const auto listed = ask(R"({"operation":"list","all_projects":true})");
    EXPECT_EQ(listed.at("environments").as_array().size(), 2U);
    const auto url = ask(R"({"operation":"url","name":"feature/y","project":"shop"})");
    EXPECT_TRUE(url.at("url").as_string().starts_with("postgresql://"));
    const auto wrong = ask(R"({"operation":"create","name":"z","colour":"red"})");
    EXPECT_EQ(wrong.at("error").as_object().at("code").as_string(), "invalid_input");
    const auto unknown = ask(R"({"operation":"explode"})");
    EXPECT_NE(unknown.at("error").as_object().at("hint").as_string().find("create"),
              std::string::npos);
    const auto gone = ask(R"({"operation":"delete","name":"feature/y","project":"shop"})");
    EXPECT_EQ(gone.at("outcome").as_string(), "deleted");
    const auto maintained = ask(R"({"action":"maintain"})");
    EXPECT_TRUE(maintained.at("reports").as_array().empty());
}

TEST_F(LambdaTest, ThePoolIsFilledByScheduleAndGivenToTheFormerEvents) {
    more_["REVIEWDB_SERVER"] = k_administrator;
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    const auto ask = [&](const std::string& request) {
        return boost::json::parse(invoke(request).body).as_object();
    };
    const auto pool = ask(R"({"operation":"pool","project":"reviewapp","target":2})");
    EXPECT_EQ(pool.at("pool").as_array().at(0).as_object().at("warm").as_int64(), 0);
    ask(R"({"action":"maintain"})");
    const auto filled = ask(R"({"operation":"pool","project":"reviewapp"})");
    EXPECT_EQ(filled.at("pool").as_array().at(0).as_object().at("warm").as_int64(), 2) << output();

    EXPECT_EQ(drop_in(event("create", "y")).text("outcome"), "created") << output();
    expect_usable(Incumbent::secret("y"));
    const auto taken = ask(R"({"operation":"pool","project":"reviewapp"})");
    EXPECT_EQ(taken.at("pool").as_array().at(0).as_object().at("warm").as_int64(), 1) << output();
}

TEST_F(LambdaTest, MaintainGoesOnWithOtherServersWhenOneFails) {
    more_["REVIEWDB_SERVER"] = k_administrator;
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    const auto pool = [&](const std::string& more = "") {
        const auto request =
            fmt::format(R"({{"operation":"pool","project":"reviewapp","server":"{}"{}}})",
                        k_administrator, more);
        return boost::json::parse(invoke(request).body).as_object();
    };
    pool(R"(,"target":1)");
    stop();
    aws_.put("broken", R"({"engine":"postgres","host":"127.0.0.1","port":1,"username":"a",)"
                       R"("password":"b","dbname":"postgres"})");
    more_["REVIEWDB_SERVER"] = std::string("broken,") + k_administrator;
    const auto maintained = invoke(R"({"action":"maintain"})");
    EXPECT_EQ(maintained.kind, support::LambdaRuntimeStandIn::Outcome::Kind::error);
    EXPECT_NE(maintained.body.find("cannot maintain broken"), std::string::npos) << maintained.body;
    EXPECT_NE(maintained.body.find("1 of 2 servers were maintained"), std::string::npos)
        << maintained.body;
    EXPECT_EQ(pool().at("pool").as_array().at(0).as_object().at("warm").as_int64(), 1) << output();
}

TEST_F(LambdaTest, WhatAnEventTookIsBuiltAgainAfterItsAnswerWhereThatIsAskedFor) {
    more_["REVIEWDB_SERVER"] = k_administrator;
    more_["REVIEWDB_REFILL_AFTER_ANSWER"] = "true";
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    const auto warm = [&](const std::string& more = "") {
        const auto pool = boost::json::parse(
            invoke(R"({"operation":"pool","project":"reviewapp")" + more + "}").body);
        return pool.at("pool").as_array().at(0).as_object().at("warm").as_int64();
    };
    EXPECT_EQ(warm(R"(,"target":2)"), 0);

    // Nobody fills a pool whose targets cannot be read; the answer does not wait for that.
    auto gate = support::connect(cluster_->superuser("reviewdb"));
    const auto soon = base::Deadline::after(std::chrono::seconds(60));
    support::must(gate.run({"BEGIN"}, soon));
    support::must(gate.run({"LOCK TABLE registry.pool"}, soon));
    EXPECT_EQ(drop_in(event("create", "y")).text("outcome"), "created") << output();
    EXPECT_FALSE(lambda_.await_next(std::chrono::milliseconds(50)));
    support::must(gate.run({"COMMIT"}, soon));
    EXPECT_EQ(warm(), 2) << output();

    EXPECT_EQ(drop_in(event("create", "z")).text("outcome"), "created") << output();
    EXPECT_EQ(warm(), 2) << output();
    for (const auto* stage : {"x", "y", "z"}) expect_usable(Incumbent::secret(stage));
}

TEST_F(LambdaTest, AWordThatSaysNeitherYesNorNoToRefillingIsRefusedAtTheStart) {
    more_["REVIEWDB_REFILL_AFTER_ANSWER"] = "";
    start();
    const auto refused = lambda_.await_init_error();
    ASSERT_TRUE(refused) << output();
    EXPECT_NE(refused->body.find("REVIEWDB_REFILL_AFTER_ANSWER"), std::string::npos);
}

TEST_F(LambdaTest, ATemplateIsMadeFromAnEnvironmentByEvent) {
    more_["REVIEWDB_SERVER"] = k_administrator;
    EXPECT_EQ(drop_in(event("create", "x")).status, 200) << output();
    support::execute(login_of(Incumbent::secret("x")), "CREATE TABLE kept (id int)");
    const auto ask = [&](const std::string& request) {
        return boost::json::parse(invoke(request).body).as_object();
    };
    const auto made =
        ask(R"({"operation":"template","project":"reviewapp","name":"demo","environment":"x"})");
    EXPECT_EQ(made.at("outcome").as_string(), "created") << output();
    expect_usable(Incumbent::secret("x"));
    const auto cloned =
        ask(R"({"operation":"create","project":"reviewapp","name":"z","template":"demo"})");
    EXPECT_EQ(cloned.at("template").as_string(), "demo") << output();
    const auto url = ask(R"({"operation":"url","project":"reviewapp","name":"z"})");
    EXPECT_FALSE(url.contains("error"));
    const auto listed = ask(R"({"operation":"templates","project":"reviewapp"})");
    EXPECT_EQ(listed.at("templates").as_array().size(), 1U);
    const auto wrong = ask(R"({"operation":"template","project":"reviewapp","name":"demo"})");
    EXPECT_EQ(wrong.at("error").as_object().at("code").as_string(), "invalid_input");
}

TEST_F(LambdaTest, NoPasswordKeyOrTokenIsLoggedOrAnswered) {
    std::string answers;
    for (const auto& one : {event("create", "x"), event("create", "x"), event("delete", "x")}) {
        answers += invoke(one).body;
    }
    EXPECT_EQ(drop_in(event("create", "y")).status, 200);
    const auto password = login_of(Incumbent::secret("y")).password().reveal();
    const auto key = std::string(boost::json::parse(*aws_.value("reviewdb/key/127.0.0.1"))
                                     .as_object()
                                     .at("key")
                                     .as_string());
    const auto credentials = aws_.credentials();
    for (const auto& secret : {administrator_->password().reveal(), password, key,
                               credentials.secret_access_key, credentials.session_token}) {
        if (secret.empty()) continue;
        EXPECT_EQ(output().find(secret), std::string::npos);
        EXPECT_EQ(answers.find(secret), std::string::npos);
    }
    EXPECT_EQ(cluster_->server_log().find(password), std::string::npos);
    EXPECT_EQ(cluster_->server_log().find(key), std::string::npos);
    EXPECT_NE(output().find("\"request_id\":\""), std::string::npos);
    EXPECT_EQ(output().find("stageName"), std::string::npos);
}

}  // namespace

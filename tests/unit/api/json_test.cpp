// SPDX-License-Identifier: Apache-2.0
#include "api/json.h"

#include <gtest/gtest.h>

namespace {

using environment::Description;
using environment::Outcome;

environment::Time at(std::int64_t seconds) {
    return environment::Time(std::chrono::seconds(seconds));
}

Description some_environment() {
    Description description;
    auto& record = description.environment;
    record.name = "feature/x";
    record.project = "shop";
    record.state = environment::EnvironmentState::ready;
    record.origin = {"github.com/acme/shop", "feature/x", 7, "c0ffee"};
    record.labels = {{"team", "web"}, {"app", "shop"}};
    record.secret = "shop_feature_x__ndvvxpibbc";
    record.shielded = true;
    record.created_at = at(1'700'000'000);
    record.expires_at = at(1'700'086'400);
    description.database = "shop_feature_x__ndvvxpibbc";
    description.role = "shop_abcdefghij";
    description.database_template = "reviewdb_empty";
    description.host = "db.example.com";
    description.port = 5432;
    description.sslmode = "require";
    description.password = base::Secret("hunter2");
    description.size_bytes = 7'000'000'000;
    return description;
}

TEST(Json, says_all_of_an_environment_in_the_published_order_and_no_password) {
    EXPECT_EQ(api::to_json(some_environment(), Outcome::created, true), R"({
  "name": "feature/x",
  "project": "shop",
  "repository": "github.com/acme/shop",
  "ref": "feature/x",
  "state": "ready",
  "outcome": "created",
  "warm": true,
  "database": "shop_feature_x__ndvvxpibbc",
  "role": "shop_abcdefghij",
  "host": "db.example.com",
  "port": 5432,
  "template": "reviewdb_empty",
  "secret": "shop_feature_x__ndvvxpibbc",
  "labels": {
    "app": "shop",
    "team": "web"
  },
  "pull_request": 7,
  "commit": "c0ffee",
  "created_at": "2023-11-14T22:13:20Z",
  "expires_at": "2023-11-15T22:13:20Z",
  "protected": true,
  "size_bytes": 7000000000
}
)");
}

TEST(Json, says_null_for_what_is_not_known_and_leaves_out_what_was_not_asked) {
    Description description;
    description.environment.name = "x";
    description.environment.project = "review";
    description.environment.created_at = at(0);
    EXPECT_EQ(api::to_json(description, std::nullopt, false), R"({
  "name": "x",
  "project": "review",
  "repository": null,
  "ref": null,
  "state": "building",
  "database": null,
  "role": null,
  "host": null,
  "port": 0,
  "template": null,
  "secret": null,
  "labels": {},
  "pull_request": null,
  "commit": null,
  "created_at": "1970-01-01T00:00:00Z",
  "expires_at": null,
  "protected": false
}
)");
}

TEST(Json, escapes_what_json_has_to) {
    Description description;
    description.environment.name = "a\"b\\c\xc3\xa9";
    description.environment.labels = {{"k\"", "\n"}};
    const auto text = api::to_json(description, std::nullopt, false);
    EXPECT_NE(text.find("\"name\": \"a\\\"b\\\\c\xc3\xa9\""), std::string::npos) << text;
    EXPECT_NE(text.find(R"("k\"": "\n")"), std::string::npos) << text;
}

TEST(Json, lists_environments_without_an_outcome) {
    EXPECT_EQ(api::list_json({}), "{\n  \"environments\": []\n}\n");
    const auto text = api::list_json({some_environment(), some_environment()});
    EXPECT_TRUE(
        text.starts_with("{\n  \"environments\": [\n    {\n      \"name\": \"feature/x\",\n"))
        << text;
    EXPECT_TRUE(text.ends_with("\n    }\n  ]\n}\n")) << text;
    EXPECT_NE(text.find("    },\n    {\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("outcome"), std::string::npos);
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
}

TEST(Json, calls_an_error_by_its_published_name) {
    EXPECT_EQ(api::error_json({base::ErrorKind::shielded, "it is protected", "lift it", ""}), R"({
  "error": {
    "code": "protected",
    "message": "it is protected",
    "hint": "lift it",
    "retryable": false
  }
}
)");
    const auto text = api::error_json({base::ErrorKind::overloaded, "busy", "", "55P03"});
    EXPECT_NE(text.find("\"hint\": null,\n    \"retryable\": true"), std::string::npos) << text;
}

TEST(Json, tells_history_entry_by_entry) {
    EXPECT_EQ(
        api::history_json({{at(60), "shop", "x", "created", "asked for", "ada", "cli", "0.1"}}),
        R"({
  "history": [
    {
      "at": "1970-01-01T00:01:00Z",
      "project": "shop",
      "name": "x",
      "event": "created",
      "reason": "asked for",
      "actor": "ada",
      "door": "cli",
      "program": "0.1"
    }
  ]
}
)");
}

TEST(Json, tells_what_a_removal_took_along) {
    environment::HistoryEntry entry{at(60), "shop", "x", "deleted", "merged", "ada", "cli", "0.1"};
    entry.database = "shop_x";
    entry.size_bytes = 7'000'000;
    const auto text = api::history_json({entry});
    EXPECT_NE(text.find("\"database\": \"shop_x\",\n      \"size_bytes\": 7000000,\n      "
                        "\"age_seconds\": null"),
              std::string::npos)
        << text;
}

TEST(Json, tells_where_each_policy_comes_from) {
    EXPECT_EQ(api::policy_json({{"ttl", "30d", "default", "how long it lives"}}), R"({
  "policy": [
    {
      "key": "ttl",
      "value": "30d",
      "origin": "default",
      "meaning": "how long it lives"
    }
  ]
}
)");
}

}  // namespace

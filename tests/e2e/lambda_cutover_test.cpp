// SPDX-License-Identifier: Apache-2.0
//
// The day on which reviewdb takes the former Lambda's place, and the day on which that comes back.
#include "e2e/lambda_fixture.h"

namespace {

using support::Incumbent;

class LambdaCutoverTest : public e2e::LambdaTest {
   protected:
    Incumbent incumbent() const { return Incumbent(*administrator_); }
    // As the former Lambda does it: the stack's placeholder is there, its value comes last.
    void made_by_the_incumbent(const std::string& stage) {
        const auto name = Incumbent::secret(stage);
        aws_.put(name, incumbent().create(stage).reveal(),
                 {{"aws:cloudformation:stack-id", "arn:stack"}});
        support::execute(login_of(name), "CREATE TABLE kept AS SELECT 42 AS answer");
    }
    void expect_data(const std::string& stage) const {
        EXPECT_EQ(support::ask(login_of(Incumbent::secret(stage)),
                               "SELECT answer::text AS value FROM kept"),
                  "42");
    }
    std::string owner(const std::string& stage) const {
        return root(
            fmt::format("SELECT coalesce((SELECT pg_get_userbyid(datdba) FROM pg_database "
                        "WHERE datname = 'reviewapp_{}'), '') AS value",
                        stage));
    }
    // All that the server says of what was made for stages.
    std::string state() const {
        return root(
            "SELECT coalesce((SELECT string_agg(d::text, ' ' ORDER BY oid) FROM (SELECT oid, "
            "datname, datdba, datallowconn, datacl FROM pg_database WHERE datname LIKE "
            "'reviewapp%') d), '') || coalesce((SELECT string_agg(r::text, ' ' ORDER BY rolname) "
            "FROM (SELECT rolname, rolconnlimit, rolpassword FROM pg_authid WHERE rolname LIKE "
            "'reviewapp%') r), '') AS value");
    }
    boost::json::array repair_all() {
        const auto answer = boost::json::parse(
            invoke(R"({"operation":"repair","all":true,"project":"reviewapp"})").body);
        EXPECT_TRUE(answer.as_object().contains("reports")) << boost::json::serialize(answer);
        return answer.at("reports").as_array();
    }
};

TEST_F(LambdaCutoverTest, WhatIsThereIsTakenOverWithItsDataAndItsPassword) {
    for (const auto* stage : {"branch", "Feature-One", "a_b"}) {
        SCOPED_TRACE(stage);
        const auto name = Incumbent::secret(stage);
        made_by_the_incumbent(stage);
        const auto before = login_of(name);
        const auto taken = drop_in(event("create", stage));
        EXPECT_EQ(taken.status, 200) << output();
        EXPECT_EQ(taken.text("outcome"), "adopted");
        EXPECT_FALSE(taken.body.at("created").as_bool());
        EXPECT_EQ(taken.text("dbName"), incumbent().database(stage));
        EXPECT_EQ(taken.text("secretName"), name);
        EXPECT_EQ(login_of(name).password(), before.password());
        EXPECT_EQ(login_of(name).get("user"), before.get("user"));
        EXPECT_EQ(owner(stage), "reviewdb_manager");
        expect_data(stage);
        expect_usable(name);
        EXPECT_EQ(drop_in(event("create", stage)).text("outcome"), "unchanged");

        EXPECT_EQ(drop_in(event("delete", stage)).status, 200) << output();
        EXPECT_EQ(environment::login_in_secret(*secret(name))->user, "placeholder");
        EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
        // Its create again, on the placeholder that is left.
        aws_.put(name, incumbent().create(stage, secret(name)).reveal());
        expect_usable(name);
        EXPECT_EQ(drop_in(event("delete", stage)).status, 200) << output();
        EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
        EXPECT_FALSE(aws_.secret(name));
    }
}

TEST_F(LambdaCutoverTest, WhatWasTakenOverIsNoStrangerToTheFormerLambda) {
    made_by_the_incumbent("branch");
    EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "adopted") << output();
    const auto name = Incumbent::secret("branch");
    const auto password = login_of(name).password();
    aws_.put(name, incumbent().create("branch", secret(name)).reveal());
    expect_data("branch");
    EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "repaired") << output();
    EXPECT_EQ(login_of(name).password(), password);
    EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "unchanged");
    expect_data("branch");
}

// The former Lambda's package is put back, works on every stage in one way or another, and leaves
// again.
TEST_F(LambdaCutoverTest, TheWayBackAndForthLeavesEveryStageUsable) {
    constexpr int k_stages = 10;
    more_["REVIEWDB_SERVER"] = k_administrator;
    const auto stage_of = [](int i) { return fmt::format("stage{}", i); };
    for (int i = 0; i < k_stages; ++i) {
        EXPECT_EQ(drop_in(event("create", stage_of(i))).status, 200) << output();
        support::execute(login_of(Incumbent::secret(stage_of(i))),
                         "CREATE TABLE kept AS SELECT 42 AS answer");
    }
    std::map<int, std::string> met;
    for (int i = 0; i < k_stages; ++i) {
        const auto stage = stage_of(i);
        const auto name = Incumbent::secret(stage);
        const auto create = [&] {
            try {
                aws_.put(name, incumbent().create(stage, secret(name)).reveal());
                met[i] += " made";
            } catch (const std::runtime_error& refused) {
                met[i] += fmt::format(" not made ({})", refused.what());
            }
        };
        const auto remove = [&] {
            met[i] += incumbent().remove(stage) ? " removed" : " not removed";
            met[i] += owner(stage).empty() ? "" : " (database stays)";
            aws_.remove(name);
        };
        if (i % 5 == 0) create();
        if (i % 5 == 1) remove();
        if (i % 5 == 2) {
            remove();
            create();
        }
        if (i % 5 == 3) {
            create();
            remove();
        }
    }
    for (int i = 0; i < k_stages; ++i) {
        SCOPED_TRACE(stage_of(i) + met[i]);
        const auto answer = drop_in(event("create", stage_of(i)));
        EXPECT_EQ(answer.status, 200) << boost::json::serialize(answer.body);
        if (answer.status == 200) expect_usable(Incumbent::secret(stage_of(i)));
    }
    EXPECT_EQ(repair_all().size(), static_cast<std::size_t>(k_stages));
    for (const auto& report : repair_all()) {
        const auto* outcome = report.as_object().if_contains("outcome");
        EXPECT_TRUE(outcome != nullptr && outcome->as_string() == "unchanged")
            << boost::json::serialize(report);
    }
    for (int i = 0; i < k_stages; ++i) {
        EXPECT_EQ(drop_in(event("delete", stage_of(i))).status, 200) << output();
    }
    // Roles that it made for databases of ours: nothing proves any more whose they are.
    EXPECT_EQ(count_of("reviewapp_user_stage%"), "0 databases, 4 roles");
    EXPECT_EQ(count_of("reviewapp%"), count_of("reviewapp_user_stage%"));
    for (const auto* stage : {"stage0", "stage5"}) {
        EXPECT_NE(output().find(fmt::format("the role {} is there", incumbent().role(stage))),
                  std::string::npos);
    }
}

// A deleted and created stage is a new database, which ours has to give way to.
TEST_F(LambdaCutoverTest, WhatTheFormerLambdaMadeAnewIsTakenOverInOursPlace) {
    for (const bool adopted : {false, true}) {
        for (const auto* first : {"create", "delete"}) {
            const std::string stage = fmt::format("{}{}", first, adopted ? "1" : "0");
            SCOPED_TRACE(stage);
            const auto name = Incumbent::secret(stage);
            if (adopted) made_by_the_incumbent(stage);
            EXPECT_EQ(drop_in(event("create", stage)).status, 200) << output();
            // On 16 and newer the administrator may not, and the former Lambda makes nothing anew.
            support::execute(cluster_->superuser(),
                             "DROP DATABASE " + incumbent().database(stage) + " WITH (FORCE)");
            support::execute(cluster_->superuser(),
                             "DROP ROLE IF EXISTS " + incumbent().role(stage));
            aws_.remove(name);
            made_by_the_incumbent(stage);
            const auto answer = drop_in(event(first, stage));
            EXPECT_EQ(answer.status, 200) << boost::json::serialize(answer.body);
            if (std::string_view(first) == "create") {
                EXPECT_EQ(answer.text("outcome"), "adopted");
                expect_data(stage);
                expect_usable(name);
                EXPECT_EQ(drop_in(event("create", stage)).text("outcome"), "unchanged");
                EXPECT_EQ(drop_in(event("delete", stage)).status, 200) << output();
            }
            EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
        }
    }
}

// A stage whose name is not plain has a database of another name with us.
TEST_F(LambdaCutoverTest, WhatTheFormerLambdaMadeBesideOursIsNamedAndGoesWithIt) {
    EXPECT_EQ(drop_in(event("create", "a-b")).status, 200) << output();
    const auto name = Incumbent::secret("a-b");
    aws_.put(name, incumbent().create("a-b", secret(name)).reveal());
    const auto before = state();
    const auto value = aws_.value(name);
    const auto refused = drop_in(event("create", "a-b"));
    EXPECT_EQ(refused.text("code"), "conflict");
    EXPECT_NE(refused.text("error").find("reviewapp_a-b"), std::string::npos);
    EXPECT_NE(refused.text("hint").find("delete the environment"), std::string::npos);
    EXPECT_EQ(state(), before);
    EXPECT_EQ(aws_.value(name), value);
    EXPECT_EQ(drop_in(event("delete", "a-b")).status, 200) << output();
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
    EXPECT_FALSE(aws_.secret(name));
    EXPECT_EQ(drop_in(event("create", "a-b")).text("outcome"), "created") << output();
    expect_usable(name);
}

TEST_F(LambdaCutoverTest, ADeleteTakesOverWhatWasNeverAskedForAndRemovesIt) {
    made_by_the_incumbent("old");
    const auto gone = drop_in(event("delete", "old"));
    EXPECT_EQ(gone.status, 200) << output();
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
    EXPECT_EQ(environment::login_in_secret(*secret(Incumbent::secret("old")))->user, "placeholder");
}

TEST_F(LambdaCutoverTest, WhatProvesNothingIsRefusedAndUntouched) {
    const auto name = Incumbent::secret("branch");
    const auto spoil_secret = [&](const std::string& from, const std::string& to) {
        auto text = *aws_.value(name);
        text.replace(text.find(from), from.size(), to);
        aws_.put(name, text);
    };
    const std::vector<std::pair<std::string, std::function<void()>>> cases{
        {"wrong password", [&] { spoil_secret(R"("password":")", R"("password":"x)"); }},
        {"other host", [&] { spoil_secret(R"("host":")", R"("host":"x)"); }},
        {"placeholder", [&] { aws_.put(name, Incumbent::placeholder().reveal()); }},
        {"no secret", [&] { aws_.remove(name); }},
        {"other owner",
         [&] {
             support::execute(cluster_->superuser(),
                              "ALTER DATABASE reviewapp_branch OWNER TO CURRENT_USER");
         }},
    };
    for (const auto& [title, spoil] : cases) {
        SCOPED_TRACE(title);
        made_by_the_incumbent("branch");
        spoil();
        const auto before = state();
        const auto value = aws_.value(name);
        for (const auto* action : {"create", "delete", "create"}) {
            const auto answer = drop_in(event(action, "branch"));
            EXPECT_EQ(answer.status, 500) << action;
            EXPECT_EQ(answer.text("code"), "conflict") << boost::json::serialize(answer.body);
            EXPECT_NE(answer.text("error").find("reviewapp_branch"), std::string::npos);
            EXPECT_FALSE(answer.text("hint").empty());
        }
        EXPECT_EQ(state(), before);
        EXPECT_EQ(aws_.value(name), value);
        support::execute(cluster_->superuser(), "DROP DATABASE reviewapp_branch WITH (FORCE)");
        support::execute(cluster_->superuser(), "DROP ROLE reviewapp_user_branch");
    }
}

}  // namespace

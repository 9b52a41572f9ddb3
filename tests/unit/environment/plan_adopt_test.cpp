// SPDX-License-Identifier: Apache-2.0
//
// What another tool made is taken over only where everything proves that it is the environment's.
#include <gtest/gtest.h>

#include <vector>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

// Where everything holds.
Facts proven() {
    auto facts = nothing();
    const std::vector<PolicyRow> rows{{"*", "host", "db.example"}};
    facts.policy = Policy::from_rows(k_project, rows);
    facts.final_name = NameHolder::somebody_else;
    facts.secret = SecretFacts{true, SecretHolder::this_environment, false, true};
    facts.secret_host = "db.example";
    facts.secret_database = "app_login";
    facts.secret_role = "app_user_login";
    facts.candidate = CandidateFacts{7, "admin", true, true, false, true, false, false};
    return facts;
}

CreateWish adopting(bool imported = false) {
    auto wish = some_create();
    wish.secret = "shop_aurora_login";
    wish.adoption = Adoption{{"app_login", "app_user_login"}, "app_dev", imported};
    return wish;
}

std::string planned(const Facts& facts, const CreateWish& wish = adopting()) {
    return in_words(plan_create(wish, facts, FreshIdentities{}));
}

void set_policy(Facts& facts, const char* value) {
    const std::vector<PolicyRow> rows{{"*", "host", "db.example"}, {"*", "adopt", value}};
    facts.policy = Policy::from_rows(k_project, rows);
}

TEST(PlanAdoption, proves_the_login_and_takes_it_over) {
    const auto facts = proven();
    EXPECT_EQ(planned(facts), "adopted: prove_login adopt again");
    const auto plan = plan_create(adopting(), facts, FreshIdentities{});
    ASSERT_TRUE(plan);
    const auto& target = plan->target;
    EXPECT_EQ(target.instance.oid, 7U);
    EXPECT_EQ(target.instance.database, "app_login");
    EXPECT_EQ(target.final_database, "app_login");
    EXPECT_EQ(target.role.name, "app_user_login");
    EXPECT_EQ(target.role.source, PasswordSource::external);
    EXPECT_EQ(target.environment.secret, "shop_aurora_login");
    EXPECT_EQ(target.environment.state, EnvironmentState::publishing);
}

TEST(PlanAdoption, refuses_what_is_not_proven) {
    const std::vector<Row> rows{
        {"recorded", [](Facts& f) { f.candidate->recorded = true; }, "conflict"},
        {"no role", [](Facts& f) { f.candidate->role_exists = false; }, "conflict"},
        {"privileged", [](Facts& f) { f.candidate->role_privileged = true; }, "conflict"},
        {"template", [](Facts& f) { f.candidate->is_template = true; }, "conflict"},
        {"closed", [](Facts& f) { f.candidate->accepts_connections = false; }, "conflict"},
        {"owner", [](Facts& f) { f.candidate->owned_by_login = false; }, "conflict"},
        {"no store", [](Facts& f) { f.secret.reset(); }, "conflict"},
        {"placeholder", [](Facts& f) { f.secret->has_password = false; }, "conflict"},
        {"database", [](Facts& f) { f.secret_database = "app_other"; }, "conflict"},
        {"role", [](Facts& f) { f.secret_role = "app_user_other"; }, "conflict"},
        {"host", [](Facts& f) { f.secret_host = "other.example"; }, "conflict"},
        {"password", [](Facts& f) { f.tried.password_refused = true; }, "conflict"},
        {"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
        {"never", [](Facts& f) { set_policy(f, "never"); }, "conflict"},
        {"import", [](Facts& f) { set_policy(f, "import"); }, "conflict"},
    };
    for (const auto& row : rows) {
        auto facts = proven();
        row.spoil(facts);
        EXPECT_EQ(planned(facts), row.plan) << row.name;
    }
}

TEST(PlanAdoption, refuses_the_administrators_own_database) {
    auto wish = adopting();
    wish.adoption->never = "app_login";
    EXPECT_EQ(planned(proven(), wish), "conflict");
}

TEST(PlanAdoption, an_import_is_what_the_policy_may_ask_for) {
    auto facts = proven();
    set_policy(facts, "import");
    EXPECT_EQ(planned(facts, adopting(true)), "adopted: prove_login adopt again");
}

TEST(PlanAdoption, a_secret_is_one_that_the_policy_gives_to_environments) {
    auto facts = nothing();
    auto wish = some_create();
    wish.secret = "shop_elsewhere";
    EXPECT_EQ(planned(facts, wish).substr(0, 8), "created:");
    wish.secret = "administrator";
    EXPECT_EQ(planned(facts, wish), "denied");
    wish.secret = "shop_elsewhere";
    facts.secret.reset();
    EXPECT_EQ(planned(facts, wish), "conflict");
    // Where there is an environment, its own secret is the one that counts.
    wish.secret = "administrator";
    EXPECT_EQ(planned(right(), wish), "unchanged: prove_login renew");
}

// Another tool dropped our database and made its own under the same name.
Facts replaced() {
    auto facts = proven();
    const auto ours = right();
    facts.installation = ours.installation;
    facts.environment = ours.environment;
    facts.environment->origin.repository.clear();
    facts.instance = ours.instance;
    facts.instance->database = "app_login";
    facts.role = ours.role;
    facts.login = ours.login;
    facts.database = DatabaseFacts{};
    facts.database->oid = 7;
    facts.database->name = "app_login";
    facts.candidate->recorded = facts.candidate->replaces_ours = true;
    return facts;
}

TEST(PlanAdoption, lets_go_of_the_record_of_a_database_that_was_made_anew) {
    const auto facts = replaced();
    EXPECT_EQ(planned(facts), "absent: record_retirement bury drop_role forget again");
    const auto plan = plan_create(adopting(), facts, FreshIdentities{});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.leaving.database, dropping_name(facts.instance->id));
}

TEST(PlanAdoption, a_role_made_anew_is_none_of_the_record_that_goes) {
    auto facts = replaced();
    facts.role->name = "app_user_login";
    EXPECT_EQ(planned(facts), "absent: record_retirement bury forget again");
    EXPECT_EQ(plan_create(adopting(), facts, FreshIdentities{})->target.role.name, "");
}

TEST(PlanAdoption, keeps_the_record_of_what_is_not_proven_to_be_made_anew) {
    const std::vector<Row> rows{
        {"renamed", [](Facts& f) { f.candidate->replaces_ours = false; }, "conflict"},
        {"beside", [](Facts& f) { f.database->name = "app_log_in"; }, "conflict"},
        {"owner", [](Facts& f) { f.candidate->owned_by_login = false; }, "conflict"},
        {"placeholder", [](Facts& f) { f.secret->has_password = false; }, "conflict"},
        {"role", [](Facts& f) { f.secret_role = "app_user_other"; }, "conflict"},
        {"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
        {"never", [](Facts& f) { set_policy(f, "never"); }, "conflict"},
        {"repository", [](Facts& f) { f.environment->origin.repository = "example.com/other/one"; },
         "conflict"},
    };
    for (const auto& row : rows) {
        auto facts = replaced();
        row.spoil(facts);
        EXPECT_EQ(planned(facts), row.plan) << row.name;
    }
}

TEST(PlanAdoption, where_there_is_no_such_database_a_new_one_is_made) {
    auto facts = nothing();
    facts.candidate = CandidateFacts{};
    EXPECT_EQ(planned(facts),
              "created: record_intent create_role create_database secure_database "
              "hand_over prove_login claim write_secret mark_ready");
}

TEST(PlanAdoption, a_lost_secret_means_the_next_password_derived) {
    auto facts = right();
    facts.role->source = PasswordSource::external;
    facts.secret = SecretFacts{};
    EXPECT_EQ(planned(facts, some_create()),
              "repaired: record_intent rotate_password prove_login write_secret mark_ready");
    const auto plan = plan_create(some_create(), facts, FreshIdentities{});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.role.source, PasswordSource::derived);
    EXPECT_EQ(plan->target.role.password_version, 2);
}

}  // namespace

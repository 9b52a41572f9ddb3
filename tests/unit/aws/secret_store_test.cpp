// SPDX-License-Identifier: Apache-2.0
#include "aws/secret_store.h"

#include <gmock/gmock.h>

#include <optional>

#include "environment/secret_value.h"
#include "unit/aws/aws_world.h"

namespace {

using base::ErrorKind;
using base::Secret;
using support::must;
using testing::HasSubstr;
using testing::Not;
using unit::k_ours;
using unit::soon;

const std::string k_newer =
    R"({"password":"staple-staple-staple","reviewdb":"11111111-2222-4333-8444-555555555555"})";
const std::string k_placeholder = R"({"username":"placeholder","password":"any"})";
const std::string k_foreign = R"({"username":"somebody","host":"h","dbname":"d"})";
const std::string k_function = "arn:aws:lambda:eu-central-1:123456789012:function:rotate";

struct SecretStoreTest : unit::AwsWorld {
    // As the planner has it: ours and placeholders may be replaced.
    static environment::SecretWrite write_of(const std::string& value) {
        return {"review_a", Secret(value), {{"name", "a"}}, [](const Secret& found) {
                    return environment::owner_of_secret(found) ||
                           environment::is_placeholder(found);
                }};
    }
    // A look of an operation: reads, and has a store for what follows.
    std::string look() {
        store.emplace(manager, options, log, unit::no_waiting());
        return must(store->read("review_a", soon())).value_or(Secret("(none)")).reveal();
    }
    base::Result<void> write(const std::string& value) {
        return store->write(write_of(value), soon());
    }

    base::Log log{base::LogLevel::off, base::LogFormat::json};
    aws::StoreOptions options;
    std::optional<aws::SecretStore> store;
};

TEST_F(SecretStoreTest, creates_in_two_calls_with_tags_and_key) {
    options.company_tags = {{"team", "core"}};
    options.kms_key_id = "alias/mine";
    EXPECT_EQ(look(), "(none)");
    must(write(k_ours));
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "CreateSecret"}));
    EXPECT_EQ(value_of("review_a"), k_ours);
    const auto secret = *amazon.secret("review_a");
    EXPECT_EQ(secret.tags, (aws::Tags{{"team", "core"}, {"name", "a"}}));
    EXPECT_EQ(secret.kms_key_id, "alias/mine");
    EXPECT_THAT(secret.description, HasSubstr("review environment"));
    EXPECT_FALSE(secret.rotation_enabled.value_or(false));
}

TEST_F(SecretStoreTest, lists_those_that_say_whose_they_are_over_any_number_of_pages) {
    store.emplace(manager, options, log, unit::no_waiting());
    EXPECT_TRUE(must(store->list(soon())).empty());
    constexpr int k_many = 230;
    for (int i = 0; i < k_many; ++i) {
        auto write = write_of(k_ours);
        write.name = "review_" + std::to_string(i);
        write.tags = {{std::string(environment::k_owner_tag), base::Uuid::random().to_string()}};
        must(store->write(write, soon()));
    }
    amazon.put("theirs", k_foreign);
    EXPECT_FALSE(actions().empty());
    const auto listed = must(store->list(soon()));
    EXPECT_EQ(listed.size(), k_many);
    EXPECT_EQ(actions(), (Actions{"ListSecrets", "ListSecrets", "ListSecrets"}));
}

TEST_F(SecretStoreTest, says_when_it_may_not_list) {
    amazon.deny("ListSecrets");
    store.emplace(manager, options, log, unit::no_waiting());
    const auto refused = store->list(soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
}

TEST_F(SecretStoreTest, reads_first_when_nobody_has) {
    amazon.put("review_a", k_ours);
    store.emplace(manager, options, log);
    must(write(k_newer));
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "PutSecretValue"}));
}

TEST_F(SecretStoreTest, writes_a_version_only_where_the_value_differs) {
    amazon.put("review_a", k_ours);
    EXPECT_EQ(look(), k_ours);
    must(write(k_ours));
    EXPECT_EQ(actions(), Actions{"GetSecretValue"});
    must(write(k_newer));
    must(write(k_newer));
    EXPECT_EQ(actions(), Actions{"PutSecretValue"});
    EXPECT_EQ(amazon.versions("review_a"), 2U);
    EXPECT_EQ(value_of("review_a"), k_newer);
}

TEST_F(SecretStoreTest, tags_what_was_a_placeholder_and_keeps_the_tags_it_has) {
    amazon.put("review_a", k_placeholder, {{"aws:cloudformation:stack-id", "x"}});
    EXPECT_EQ(look(), k_placeholder);
    must(write(k_ours));
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "PutSecretValue", "TagResource"}));
    EXPECT_EQ(amazon.secret("review_a")->tags,
              (aws::Tags{{"aws:cloudformation:stack-id", "x"}, {"name", "a"}}));
}

TEST_F(SecretStoreTest, has_written_when_only_the_tags_are_refused) {
    amazon.put("review_a", k_placeholder);
    amazon.deny("TagResource");
    look();
    must(write(k_ours));
    EXPECT_EQ(value_of("review_a"), k_ours);
}

TEST_F(SecretStoreTest, tells_aws_only_what_a_tag_may_be) {
    look();
    auto write = write_of(k_ours);
    write.tags = {{"name", "grün & \"blau\"\n" + std::string(300, 'x')},
                  {"ref", "feature/a-b_c.d"}};
    must(store->write(write, soon()));
    const auto tags = amazon.secret("review_a")->tags;
    EXPECT_EQ(tags.at("ref"), "feature/a-b_c.d");
    EXPECT_THAT(tags.at("name"), testing::StartsWith("gr__n _ _blau__xxx"));
    EXPECT_EQ(tags.at("name").size(), 256U);
}

TEST_F(SecretStoreTest, gives_a_new_secret_its_rotation_without_rotating) {
    options.rotation = aws::Rotation{k_function, 30};
    look();
    must(write(k_ours));
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "CreateSecret", "RotateSecret"}));
    EXPECT_EQ(amazon.secret("review_a")->rotation_enabled, true);
    EXPECT_EQ(value_of("review_a"), k_ours);
}

// What turns up between the look and the write.

TEST_F(SecretStoreTest, is_content_when_the_same_value_turned_up) {
    look();
    amazon.put("review_a", k_ours);
    must(write(k_ours));
    EXPECT_EQ(amazon.versions("review_a"), 1U);
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "CreateSecret", "GetSecretValue"}));
}

TEST_F(SecretStoreTest, wants_another_look_at_what_turned_up_and_may_be_replaced) {
    for (const auto& value : {k_placeholder, k_newer}) {
        amazon.remove("review_a");
        look();
        amazon.put("review_a", value);
        EXPECT_EQ(write(k_ours).error().kind, ErrorKind::in_doubt);
        EXPECT_EQ(value_of("review_a"), value);
        look();
        must(write(k_ours));
        EXPECT_EQ(value_of("review_a"), k_ours);
    }
}

TEST_F(SecretStoreTest, leaves_alone_what_turned_up_and_is_somebody_elses) {
    look();
    amazon.put("review_a", k_foreign);
    const auto error = write(k_ours).error();
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_THAT(error.message, Not(HasSubstr("somebody\"")));
    EXPECT_EQ(value_of("review_a"), k_foreign);
}

TEST_F(SecretStoreTest, fills_a_secret_that_has_no_value) {
    amazon.put_without_value("review_a", {{"x", "y"}});
    EXPECT_EQ(look(), "(none)");
    must(write(k_ours));
    EXPECT_EQ(value_of("review_a"), k_ours);
    EXPECT_EQ(amazon.secret("review_a")->tags, (aws::Tags{{"name", "a"}, {"x", "y"}}));
}

TEST_F(SecretStoreTest, wants_another_look_when_the_secret_is_gone_or_going) {
    amazon.put("review_a", k_ours);
    look();
    amazon.remove("review_a");
    EXPECT_EQ(write(k_newer).error().kind, ErrorKind::in_doubt);
    amazon.put("review_a", k_ours);
    look();
    amazon.schedule_deletion("review_a");
    EXPECT_EQ(write(k_newer).error().kind, ErrorKind::in_doubt);
}

// Scheduled for deletion.

TEST_F(SecretStoreTest, restores_one_that_is_scheduled_and_ours) {
    for (const auto& former : {k_newer, k_placeholder}) {
        amazon.put("review_a", former);
        amazon.schedule_deletion("review_a");
        EXPECT_EQ(look(), "(none)");
        must(write(k_ours));
        EXPECT_EQ(value_of("review_a"), k_ours);
        EXPECT_FALSE(amazon.secret("review_a")->deleted);
    }
}

TEST_F(SecretStoreTest, writes_no_version_into_a_restored_one_that_has_the_value) {
    amazon.put("review_a", k_ours);
    amazon.schedule_deletion("review_a");
    look();
    must(write(k_ours));
    EXPECT_EQ(amazon.versions("review_a"), 1U);
    EXPECT_FALSE(amazon.secret("review_a")->deleted);
}

TEST_F(SecretStoreTest, schedules_somebody_elses_again_for_what_was_left) {
    amazon.put("review_a", k_foreign);
    unit::must(manager.schedule_deletion("review_a", 20, soon()));
    const auto before = *amazon.secret("review_a")->deleted;
    look();
    EXPECT_EQ(write(k_ours).error().kind, ErrorKind::conflict);
    const auto secret = *amazon.secret("review_a");
    ASSERT_TRUE(secret.deleted);
    EXPECT_LT(*secret.deleted - before, std::chrono::minutes(1));
    EXPECT_GT(*secret.deleted - before, -std::chrono::minutes(1));
    EXPECT_EQ(value_of("review_a"), k_foreign);
}

TEST_F(SecretStoreTest, waits_for_a_deletion_that_goes_on_in_the_background) {
    amazon.linger_after_deletion(std::chrono::milliseconds(0), 9);
    amazon.put("review_a", k_newer);
    unit::must(manager.delete_at_once("review_a", soon()));
    EXPECT_EQ(look(), "(none)");
    must(write(k_ours));
    EXPECT_EQ(value_of("review_a"), k_ours);
}

TEST_F(SecretStoreTest, says_what_it_waited_for_when_the_deletion_takes_longer) {
    amazon.linger_after_deletion(std::chrono::hours(1));
    amazon.put("review_a", k_newer);
    unit::must(manager.delete_at_once("review_a", soon()));
    look();
    store.emplace(manager, options, log);
    const auto error =
        store->write(write_of(k_ours), base::Deadline::after(std::chrono::seconds(2))).error();
    EXPECT_EQ(error.kind, ErrorKind::deadline);
    EXPECT_THAT(error.message + error.hint, HasSubstr("deleti"));
}

// Removing.

TEST_F(SecretStoreTest, removes_for_good_what_it_saw) {
    amazon.put("review_a", k_ours);
    look();
    must(store->remove("review_a", soon()));
    EXPECT_EQ(amazon.names(), std::vector<std::string>{});
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "DescribeSecret", "DeleteSecret"}));
    must(store->remove("review_a", soon()));
    EXPECT_EQ(actions(), Actions{});
}

TEST_F(SecretStoreTest, removes_nothing_that_it_has_not_seen) {
    store.emplace(manager, options, log);
    amazon.put("review_a", k_foreign);
    must(store->remove("review_a", soon()));
    EXPECT_EQ(actions(), Actions{});
    amazon.remove("review_a");
    look();
    amazon.put("review_a", k_foreign);
    must(store->remove("review_a", soon()));
    EXPECT_EQ(value_of("review_a"), k_foreign);
}

TEST_F(SecretStoreTest, is_content_to_remove_what_is_gone_or_scheduled) {
    amazon.put("review_a", k_ours);
    look();
    amazon.schedule_deletion("review_a");
    must(store->remove("review_a", soon()));
    EXPECT_TRUE(amazon.secret("review_a"));
    amazon.remove("review_a");
    amazon.put("review_a", k_ours);
    look();
    amazon.remove("review_a");
    must(store->remove("review_a", soon()));
}

TEST_F(SecretStoreTest, leaves_the_members_of_others_and_a_placeholder_that_was_there_before) {
    const std::string owned = R"("host":"h","reviewdb":"11111111-2222-4333-8444-555555555555")";
    const std::vector<std::pair<std::string, std::string>> left{
        {R"({"stripe_key":"sk",)" + owned + "}", R"({"stripe_key":"sk","username":"placeholder"})"},
        {"{" + owned + R"(,"reviewdb_filled_placeholder":true})", R"({"username":"placeholder"})"}};
    for (const auto& [value, remainder] : left) {
        amazon.put("review_a", value);
        look();
        must(store->remove("review_a", soon()));
        EXPECT_EQ(value_of("review_a"), remainder);
        amazon.remove("review_a");
    }
}

TEST_F(SecretStoreTest, empties_what_a_stack_owns_and_leaves_its_place) {
    amazon.put("review_a",
               R"({"dbClusterIdentifier":"c","host":"h","password":"p","reviewdb":)"
               R"("11111111-2222-4333-8444-555555555555"})",
               {{"aws:cloudformation:stack-id", "x"}});
    look();
    must(store->remove("review_a", soon()));
    EXPECT_EQ(value_of("review_a"), R"({"dbClusterIdentifier":"c","username":"placeholder"})");
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "DescribeSecret", "PutSecretValue"}));
    look();
    must(store->remove("review_a", soon()));
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "DescribeSecret"}));
}

// Administrators' secrets.

TEST_F(SecretStoreTest, never_touches_an_administrators_secret) {
    const auto arn = amazon.put("review_a", k_ours);
    const std::vector<std::string> forms{"review_a", arn, arn.substr(0, arn.size() - 7)};
    for (const auto& form : forms) {
        options.forbidden = {"other", form};
        EXPECT_EQ(look(), k_ours);
        EXPECT_EQ(write(k_newer).error().kind, ErrorKind::denied) << form;
        EXPECT_EQ(store->remove("review_a", soon()).error().kind, ErrorKind::denied) << form;
        for (const auto& name : {arn, arn.substr(0, arn.size() - 7)}) {
            must(store->read(name, soon()));
            EXPECT_EQ(store->remove(name, soon()).error().kind, ErrorKind::denied) << form;
        }
    }
    EXPECT_EQ(value_of("review_a"), k_ours);
    EXPECT_EQ(amazon.versions("review_a"), 1U);
}

TEST_F(SecretStoreTest, refuses_a_name_that_no_secret_can_have) {
    store.emplace(manager, options, log);
    auto write = write_of(k_ours);
    write.name = "a b";
    const auto error = store->write(write, soon()).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Versions, staging labels, deletion in the background and rotation in the stand-in for Secrets
// Manager, where AWS's own client does not reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "unit/support/raw_secrets_manager.h"

namespace {

using boost::json::object;
using std::chrono::hours;
using std::chrono::milliseconds;
using support::RawSecretsManager;
using support::SecretsManagerStandIn;
using testing::ElementsAre;

std::string token(int number) {
    auto text = std::to_string(number);
    return std::string(32 - text.size(), '0') + text;
}

class SecretVersions : public testing::Test {
   protected:
    SecretVersions() { aws_.put("s", "first"); }

    RawSecretsManager::Answer put(int number, const std::string& value) {
        return raw_.call(
            "PutSecretValue",
            {{"SecretId", "s"}, {"SecretString", value}, {"ClientRequestToken", token(number)}});
    }
    RawSecretsManager::Answer put_under(int number, const std::string& stage) {
        return raw_.call("PutSecretValue", {{"SecretId", "s"},
                                            {"SecretString", "value"},
                                            {"ClientRequestToken", token(number)},
                                            {"VersionStages", {stage}}});
    }
    RawSecretsManager::Answer move(const std::string& stage, const std::string& from,
                                   const std::string& to) {
        object members{{"SecretId", "s"}, {"VersionStage", stage}};
        if (!from.empty()) members["RemoveFromVersionId"] = from;
        if (!to.empty()) members["MoveToVersionId"] = to;
        return raw_.call("UpdateSecretVersionStage", members);
    }
    std::string holder(const std::string& stage) const {
        const auto secret = aws_.secret("s");
        const auto* version = secret->find_stage(stage);
        return version == nullptr ? "" : version->id;
    }
    std::string first() const { return aws_.secret("s")->versions.front().id; }

    SecretsManagerStandIn aws_;
    RawSecretsManager raw_{aws_};
};

TEST_F(SecretVersions, follow_one_another_under_their_labels) {
    EXPECT_EQ(put(1, "second").status, 200);
    EXPECT_EQ(put(2, "third").status, 200);
    EXPECT_EQ(holder("AWSCURRENT"), token(2));
    EXPECT_EQ(holder("AWSPREVIOUS"), token(1));
    EXPECT_TRUE(aws_.secret("s")->versions.front().stages.empty());
    EXPECT_EQ(aws_.versions("s"), 3U);
    EXPECT_EQ(aws_.value("s"), "third");
}

TEST_F(SecretVersions, are_written_once_for_each_token) {
    put(1, "second");
    put(2, "third");
    EXPECT_EQ(put(1, "second").status, 200);
    EXPECT_EQ(holder("AWSCURRENT"), token(2)) << "a repeated request changes nothing";
    EXPECT_EQ(put(1, "other").type, "ResourceExistsException");
    EXPECT_EQ(aws_.versions("s"), 3U);
}

TEST_F(SecretVersions, keep_their_labels_when_a_new_one_has_its_own) {
    put_under(1, "AWSPENDING");
    put_under(2, "AWSPENDING");
    EXPECT_EQ(holder("AWSCURRENT"), first());
    EXPECT_EQ(holder("AWSPENDING"), token(2));
}

TEST_F(SecretVersions, get_their_first_current_one_whatever_is_asked) {
    aws_.put_without_value("empty");
    raw_.call("PutSecretValue", {{"SecretId", "empty"},
                                 {"SecretString", "value"},
                                 {"ClientRequestToken", token(1)},
                                 {"VersionStages", {"mine"}}});
    EXPECT_THAT(aws_.secret("empty")->versions.front().stages, ElementsAre("AWSCURRENT", "mine"));
}

TEST_F(SecretVersions, let_go_of_a_label_only_for_who_knows_where_it_is) {
    put_under(1, "mine");
    put(2, "third");
    EXPECT_EQ(move("mine", "", token(2)).type, "InvalidParameterException");
    EXPECT_EQ(move("mine", first(), token(2)).type, "InvalidParameterException");
    EXPECT_EQ(move("mine", token(1), token(3)).type, "ResourceNotFoundException");
    EXPECT_EQ(move("mine", token(1), token(2)).status, 200);
    EXPECT_EQ(holder("mine"), token(2));
    EXPECT_EQ(move("mine", "", token(2)).status, 200) << "it is already there";
    EXPECT_EQ(move("mine", token(1), "").type, "InvalidParameterException");
    EXPECT_EQ(move("mine", token(2), "").status, 200);
    EXPECT_EQ(holder("mine"), "");
    EXPECT_EQ(move("mine", "", "").type, "InvalidParameterException");
    EXPECT_EQ(move("new", "", first()).status, 200);
}

TEST_F(SecretVersions, always_have_a_current_one) {
    const auto refused = move("AWSCURRENT", first(), "");
    EXPECT_EQ(refused.type, "InvalidParameterException");
    EXPECT_EQ(holder("AWSCURRENT"), first());
}

TEST_F(SecretVersions, are_kept_for_a_day_and_no_more_than_a_hundred) {
    move("mine", "", first());
    for (int number = 1; number < 100; ++number) ASSERT_EQ(put(number, "value").status, 200);
    EXPECT_EQ(put(100, "value").type, "LimitExceededException");
    EXPECT_EQ(aws_.versions("s"), 100U);
    aws_.advance(hours(25));
    EXPECT_EQ(put(100, "value").status, 200);
    EXPECT_EQ(aws_.versions("s"), 100U);
    EXPECT_EQ(holder("AWSPREVIOUS"), token(99));
    EXPECT_EQ(holder("mine"), first()) << "a label keeps its version";
    EXPECT_FALSE(aws_.secret("s")->find_version(token(1)));
}

class SecretDeletion : public SecretVersions {
   protected:
    RawSecretsManager::Answer remove() {
        return raw_.call("DeleteSecret", {{"SecretId", "s"}, {"ForceDeleteWithoutRecovery", true}});
    }
    RawSecretsManager::Answer create() {
        return raw_.call(
            "CreateSecret",
            {{"Name", "s"}, {"SecretString", "new"}, {"ClientRequestToken", token(1)}});
    }
};

TEST_F(SecretDeletion, takes_so_many_calls_in_the_background) {
    aws_.linger_after_deletion(milliseconds(0), 3);
    EXPECT_EQ(remove().status, 200);
    EXPECT_EQ(create().message,
              "You can't create this secret because a secret with this name is already scheduled "
              "for deletion.");
    EXPECT_EQ(raw_.call("GetSecretValue", {{"SecretId", "s"}}).type, "InvalidRequestException");
    EXPECT_EQ(raw_.call("RestoreSecret", {{"SecretId", "s"}}).type, "InvalidRequestException");
    EXPECT_EQ(create().status, 200);
    EXPECT_EQ(aws_.value("s"), "new");
}

TEST_F(SecretDeletion, takes_so_much_time_in_the_background) {
    aws_.linger_after_deletion(hours(1));
    EXPECT_EQ(remove().status, 200);
    EXPECT_EQ(create().type, "InvalidRequestException");
    EXPECT_TRUE(aws_.secret("s"));
}

TEST_F(SecretDeletion, is_over_after_that_time) {
    aws_.linger_after_deletion(milliseconds(50));
    EXPECT_EQ(remove().status, 200);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto answer = create();
    while (answer.status != 200 && std::chrono::steady_clock::now() < deadline) answer = create();
    EXPECT_EQ(answer.status, 200) << answer.message;
}

TEST_F(SecretDeletion, overrides_a_scheduled_one) {
    aws_.schedule_deletion("s");
    EXPECT_EQ(raw_.call("DeleteSecret", {{"SecretId", "s"}}).type, "InvalidRequestException");
    EXPECT_EQ(remove().status, 200);
    EXPECT_FALSE(aws_.secret("s"));
}

TEST_F(SecretDeletion, happens_when_the_window_is_over) {
    aws_.schedule_deletion("s");
    aws_.advance(hours(24 * 29));
    EXPECT_TRUE(aws_.secret("s"));
    aws_.advance(hours(48));
    EXPECT_EQ(raw_.call("DescribeSecret", {{"SecretId", "s"}}).type, "ResourceNotFoundException");
}

TEST_F(SecretVersions, have_no_value_at_the_beginning_of_a_rotation) {
    const auto pending = aws_.start_rotation("s");
    EXPECT_EQ(holder("AWSPENDING"), pending);
    EXPECT_EQ(raw_.call("GetSecretValue", {{"SecretId", "s"}, {"VersionId", pending}}).type,
              "ResourceNotFoundException");
    const object value{{"SecretId", "s"},
                       {"SecretString", "next"},
                       {"ClientRequestToken", pending},
                       {"VersionStages", {"AWSPENDING"}}};
    EXPECT_EQ(raw_.call("PutSecretValue", value).status, 200);
    EXPECT_EQ(aws_.versions("s"), 2U);
    EXPECT_EQ(aws_.value("s"), "first");
    EXPECT_EQ(move("AWSCURRENT", first(), pending).status, 200);
    EXPECT_EQ(aws_.value("s"), "next");
    ASSERT_EQ(aws_.rotations().size(), 1U);
    EXPECT_EQ(aws_.rotations().front().token, pending);
}

}  // namespace

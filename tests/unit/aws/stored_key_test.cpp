// SPDX-License-Identifier: Apache-2.0
#include "aws/stored_key.h"

#include <gmock/gmock.h>

#include <mutex>
#include <set>

#include "environment/credential.h"
#include "support/at_once.h"
#include "unit/aws/aws_world.h"

namespace {

using aws::find_key;
using aws::find_or_create_key;
using base::ErrorKind;
using base::Secret;
using support::must;
using unit::soon;

const std::string k_name = "reviewdb/key";
const std::string k_hex(64, 'a');

struct StoredKeyTest : unit::AwsWorld {};

TEST_F(StoredKeyTest, is_created_once_and_found_from_then_on) {
    EXPECT_FALSE(must(find_key(manager, k_name, soon())));
    const auto key = must(find_or_create_key(manager, {k_name, {}, {{"team", "core"}}}, soon()));
    EXPECT_TRUE(environment::Key::parse(1, key));
    EXPECT_EQ(value_of(k_name), R"({"key":")" + key.reveal() + R"("})");
    EXPECT_EQ(amazon.secret(k_name)->tags, (aws::Tags{{"team", "core"}}));
    actions();
    EXPECT_EQ(must(find_or_create_key(manager, {k_name}, soon())), key);
    EXPECT_EQ(must(find_key(manager, k_name, soon())), key);
    EXPECT_EQ(actions(), (Actions{"GetSecretValue", "GetSecretValue"}));
}

TEST_F(StoredKeyTest, is_the_same_for_everybody_who_creates_it_at_once) {
    std::mutex mutex;
    std::set<std::string> keys;
    support::at_once(8, 8, [&](std::size_t) {
        http::Client own_http(settings.trust);
        aws::CredentialsChain own_credentials(settings, own_http);
        aws::SecretsManager own(settings, own_credentials, own_http);
        const auto key = must(find_or_create_key(own, {k_name}, soon()));
        const std::lock_guard lock(mutex);
        keys.insert(key.reveal());
    });
    EXPECT_EQ(keys.size(), 1U);
    EXPECT_EQ(amazon.versions(k_name), 1U);
}

TEST_F(StoredKeyTest, may_be_put_there_by_hand) {
    amazon.put(k_name, k_hex);
    EXPECT_EQ(must(find_key(manager, k_name, soon()))->reveal(), k_hex);
    amazon.put(k_name, R"({"key":")" + k_hex + R"(","note":"by hand"})");
    EXPECT_EQ(must(find_key(manager, k_name, soon()))->reveal(), k_hex);
}

TEST_F(StoredKeyTest, is_never_written_over_what_is_no_key) {
    for (const auto* value : {"{}", "hush", R"({"key":"hush"})", R"({"key":1})"}) {
        amazon.put(k_name, value);
        const auto error = find_or_create_key(manager, {k_name}, soon()).error();
        EXPECT_EQ(error.kind, ErrorKind::conflict) << value;
        EXPECT_EQ(error.message.find("hush"), std::string::npos);
        EXPECT_EQ(value_of(k_name), value);
    }
    amazon.remove(k_name);
    amazon.put_without_value(k_name);
    EXPECT_EQ(find_or_create_key(manager, {k_name}, soon()).error().kind, ErrorKind::conflict);
}

TEST_F(StoredKeyTest, is_not_made_anew_while_the_old_one_can_be_restored) {
    amazon.put(k_name, k_hex);
    amazon.schedule_deletion(k_name);
    for (const auto& error : {find_or_create_key(manager, {k_name}, soon()).error(),
                              find_key(manager, k_name, soon()).error()}) {
        EXPECT_EQ(error.kind, ErrorKind::conflict);
        EXPECT_THAT(error.hint, testing::HasSubstr("restore-secret"));
    }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "environment/key_ring.h"

#include <gtest/gtest.h>

#include "support/must.h"

namespace {

using base::ErrorKind;
using base::Secret;
using environment::Installation;
using environment::Key;
using environment::KeyRing;
using environment::KeyTexts;
using support::must;

constexpr const char* k_one_key =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr const char* k_other_key =
    "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100";

Key key_of(const char* text) { return must(Key::parse(1, Secret(text))); }

Installation in_aws(const std::string& fingerprint) {
    Installation installation;
    installation.keys.push_back({1, fingerprint, "aws:the-key", std::nullopt});
    return installation;
}

Installation in_registry(const char* text) {
    Installation installation;
    installation.keys.push_back({1, key_of(text).fingerprint(), "registry", key_of(text).bytes()});
    return installation;
}

class KeyRingTest : public ::testing::Test {
   protected:
    KeyTexts texts() {
        KeyTexts texts;
        texts.read_aws = [this](const std::string& /*name*/) -> base::Result<Secret> {
            ++read_;
            return Secret(kept_);
        };
        return texts;
    }
    const char* kept_ = k_one_key;
    int read_ = 0;
};

TEST_F(KeyRingTest, LooksForAKeyOnce) {
    const KeyRing ring(texts());
    const auto installation = in_aws(key_of(k_one_key).fingerprint());
    const auto* first = must(ring.find(installation, 1));
    EXPECT_EQ(first->bytes(), key_of(k_one_key).bytes());
    EXPECT_EQ(must(ring.find(installation, 1)), first);
    EXPECT_EQ(read_, 1);
}

TEST_F(KeyRingTest, LooksAgainWhereTheRegistryMeansAnother) {
    const KeyRing ring(texts());
    must(ring.find(in_aws(key_of(k_one_key).fingerprint()), 1));
    const auto refused = ring.find(in_aws(key_of(k_other_key).fingerprint()), 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    kept_ = k_other_key;
    EXPECT_EQ(must(ring.find(in_aws(key_of(k_other_key).fingerprint()), 1))->bytes(),
              key_of(k_other_key).bytes());
}

TEST_F(KeyRingTest, LooksEachTimeWhereTheRegistryDoesNotSayWhichItIs) {
    const KeyRing ring(texts());
    must(ring.find(in_aws(""), 1));
    kept_ = k_other_key;
    EXPECT_EQ(must(ring.find(in_aws(""), 1))->bytes(), key_of(k_other_key).bytes());
}

TEST_F(KeyRingTest, TakesWhatTheRegistryHasAsItIsNow) {
    const KeyRing ring(texts());
    must(ring.find(in_registry(k_one_key), 1));
    EXPECT_EQ(must(ring.find(in_registry(k_other_key), 1))->bytes(), key_of(k_other_key).bytes());
    EXPECT_EQ(read_, 0);
}

TEST_F(KeyRingTest, HasNoKeyThatTheRegistryDoesNotHave) {
    const KeyRing ring(texts());
    const auto installation = in_registry(k_one_key);
    must(ring.find(installation, 1));
    EXPECT_FALSE(ring.find(Installation(), 1));
    EXPECT_FALSE(ring.find(installation, 2));
}

}  // namespace

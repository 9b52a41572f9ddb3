// SPDX-License-Identifier: Apache-2.0
#include "environment/credential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "support/must.h"

namespace {

using base::Secret;
using base::Uuid;
using environment::Key;
using support::must;

const Uuid k_role = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");
const Uuid k_other_role = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abce");
constexpr const char* k_hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

Key some_key() { return must(Key::parse(3, Secret(k_hex))); }

// Computed apart from this program (Python's hmac and base64).
TEST(Key, derives_the_published_passwords) {
    EXPECT_EQ(some_key().password(k_role, 1).reveal(),
              "rcWUIIgCQKdI8SOWCyJ4BOIHlXFgZmlyXmsoR0CfH0Q");
    EXPECT_EQ(some_key().password(k_role, 258).reveal(),
              "vZeltA8eZ3qlGeQowI8X4qNzk7ehcSOnWYawenMjjoo");
    EXPECT_EQ(some_key().fingerprint(), "6713e6371c27b968");
}

TEST(Key, derives_another_password_for_each_role_version_and_key) {
    std::set<std::string> passwords;
    for (int version = 1; version <= 300; ++version) {
        for (const auto& role : {k_role, k_other_role}) {
            const auto password = some_key().password(role, version).reveal();
            EXPECT_EQ(password.size(), 43U);
            EXPECT_EQ(base::percent_encoded(password), password);
            passwords.insert(password);
        }
    }
    passwords.insert(Key::random(3).password(k_role, 1).reveal());
    EXPECT_EQ(passwords.size(), 601U);
}

TEST(Key, is_read_from_hexadecimal_and_base64url) {
    const auto key = some_key();
    EXPECT_EQ(key.number(), 3);
    EXPECT_EQ(key.to_text().reveal(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    for (const auto& text : {std::string(k_hex), std::string(k_hex) + "\n", key.to_text().reveal(),
                             key.to_text().reveal() + " \n"}) {
        EXPECT_TRUE(must(Key::parse(3, Secret(text))).bytes() == key.bytes()) << text;
    }
    EXPECT_TRUE(must(Key::from_bytes(3, key.bytes())).bytes() == key.bytes());
}

TEST(Key, is_refused_in_any_other_form_without_being_quoted) {
    for (const auto& text :
         {std::string(), std::string("hunter2"), std::string(64, 'g'), std::string(k_hex).substr(2),
          std::string(k_hex) + "00", some_key().to_text().reveal() + "A"}) {
        const auto key = Key::parse(1, Secret(text));
        ASSERT_FALSE(key.has_value()) << text;
        EXPECT_EQ(key.error().kind, base::ErrorKind::invalid_input);
        if (!text.empty()) {
            EXPECT_EQ((key.error().message + key.error().hint).find(text), std::string::npos);
        }
    }
    EXPECT_FALSE(Key::from_bytes(1, Secret(std::string(31, 'x'))).has_value());
}

TEST(Key, is_never_the_same_twice_by_chance) {
    EXPECT_FALSE(Key::random(1).bytes() == Key::random(1).bytes());
    EXPECT_EQ(Key::random(1).bytes().reveal().size(), 32U);
    EXPECT_NE(Key::random(1).fingerprint(), Key::random(1).fingerprint());
}

TEST(SealedName, is_opened_by_the_same_key_for_the_same_instance_only) {
    const auto key = some_key();
    for (const auto& name : {std::string("feature/x"), std::string("x"), std::string(255, 'y')}) {
        const auto sealed = key.seal(k_role, name);
        EXPECT_EQ(must(key.open(k_role, sealed)), name);
        EXPECT_EQ(key.open(k_other_role, sealed).error().kind, base::ErrorKind::conflict);
        EXPECT_EQ(Key::random(3).open(k_role, sealed).error().kind, base::ErrorKind::conflict);
    }
}

TEST(SealedName, can_be_compared_and_tells_nothing_across_instances) {
    const auto key = some_key();
    EXPECT_EQ(key.seal(k_role, "a"), key.seal(k_role, "a"));
    EXPECT_NE(key.seal(k_role, "a"), key.seal(k_role, "b"));
    EXPECT_NE(key.seal(k_role, "a"), key.seal(k_other_role, "a"));
    EXPECT_EQ(key.seal(k_role, "feature/x").find("feature"), std::string::npos);
    EXPECT_EQ(key.seal(k_role, "feature/x").find_first_of(" \n+/="), std::string::npos);
}

TEST(SealedName, is_refused_when_a_letter_of_it_was_changed) {
    const auto key = some_key();
    const auto sealed = key.seal(k_role, "feature/x");
    for (std::size_t i = 0; i + 1 < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(key.open(k_role, changed).has_value()) << i;
    }
    for (const auto* text : {"", "-", "AAAA", "not base64!", "AAAAAAAAAAAAAAAA"}) {
        EXPECT_FALSE(key.open(k_role, text).has_value()) << text;
    }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// A secret as Secrets Manager keeps it, and the rules of its versions and staging labels ("What's
// in a Secrets Manager secret?",
// docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html). Values; no locks of
// their own.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace support {

inline constexpr const char* k_current = "AWSCURRENT";
inline constexpr const char* k_previous = "AWSPREVIOUS";
inline constexpr const char* k_pending = "AWSPENDING";

struct SecretVersion {
    std::string id;
    std::optional<std::string> text =
        {};  // SecretString; a rotation's version has neither at first
    std::optional<std::string> binary = {};  // SecretBinary, base64
    std::vector<std::string> stages = {};
    std::chrono::system_clock::time_point created = {};

    bool has_value() const { return text || binary; }
    bool has(const std::string& stage) const;
};

struct RotationRules {
    std::optional<int> after_days = {};
    std::string duration = {};
    std::string schedule = {};
};

struct StoredSecret {
    std::string name;
    std::string arn = {};
    std::string description = {};
    std::string kms_key_id = {};  // empty: the account's default key
    std::map<std::string, std::string> tags = {};
    std::vector<SecretVersion> versions = {};  // oldest first
    std::string owning_service = {};
    std::chrono::system_clock::time_point created = {};
    std::chrono::system_clock::time_point changed = {};
    std::optional<std::chrono::system_clock::time_point> accessed = {};

    // Scheduled for deletion: when it will be gone.
    std::optional<std::chrono::system_clock::time_point> deleted = {};
    // Deleted without recovery, and the service has not finished yet.
    bool vanishing = false;

    std::optional<bool> rotation_enabled = {};
    std::string rotation_lambda = {};
    RotationRules rotation_rules = {};
    std::optional<std::chrono::system_clock::time_point> rotated = {};

    SecretVersion* find_version(const std::string& id);
    SecretVersion* find_stage(const std::string& stage);
    const SecretVersion* find_version(const std::string& id) const;
    const SecretVersion* find_stage(const std::string& stage) const;

    // Attaches the label to that version, taking it from another. AWSCURRENT takes AWSPREVIOUS
    // along to the version that it leaves.
    void move_stage(const std::string& stage, const std::string& version_id);
    // The text under AWSCURRENT; nothing where there is none.
    std::optional<std::string> value() const;
};

}  // namespace support

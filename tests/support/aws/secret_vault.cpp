// SPDX-License-Identifier: Apache-2.0
#include "support/aws/secret_vault.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "support/aws/credentials.h"
#include "support/aws/request_members.h"

namespace support {

namespace {

constexpr std::size_t k_suffix = 7;  // a hyphen and six characters

bool looks_complete(const std::string& arn) {
    if (arn.size() < k_suffix || arn[arn.size() - k_suffix] != '-') return false;
    return std::all_of(arn.end() - k_suffix + 1, arn.end(),
                       [](unsigned char c) { return std::isalnum(c) != 0; });
}

}  // namespace

double aws_time(std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
    return static_cast<double>(since.count()) / 1000;
}

SecretVault::SecretVault(std::string region, std::string account)
    : region_(std::move(region)), account_(std::move(account)) {}

boost::json::object SecretVault::perform(const std::string& action, const Members& members) {
    using Action = Members (SecretVault::*)(const Members&);
    static const std::map<std::string, Action> k_actions{
        {"CancelRotateSecret", &SecretVault::cancel_rotate_secret},
        {"CreateSecret", &SecretVault::create_secret},
        {"DeleteSecret", &SecretVault::delete_secret},
        {"DescribeSecret", &SecretVault::describe_secret},
        {"GetRandomPassword", &SecretVault::get_random_password},
        {"GetSecretValue", &SecretVault::get_secret_value},
        {"ListSecrets", &SecretVault::list_secrets},
        {"ListSecretVersionIds", &SecretVault::list_secret_version_ids},
        {"PutSecretValue", &SecretVault::put_secret_value},
        {"RestoreSecret", &SecretVault::restore_secret},
        {"RotateSecret", &SecretVault::rotate_secret},
        {"TagResource", &SecretVault::tag_resource},
        {"UntagResource", &SecretVault::untag_resource},
        {"UpdateSecret", &SecretVault::update_secret},
        {"UpdateSecretVersionStage", &SecretVault::update_secret_version_stage},
    };
    settle();
    for (auto& entry : lingering_) --entry.second.calls;
    const auto id = text_member(members, action == "CreateSecret" ? "Name" : "SecretId");
    const auto* secret = id ? find(*id) : nullptr;
    check_allowed(action, secret != nullptr ? secret->arn : id.value_or("*"));
    return (this->*k_actions.at(action))(members);
}

StoredSecret* SecretVault::find(const std::string& id) {
    if (!id.starts_with("arn:")) {
        const auto found = secrets_.find(id);
        return found == secrets_.end() ? nullptr : &found->second;
    }
    for (auto& [name, secret] : secrets_) {
        if (secret.arn == id) return &secret;
        // What ends like a complete ARN is taken for one.
        if (!looks_complete(id) && secret.arn.substr(0, secret.arn.size() - k_suffix) == id) {
            return &secret;
        }
    }
    return nullptr;
}

StoredSecret& SecretVault::put(StoredSecret secret) {
    if (secret.arn.empty()) secret.arn = random_arn(secret.name);
    if (secret.created == decltype(secret.created){}) secret.created = secret.changed = now();
    lingering_.erase(secret.name);
    return secrets_[secret.name] = std::move(secret);
}

void SecretVault::remove(const std::string& name) {
    secrets_.erase(name);
    lingering_.erase(name);
}

std::vector<std::string> SecretVault::names() const {
    std::vector<std::string> names;
    for (const auto& secret : secrets_) names.push_back(secret.first);
    return names;
}

void SecretVault::linger(std::chrono::milliseconds time, int calls) {
    linger_time_ = time;
    linger_calls_ = calls;
}

std::chrono::system_clock::time_point SecretVault::now() const {
    return std::chrono::system_clock::now() + offset_;
}

std::string SecretVault::random_arn(const std::string& name) const {
    static constexpr std::string_view k_letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string arn =
        "arn:aws:secretsmanager:" + region_ + ':' + account_ + ":secret:" + name + '-';
    for (const char byte : base::random_bytes(k_suffix - 1)) {
        arn += k_letters[static_cast<unsigned char>(byte) % k_letters.size()];
    }
    return arn;
}

// What the service does in the background.
void SecretVault::settle() {
    for (auto entry = lingering_.begin(); entry != lingering_.end();) {
        auto& [name, rest] = *entry;
        if (rest.calls <= 0 && rest.until <= std::chrono::steady_clock::now()) {
            secrets_.erase(name);
            entry = lingering_.erase(entry);
        } else {
            ++entry;
        }
    }
    std::erase_if(secrets_, [this](const auto& entry) {
        return entry.second.deleted && !entry.second.vanishing && *entry.second.deleted <= now();
    });
}

StoredSecret& SecretVault::required(const Members& members) {
    auto* secret = find(*text_member(members, "SecretId"));
    if (secret == nullptr) {
        throw AwsFailure{"ResourceNotFoundException",
                         "Secrets Manager can't find the specified secret."};
    }
    return *secret;
}

StoredSecret& SecretVault::usable(const Members& members) {
    auto& secret = required(members);
    if (secret.deleted) {
        throw AwsFailure{
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion."};
    }
    return secret;
}

StoredSecret& SecretVault::unmanaged(const Members& members) {
    auto& secret = required(members);
    if (!secret.owning_service.empty()) {
        throw AwsFailure{"InvalidRequestException",
                         "You can't perform this operation on a secret "
                         "that is managed by " +
                             secret.owning_service + "."};
    }
    return secret;
}

void SecretVault::check_allowed(const std::string& action, const std::string& resource) const {
    if (!denied_.contains(action)) return;
    const auto full = "secretsmanager:" + action;
    throw AwsFailure{"AccessDeniedException", "User: arn:aws:sts::" + account_ +
                                                  ":assumed-role/reviewdb/test is not "
                                                  "authorized to perform: " +
                                                  full + " on resource: " + resource +
                                                  " because no identity-based policy allows the " +
                                                  full + " action"};
}

void SecretVault::check_key(const std::string& action, const StoredSecret& secret) const {
    if (secret.kms_key_id.empty() || !denied_.contains(action)) return;
    throw AwsFailure{"AccessDeniedException", "Access to KMS is not allowed"};
}

}  // namespace support

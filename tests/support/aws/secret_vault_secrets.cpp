// SPDX-License-Identifier: Apache-2.0
//
// SecretVault's actions on a secret as a whole: making, describing, tagging, deleting it.
#include <algorithm>
#include <boost/json/array.hpp>
#include <cctype>
#include <set>
#include <string_view>

#include "base/text.h"
#include "support/aws/credentials.h"
#include "support/aws/request_members.h"
#include "support/aws/secret_vault.h"

namespace support {

namespace {

constexpr std::size_t k_most_tags = 50;

bool is_name(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("/_+=.@-").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

void check_tag_key(const std::string& key) {
    if (key.starts_with("aws:")) {
        throw AwsFailure{"InvalidParameterException",
                         "The tag key " + key + " has the prefix aws:, which is reserved."};
    }
}

void add_tags(StoredSecret& secret, const boost::json::object& members) {
    auto tags = secret.tags;
    std::set<std::string> given;
    for (const auto& tag : members.at("Tags").get_array()) {
        const auto key = *text_member(tag.get_object(), "Key");
        check_tag_key(key);
        if (!given.insert(key).second) {
            throw AwsFailure{"InvalidParameterException",
                             "The tag key " + key + " is there twice."};
        }
        tags[key] = text_member(tag.get_object(), "Value").value_or("");
    }
    const auto counted = std::count_if(
        tags.begin(), tags.end(), [](const auto& tag) { return !tag.first.starts_with("aws:"); });
    if (static_cast<std::size_t>(counted) > k_most_tags) {
        throw AwsFailure{"InvalidParameterException", "A secret can have at most 50 tags."};
    }
    secret.tags = std::move(tags);
}

boost::json::object identity_of(const StoredSecret& secret) {
    return {{"ARN", secret.arn}, {"Name", secret.name}};
}

void describe_rotation(const StoredSecret& secret, boost::json::object& answer) {
    if (!secret.rotation_enabled) return;
    answer["RotationEnabled"] = *secret.rotation_enabled;
    if (!secret.rotation_lambda.empty()) answer["RotationLambdaARN"] = secret.rotation_lambda;
    boost::json::object rules;
    if (secret.rotation_rules.after_days) {
        rules["AutomaticallyAfterDays"] = *secret.rotation_rules.after_days;
    }
    if (!secret.rotation_rules.duration.empty()) rules["Duration"] = secret.rotation_rules.duration;
    if (!secret.rotation_rules.schedule.empty()) {
        rules["ScheduleExpression"] = secret.rotation_rules.schedule;
    }
    if (!rules.empty()) answer["RotationRules"] = std::move(rules);
    if (secret.rotated) answer["LastRotatedDate"] = aws_time(*secret.rotated);
}

}  // namespace

// Of the filters only the one by a tag's key, which is by prefix and knows no case; the service has
// more. Those that are scheduled for deletion are not among them without being asked for.
boost::json::object SecretVault::list_secrets(const Members& members) {
    const auto most = number_member(members, "MaxResults").value_or(100);
    if (most < 1 || most > 100) {
        throw AwsFailure{"InvalidParameterException", "MaxResults must be within 1-100."};
    }
    std::vector<std::string> keys;
    if (const auto* filters = members.if_contains("Filters")) {
        for (const auto& filter : filters->get_array()) {
            if (filter.at("Key").get_string() != "tag-key") {
                throw AwsFailure{"ValidationException", "this filter is not served"};
            }
            for (const auto& value : filter.at("Values").get_array()) {
                keys.push_back(base::lower(std::string(value.get_string())));
            }
        }
    }
    const auto from = text_member(members, "NextToken").value_or("");
    boost::json::array list;
    Members answer;
    for (const auto& [name, secret] : secrets_) {
        if (name < from || secret.deleted || secret.vanishing) continue;
        const bool wanted = keys.empty() || std::ranges::any_of(secret.tags, [&](const auto& tag) {
                                return std::ranges::any_of(keys, [&](const auto& key) {
                                    return base::lower(tag.first).starts_with(key);
                                });
                            });
        if (!wanted) continue;
        if (list.size() == static_cast<std::size_t>(most)) {
            answer["NextToken"] = name;
            break;
        }
        auto entry = identity_of(secret);
        boost::json::array tags;
        for (const auto& [key, value] : secret.tags) {
            tags.push_back(Members{{"Key", key}, {"Value", value}});
        }
        entry["Tags"] = std::move(tags);
        list.push_back(std::move(entry));
    }
    answer["SecretList"] = std::move(list);
    return answer;
}

boost::json::object SecretVault::create_secret(const Members& members) {
    const auto name = *text_member(members, "Name");
    if (!is_name(name)) {
        throw AwsFailure{
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or "
            "any of the following: -/_+=.@!"};
    }
    if (members.contains("Tags")) check_allowed("TagResource", name);
    if (auto* existing = find(name); existing != nullptr) {
        if (existing->deleted) {
            throw AwsFailure{"InvalidRequestException",
                             "You can't create this secret because a secret with this name is "
                             "already scheduled for deletion."};
        }
        const auto token = text_member(members, "ClientRequestToken");
        if (!token || existing->find_version(*token) == nullptr) {
            throw AwsFailure{"ResourceExistsException", "The operation failed because the secret " +
                                                            name + " already exists."};
        }
        auto answer = identity_of(*existing);
        answer["VersionId"] = store_version(*existing, members).id;
        return answer;
    }
    StoredSecret secret{.name = name,
                        .arn = random_arn(name),
                        .description = text_member(members, "Description").value_or(""),
                        .kms_key_id = text_member(members, "KmsKeyId").value_or(""),
                        .created = now(),
                        .changed = now()};
    if (members.contains("Tags")) add_tags(secret, members);
    auto answer = identity_of(secret);
    if (members.contains("SecretString") || members.contains("SecretBinary")) {
        answer["VersionId"] = store_version(secret, members).id;
    }
    put(std::move(secret));
    return answer;
}

boost::json::object SecretVault::describe_secret(const Members& members) {
    const auto& secret = required(members);
    auto answer = identity_of(secret);
    answer["CreatedDate"] = aws_time(secret.created);
    answer["LastChangedDate"] = aws_time(secret.changed);
    if (secret.accessed) answer["LastAccessedDate"] = aws_time(*secret.accessed);
    if (secret.deleted) answer["DeletedDate"] = aws_time(*secret.deleted);
    if (!secret.description.empty()) answer["Description"] = secret.description;
    if (!secret.kms_key_id.empty()) answer["KmsKeyId"] = secret.kms_key_id;
    if (!secret.owning_service.empty()) answer["OwningService"] = secret.owning_service;
    describe_rotation(secret, answer);
    boost::json::array tags;
    for (const auto& [key, value] : secret.tags) tags.push_back({{"Key", key}, {"Value", value}});
    if (!tags.empty()) answer["Tags"] = std::move(tags);
    boost::json::object stages;
    for (const auto& version : secret.versions) {
        if (!version.stages.empty()) {
            stages[version.id] = boost::json::array(version.stages.begin(), version.stages.end());
        }
    }
    if (!stages.empty()) answer["VersionIdsToStages"] = std::move(stages);
    return answer;
}

boost::json::object SecretVault::delete_secret(const Members& members) {
    const bool force = flag_member(members, "ForceDeleteWithoutRecovery", false);
    const auto window = number_member(members, "RecoveryWindowInDays");
    if (force && window) {
        throw AwsFailure{"InvalidParameterException",
                         "You can't use ForceDeleteWithoutRecovery in conjunction with "
                         "RecoveryWindowInDays."};
    }
    if (window && (*window < 7 || *window > 30)) {
        throw AwsFailure{"InvalidParameterException",
                         "RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."};
    }
    const auto id = *text_member(members, "SecretId");
    if (force && find(id) == nullptr) {
        return {{"ARN", id.starts_with("arn:") ? id : random_arn(id)},
                {"Name", id},
                {"DeletionDate", aws_time(now())}};
    }
    auto& secret = force ? required(members) : usable(members);
    unmanaged(members);
    if (!secret.vanishing) {
        secret.deleted = now();
        if (!force) *secret.deleted += std::chrono::hours(24 * window.value_or(30));
    }
    auto answer = identity_of(secret);
    answer["DeletionDate"] = aws_time(*secret.deleted);
    if (force && !secret.vanishing) {
        secret.vanishing = true;
        lingering_[secret.name] = {std::chrono::steady_clock::now() + linger_time_, linger_calls_};
    }
    return answer;
}

boost::json::object SecretVault::restore_secret(const Members& members) {
    auto& secret = unmanaged(members);
    if (secret.vanishing) usable(members);
    secret.deleted.reset();
    return identity_of(secret);
}

boost::json::object SecretVault::tag_resource(const Members& members) {
    add_tags(usable(members), members);
    return {};
}

boost::json::object SecretVault::untag_resource(const Members& members) {
    auto& secret = usable(members);
    for (const auto& key : members.at("TagKeys").get_array()) {
        check_tag_key(std::string(key.get_string()));
    }
    for (const auto& key : members.at("TagKeys").get_array()) {
        secret.tags.erase(std::string(key.get_string()));
    }
    return {};
}

}  // namespace support

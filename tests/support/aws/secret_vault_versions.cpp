// SPDX-License-Identifier: Apache-2.0
//
// SecretVault's actions on versions and their staging labels.
#include <boost/json/array.hpp>
#include <charconv>

#include "support/aws/credentials.h"
#include "support/aws/request_members.h"
#include "support/aws/secret_vault.h"

namespace support {

namespace {

constexpr std::size_t k_most_versions = 100;
constexpr std::size_t k_most_stages = 20;
constexpr std::chrono::hours k_kept_anyway{24};

boost::json::array stages_of(const SecretVersion& version) {
    return boost::json::array(version.stages.begin(), version.stages.end());
}

std::string token_of(const boost::json::object& members) {
    const auto token = text_member(members, "ClientRequestToken");
    if (!token || token->empty()) {
        throw AwsFailure{
            "InvalidRequestException",
            "You must provide a ClientRequestToken value. We recommend a UUID-type value."};
    }
    if (token->size() < 32 || token->size() > 64) {
        refuse_parameter("ClientRequestToken must be 32-64 characters long.");
    }
    return *token;
}

const SecretVersion& required_version(const StoredSecret& secret, const std::string& id) {
    const auto* version = secret.find_version(id);
    if (version == nullptr) {
        throw AwsFailure{
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for VersionId: " + id};
    }
    return *version;
}

// What has to be removed from its version before the label can go to another.
void check_removal(const StoredSecret& secret, const std::string& stage,
                   const std::optional<std::string>& remove_from) {
    const auto* holder = secret.find_stage(stage);
    if (holder == nullptr) {
        if (!remove_from) return;
        refuse_parameter("Staging label " + stage + " isn't attached to version " + *remove_from +
                         ".");
    }
    if (!remove_from) {
        refuse_parameter("The parameter RemoveFromVersionId can't be empty. Staging label " +
                         stage + " is currently attached to version " + holder->id +
                         ", so you must explicitly reference that version in RemoveFromVersionId.");
    }
    if (*remove_from != holder->id) {
        refuse_parameter("When you move staging label " + stage +
                         ", if you specify RemoveFromVersionId, it must be set to the version that "
                         "currently has the staging label " +
                         stage + ".");
    }
}

}  // namespace

// Removes versions that no label holds, oldest first, but none that is younger than a day.
void SecretVault::make_room(StoredSecret& secret) const {
    auto& versions = secret.versions;
    for (auto version = versions.begin();
         version != versions.end() && versions.size() >= k_most_versions;) {
        const bool removable = version->stages.empty() && version->created + k_kept_anyway < now();
        version = removable ? versions.erase(version) : version + 1;
    }
    if (versions.size() >= k_most_versions) {
        throw AwsFailure{"LimitExceededException",
                         "The request failed because it would exceed the quota for versions of a "
                         "secret."};
    }
}

SecretVersion& SecretVault::store_version(StoredSecret& secret, const Members& members) {
    const auto token = token_of(members);
    const auto text = text_member(members, "SecretString");
    const auto binary = text_member(members, "SecretBinary");
    if (text && binary) {
        refuse_parameter(
            "You can't specify both a binary secret value and a string secret value in "
            "the same secret.");
    }
    auto* version = secret.find_version(token);
    if (version != nullptr && version->has_value()) {
        if (version->text == text && version->binary == binary) return *version;
        throw AwsFailure{"ResourceExistsException",
                         "You can't use ClientRequestToken " + token +
                             " because that value is already in use for a version of secret " +
                             secret.arn + "."};
    }
    check_key("kms:GenerateDataKey", secret);
    const bool first = secret.find_stage(k_current) == nullptr;
    if (version == nullptr) {
        make_room(secret);
        version = &secret.versions.emplace_back(SecretVersion{.id = token, .created = now()});
    }
    version->text = text;
    version->binary = binary;
    const auto* stages = members.if_contains("VersionStages");
    if (stages == nullptr || first) secret.move_stage(k_current, token);
    if (stages != nullptr) {
        for (const auto& stage : stages->get_array()) {
            secret.move_stage(std::string(stage.get_string()), token);
        }
    }
    secret.changed = now();
    return *version;
}

boost::json::object SecretVault::get_secret_value(const Members& members) {
    auto& secret = usable(members);
    const auto id = text_member(members, "VersionId");
    const auto stage = text_member(members, "VersionStage");
    const auto* version =
        id ? &required_version(secret, *id) : secret.find_stage(stage.value_or(k_current));
    if (version == nullptr || !version->has_value()) {
        throw AwsFailure{
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for " +
                (id ? "VersionId: " + *id : "staging label: " + stage.value_or(k_current))};
    }
    if (stage && !version->has(*stage)) {
        throw AwsFailure{
            "InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId."};
    }
    check_key("kms:Decrypt", secret);
    secret.accessed = std::chrono::floor<std::chrono::days>(now());
    Members answer{{"ARN", secret.arn},
                   {"Name", secret.name},
                   {"VersionId", version->id},
                   {"VersionStages", stages_of(*version)},
                   {"CreatedDate", aws_time(version->created)}};
    if (version->text) answer["SecretString"] = *version->text;
    if (version->binary) answer["SecretBinary"] = *version->binary;
    return answer;
}

boost::json::object SecretVault::put_secret_value(const Members& members) {
    auto& secret = usable(members);
    unmanaged(members);
    if (!members.contains("SecretString") && !members.contains("SecretBinary")) {
        throw AwsFailure{"InvalidRequestException",
                         "You must provide either SecretString or SecretBinary."};
    }
    const auto& version = store_version(secret, members);
    return {{"ARN", secret.arn},
            {"Name", secret.name},
            {"VersionId", version.id},
            {"VersionStages", stages_of(version)}};
}

boost::json::object SecretVault::update_secret(const Members& members) {
    auto& secret = usable(members);
    unmanaged(members);
    Members answer{{"ARN", secret.arn}, {"Name", secret.name}};
    if (const auto key = text_member(members, "KmsKeyId")) secret.kms_key_id = *key;
    if (const auto text = text_member(members, "Description")) secret.description = *text;
    if (members.contains("SecretString") || members.contains("SecretBinary")) {
        answer["VersionId"] = store_version(secret, members).id;
    }
    secret.changed = now();
    return answer;
}

boost::json::object SecretVault::update_secret_version_stage(const Members& members) {
    auto& secret = usable(members);
    unmanaged(members);
    const auto stage = *text_member(members, "VersionStage");
    const auto move_to = text_member(members, "MoveToVersionId");
    const auto remove_from = text_member(members, "RemoveFromVersionId");
    if (!move_to && !remove_from) {
        refuse_parameter("You must specify MoveToVersionId, RemoveFromVersionId, or both.");
    }
    if (remove_from) required_version(secret, *remove_from);
    const auto* target = move_to ? &required_version(secret, *move_to) : nullptr;
    if (target == nullptr) {
        if (stage == k_current) {
            refuse_parameter(
                "You can only move staging label AWSCURRENT to a different secret "
                "version. It can't be completely removed.");
        }
        check_removal(secret, stage, remove_from);
        std::erase(secret.find_version(*remove_from)->stages, stage);
    } else if (!target->has(stage)) {
        check_removal(secret, stage, remove_from);
        if (target->stages.size() >= k_most_stages) {
            throw AwsFailure{"LimitExceededException", "A version can have at most 20 labels."};
        }
        secret.move_stage(stage, *move_to);
    } else if (remove_from && *remove_from != *move_to) {
        check_removal(secret, stage, remove_from);
    }
    secret.changed = now();
    return {{"ARN", secret.arn}, {"Name", secret.name}};
}

boost::json::object SecretVault::list_secret_version_ids(const Members& members) {
    const auto& secret = required(members);
    const auto most = number_member(members, "MaxResults").value_or(100);
    if (most < 1 || most > 100) refuse_parameter("MaxResults must be within 1-100.");
    const auto next = text_member(members, "NextToken").value_or("0");
    std::size_t begin = 0;
    const auto parsed = std::from_chars(next.data(), next.data() + next.size(), begin);
    if (parsed.ec != std::errc{} || *parsed.ptr != '\0') {
        throw AwsFailure{"InvalidNextTokenException", "The NextToken value is invalid."};
    }
    const bool all = flag_member(members, "IncludeDeprecated", false);
    boost::json::array listed;
    Members answer{{"ARN", secret.arn}, {"Name", secret.name}};
    for (; begin < secret.versions.size(); ++begin) {
        const auto& version = secret.versions[begin];
        if (!all && version.stages.empty()) continue;
        if (listed.size() == static_cast<std::size_t>(most)) {
            answer["NextToken"] = std::to_string(begin);
            break;
        }
        Members entry{{"VersionId", version.id}, {"CreatedDate", aws_time(version.created)}};
        if (!version.stages.empty()) entry["VersionStages"] = stages_of(version);
        listed.push_back(std::move(entry));
    }
    answer["Versions"] = std::move(listed);
    return answer;
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
#include "aws/secrets_manager.h"

#include <boost/json/array.hpp>
#include <cmath>

#include "aws/secrets_manager_call.h"
#include "base/uuid.h"

namespace aws {

namespace {

using boost::json::array;
using boost::json::object;

std::string text(const object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::vector<std::string> texts(const boost::json::value* from) {
    std::vector<std::string> result;
    if (from == nullptr || !from->is_array()) return result;
    for (const auto& item : from->get_array()) {
        if (item.is_string()) result.emplace_back(item.get_string());
    }
    return result;
}

// AWS's JSON has times as seconds since 1970, with a fraction or without.
std::optional<Time> time(const object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    const auto seconds = value->to_number<double>();
    if (!std::isfinite(seconds) || std::abs(seconds) > 1e11) return std::nullopt;
    return std::chrono::system_clock::from_time_t(static_cast<std::time_t>(seconds));
}

array tag_list(const Tags& tags) {
    array list;
    for (const auto& [key, value] : tags) list.push_back(object{{"Key", key}, {"Value", value}});
    return list;
}

SecretDescription describe_body(const object& body) {
    SecretDescription description;
    description.arn = text(body, "ARN");
    description.name = text(body, "Name");
    description.deleted_at = time(body, "DeletedDate");
    description.owning_service = text(body, "OwningService");
    description.kms_key_id = text(body, "KmsKeyId");
    const auto* rotation = body.if_contains("RotationEnabled");
    description.rotation_enabled =
        rotation != nullptr && rotation->is_bool() && rotation->get_bool();
    if (const auto* tags = body.if_contains("Tags"); tags != nullptr && tags->is_array()) {
        for (const auto& tag : tags->get_array()) {
            if (!tag.is_object()) continue;
            description.tags[text(tag.get_object(), "Key")] = text(tag.get_object(), "Value");
        }
    }
    const auto* stages = body.if_contains("VersionIdsToStages");
    if (stages != nullptr && stages->is_object()) {
        for (const auto& [version, labels] : stages->get_object()) {
            description.stages[std::string(version)] = texts(&labels);
        }
    }
    return description;
}

// Only whether it worked.
template <typename Answer>
Outcome<void> done(Outcome<Answer> outcome) {
    if (!outcome) return fail(std::move(outcome).error());
    return {};
}

}  // namespace

std::string make_request_token() { return base::Uuid::random().to_string(); }

SecretsManager::SecretsManager(const Settings& settings, CredentialsChain& credentials,
                               http::Client& http, http::Waiting waiting)
    : settings_(settings), credentials_(credentials), http_(http), waiting_(std::move(waiting)) {}

Outcome<SecretVersion> SecretsManager::get_value(const std::string& id,
                                                 const VersionChoice& version,
                                                 base::Deadline deadline) {
    object body{{"SecretId", id}};
    if (!version.version_id.empty()) body["VersionId"] = version.version_id;
    if (!version.stage.empty()) body["VersionStage"] = version.stage;
    auto answer = perform({"GetSecretValue", id, std::move(body)}, deadline);
    if (!answer) return fail(std::move(answer).error());
    SecretVersion found;
    found.arn = text(answer->body, "ARN");
    found.name = text(answer->body, "Name");
    found.version_id = text(answer->body, "VersionId");
    found.stages = texts(answer->body.if_contains("VersionStages"));
    const bool is_text = answer->body.contains("SecretString");
    found.value = base::Secret(text(answer->body, is_text ? "SecretString" : "SecretBinary"));
    return found;
}

Outcome<SecretDescription> SecretsManager::describe(const std::string& id,
                                                    base::Deadline deadline) {
    auto answer = perform({"DescribeSecret", id, {{"SecretId", id}}}, deadline);
    if (!answer) return fail(std::move(answer).error());
    return describe_body(answer->body);
}

Outcome<SecretPage> SecretsManager::list(const std::string& tag, const std::string& from,
                                         base::Deadline deadline) {
    object body{{"MaxResults", 100},
                {"Filters", array{object{{"Key", "tag-key"}, {"Values", array{tag}}}}}};
    if (!from.empty()) body["NextToken"] = from;
    auto answer = perform({"ListSecrets", "", std::move(body)}, deadline);
    if (!answer) return fail(std::move(answer).error());
    SecretPage page;
    page.next = text(answer->body, "NextToken");
    const auto* list = answer->body.if_contains("SecretList");
    if (list == nullptr || !list->is_array()) return page;
    for (const auto& one : list->get_array()) {
        if (one.is_object()) page.secrets.push_back(describe_body(one.get_object()));
    }
    return page;
}

Outcome<std::string> SecretsManager::create(const NewSecret& secret, const std::string& token,
                                            base::Deadline deadline) {
    object body{{"Name", secret.name},
                {"SecretString", secret.value.reveal()},
                {"ClientRequestToken", token}};
    if (!secret.description.empty()) body["Description"] = secret.description;
    if (!secret.kms_key_id.empty()) body["KmsKeyId"] = secret.kms_key_id;
    if (!secret.tags.empty()) body["Tags"] = tag_list(secret.tags);
    auto answer = perform({"CreateSecret", secret.name, std::move(body), secret.value}, deadline);
    if (!answer) return fail(std::move(answer).error());
    return text(answer->body, "ARN");
}

Outcome<void> SecretsManager::put_value(const std::string& id, const NewVersion& version,
                                        base::Deadline deadline) {
    object body{{"SecretId", id},
                {"SecretString", version.value.reveal()},
                {"ClientRequestToken", version.token}};
    if (!version.stages.empty()) {
        body["VersionStages"] = array(version.stages.begin(), version.stages.end());
    }
    return done(perform({"PutSecretValue", id, std::move(body), version.value}, deadline));
}

Outcome<void> SecretsManager::move_stage(const std::string& id, const StageMove& move,
                                         base::Deadline deadline) {
    object body{{"SecretId", id}, {"VersionStage", move.stage}};
    if (!move.from.empty()) body["RemoveFromVersionId"] = move.from;
    if (!move.to.empty()) body["MoveToVersionId"] = move.to;
    return done(perform({"UpdateSecretVersionStage", id, std::move(body)}, deadline));
}

Outcome<void> SecretsManager::delete_at_once(const std::string& id, base::Deadline deadline) {
    auto outcome = done(perform(
        {"DeleteSecret", id, {{"SecretId", id}, {"ForceDeleteWithoutRecovery", true}}}, deadline));
    if (!outcome && outcome.error().code == Code::not_found) return {};
    return outcome;
}

Outcome<void> SecretsManager::schedule_deletion(const std::string& id, int days,
                                                base::Deadline deadline) {
    return done(perform({"DeleteSecret", id, {{"SecretId", id}, {"RecoveryWindowInDays", days}}},
                        deadline));
}

Outcome<void> SecretsManager::restore(const std::string& id, base::Deadline deadline) {
    return done(perform({"RestoreSecret", id, {{"SecretId", id}}}, deadline));
}

Outcome<void> SecretsManager::tag(const std::string& id, const Tags& tags,
                                  base::Deadline deadline) {
    return done(
        perform({"TagResource", id, {{"SecretId", id}, {"Tags", tag_list(tags)}}}, deadline));
}

Outcome<void> SecretsManager::set_rotation(const std::string& id, const Rotation& rotation,
                                           base::Deadline deadline) {
    return done(perform({"RotateSecret",
                         id,
                         {{"SecretId", id},
                          {"ClientRequestToken", make_request_token()},
                          {"RotationLambdaARN", rotation.function_arn},
                          {"RotationRules", {{"AutomaticallyAfterDays", rotation.days}}},
                          {"RotateImmediately", false}}},
                        deadline));
}

}  // namespace aws

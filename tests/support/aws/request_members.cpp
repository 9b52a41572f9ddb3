// SPDX-License-Identifier: Apache-2.0
#include "support/aws/request_members.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cctype>
#include <map>
#include <vector>

#include "support/aws/credentials.h"

namespace support {

namespace {

enum class Type { text, number, flag, texts, tags, rules, filters };
enum class Need { required, optional };

struct Member {
    std::string_view name;
    Type type = Type::text;
    Need need = Need::optional;
    std::size_t least = 0;  // of a text or of a list
    std::size_t most = 0;   // 0: no limit, or one that the action itself checks
};

using Shape = std::vector<Member>;

constexpr Member k_secret_id{"SecretId", Type::text, Need::required, 1, 2048};
constexpr Member k_token{"ClientRequestToken"};
constexpr Member k_text{"SecretString", Type::text, Need::optional, 1, 65536};
constexpr Member k_binary{"SecretBinary", Type::text, Need::optional, 1, 87384};
constexpr Member k_description{"Description", Type::text, Need::optional, 0, 2048};
constexpr Member k_kms{"KmsKeyId", Type::text, Need::optional, 0, 2048};
constexpr Member k_stages{"VersionStages", Type::texts, Need::optional, 1, 20};

const std::map<std::string_view, Shape>& actions() {
    static const std::map<std::string_view, Shape> k_actions{
        {"CancelRotateSecret", {k_secret_id}},
        {"CreateSecret",
         {{"Name", Type::text, Need::required, 1, 512},
          k_token,
          k_description,
          k_kms,
          k_binary,
          k_text,
          {"Tags", Type::tags}}},
        {"DeleteSecret",
         {k_secret_id,
          {"RecoveryWindowInDays", Type::number},
          {"ForceDeleteWithoutRecovery", Type::flag}}},
        {"DescribeSecret", {k_secret_id}},
        {"GetRandomPassword",
         {{"PasswordLength", Type::number},
          {"ExcludeCharacters", Type::text, Need::optional, 0, 4096},
          {"ExcludeNumbers", Type::flag},
          {"ExcludePunctuation", Type::flag},
          {"ExcludeUppercase", Type::flag},
          {"ExcludeLowercase", Type::flag},
          {"IncludeSpace", Type::flag},
          {"RequireEachIncludedType", Type::flag}}},
        {"GetSecretValue",
         {k_secret_id,
          {"VersionId", Type::text, Need::optional, 32, 64},
          {"VersionStage", Type::text, Need::optional, 1, 256}}},
        {"ListSecrets",
         {{"MaxResults", Type::number},
          {"NextToken", Type::text, Need::optional, 1, 4096},
          {"Filters", Type::filters, Need::optional, 0, 10}}},
        {"ListSecretVersionIds",
         {k_secret_id,
          {"MaxResults", Type::number},
          {"NextToken", Type::text, Need::optional, 1, 4096},
          {"IncludeDeprecated", Type::flag}}},
        {"PutSecretValue", {k_secret_id, k_token, k_binary, k_text, k_stages}},
        {"RestoreSecret", {k_secret_id}},
        {"RotateSecret",
         {k_secret_id,
          k_token,
          {"RotationLambdaARN", Type::text, Need::optional, 0, 2048},
          {"RotationRules", Type::rules},
          {"RotateImmediately", Type::flag}}},
        {"TagResource", {k_secret_id, {"Tags", Type::tags, Need::required}}},
        {"UntagResource", {k_secret_id, {"TagKeys", Type::texts, Need::required}}},
        {"UpdateSecret", {k_secret_id, k_token, k_description, k_kms, k_binary, k_text}},
        {"UpdateSecretVersionStage",
         {k_secret_id,
          {"VersionStage", Type::text, Need::required, 1, 256},
          {"RemoveFromVersionId", Type::text, Need::optional, 32, 64},
          {"MoveToVersionId", Type::text, Need::optional, 32, 64}}},
    };
    return k_actions;
}

const Shape k_tag{{"Key", Type::text, Need::required, 1, 128},
                  {"Value", Type::text, Need::optional, 0, 256}};
const Shape k_filter{{"Key", Type::text, Need::required, 1, 128},
                     {"Values", Type::texts, Need::required, 1, 10}};
const Shape k_rules{{"AutomaticallyAfterDays", Type::number},
                    {"Duration", Type::text, Need::optional, 2, 3},
                    {"ScheduleExpression", Type::text, Need::optional, 1, 256}};

[[noreturn]] void refuse_type(std::string_view name) {
    throw AwsFailure{"SerializationException",
                     std::string(name) + " can not be converted to what it should be"};
}

// AWS spells the member as its Java does, and keeps the value of a secret to itself.
[[noreturn]] void refuse_value(std::string_view name, const std::string& constraint) {
    std::string spelled(name);
    spelled[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(spelled[0])));
    throw AwsFailure{"ValidationException", "1 validation error detected: Value at '" + spelled +
                                                "' failed to satisfy constraint: " + constraint};
}

void check_size(const Member& member, std::size_t size) {
    if (size < member.least) {
        refuse_value(member.name, "Member must have length greater than or equal to " +
                                      std::to_string(member.least));
    }
    if (member.most > 0 && size > member.most) {
        refuse_value(member.name, "Member must have length less than or equal to " +
                                      std::to_string(member.most));
    }
}

void check_object(const Shape& members, const boost::json::object& object);

void check_list(const Member& member, const boost::json::value& value) {
    if (!value.is_array()) refuse_type(member.name);
    check_size(member, value.get_array().size());
    for (const auto& item : value.get_array()) {
        if (member.type == Type::texts && !item.is_string()) refuse_type(member.name);
        if (member.type == Type::texts && item.get_string().empty()) {
            refuse_value(member.name, "Member must have length greater than or equal to 1");
        }
        if (member.type == Type::texts) continue;
        if (!item.is_object()) refuse_type(member.name);
        check_object(member.type == Type::tags ? k_tag : k_filter, item.get_object());
    }
}

void check_member(const Member& member, const boost::json::value& value) {
    switch (member.type) {
        case Type::text:
            if (!value.is_string()) refuse_type(member.name);
            return check_size(member, value.get_string().size());
        case Type::number:
            if (!value.is_int64()) refuse_type(member.name);
            return;
        case Type::flag:
            if (!value.is_bool()) refuse_type(member.name);
            return;
        case Type::rules:
            if (!value.is_object()) refuse_type(member.name);
            return check_object(k_rules, value.get_object());
        case Type::texts:
        case Type::tags:
        case Type::filters:
            return check_list(member, value);
    }
}

void check_object(const Shape& members, const boost::json::object& object) {
    for (const auto& given : object) {
        bool known = false;
        for (const auto& member : members) {
            if (member.name != given.key()) continue;
            known = true;
            if (!given.value().is_null()) check_member(member, given.value());
        }
        if (!known) {
            throw AwsFailure{"SerializationException",
                             "there is no member " + std::string(given.key())};
        }
    }
    for (const auto& member : members) {
        const auto* given = object.if_contains(member.name);
        if (member.need == Need::required && (given == nullptr || given->is_null())) {
            refuse_value(member.name, "Member must not be null");
        }
    }
}

}  // namespace

void refuse_parameter(const std::string& message) {
    throw AwsFailure{"InvalidParameterException", message};
}

bool is_secrets_manager_action(std::string_view action) { return actions().contains(action); }

boost::json::object parse_members(std::string_view action, std::string_view body) {
    boost::system::error_code failure;
    const auto value = boost::json::parse({body.data(), body.size()}, failure);
    if (failure || !value.is_object()) {
        throw AwsFailure{"SerializationException", "the body is not a JSON object"};
    }
    check_object(actions().at(action), value.get_object());
    return value.get_object();
}

std::optional<std::string> text_member(const boost::json::object& members, std::string_view name) {
    const auto* value = members.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string());
}

std::optional<std::int64_t> number_member(const boost::json::object& members,
                                          std::string_view name) {
    const auto* value = members.if_contains(name);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return value->get_int64();
}

bool flag_member(const boost::json::object& members, std::string_view name, bool otherwise) {
    const auto* value = members.if_contains(name);
    return value == nullptr || !value->is_bool() ? otherwise : value->get_bool();
}

}  // namespace support

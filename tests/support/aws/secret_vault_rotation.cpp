// SPDX-License-Identifier: Apache-2.0
//
// SecretVault's actions that concern rotation: its settings, its beginning, and new passwords. The
// steps themselves are the function's.
#include <algorithm>
#include <boost/json/array.hpp>
#include <cctype>
#include <regex>

#include "base/bytes.h"
#include "support/aws/credentials.h"
#include "support/aws/request_members.h"
#include "support/aws/secret_vault.h"

namespace support {

namespace {

[[noreturn]] void refuse_request(const std::string& message) {
    throw AwsFailure{"InvalidRequestException", message};
}

RotationRules parse_rules(const boost::json::object& given) {
    RotationRules rules;
    if (const auto days = number_member(given, "AutomaticallyAfterDays")) {
        if (*days < 1 || *days > 1000) {
            refuse_parameter("RotationRules.AutomaticallyAfterDays must be within 1-1000.");
        }
        rules.after_days = static_cast<int>(*days);
    }
    rules.duration = text_member(given, "Duration").value_or("");
    rules.schedule = text_member(given, "ScheduleExpression").value_or("");
    if (!rules.schedule.empty() && rules.after_days) {
        refuse_parameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression.");
    }
    static const std::regex k_schedule(R"((rate|cron)\([0-9A-Za-z#?*,/ -]+\))");
    if (!rules.schedule.empty() && !std::regex_match(rules.schedule, k_schedule)) {
        refuse_parameter("RotationRules.ScheduleExpression is not a rate() or cron() expression.");
    }
    static const std::regex k_duration("[0-9]+h");
    if (!rules.duration.empty() && !std::regex_match(rules.duration, k_duration)) {
        refuse_parameter("RotationRules.Duration is not a number of hours.");
    }
    return rules;
}

void set_lambda(StoredSecret& secret, const std::string& arn) {
    if (!secret.owning_service.empty()) {
        refuse_request("A secret that is managed by " + secret.owning_service +
                       " has no rotation function.");
    }
    static const std::regex k_function("arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:.+");
    if (!std::regex_match(arn, k_function)) {
        throw AwsFailure{"AccessDeniedException",
                         "Secrets Manager cannot invoke the specified Lambda function. Ensure that "
                         "the function policy grants access to the principal "
                         "secretsmanager.amazonaws.com."};
    }
    secret.rotation_lambda = arn;
}

std::size_t random_below(std::size_t count) {
    const auto bytes = base::random_bytes(4);
    std::size_t number = 0;
    for (const char byte : bytes) number = number << 8U | static_cast<unsigned char>(byte);
    return number % count;
}

// The kinds of characters that a password is made of, less what is excluded.
std::vector<std::string> alphabets_of(const boost::json::object& members) {
    std::string punctuation;
    for (int c = '!'; c <= '~'; ++c) {
        if (std::ispunct(c) != 0) punctuation += static_cast<char>(c);
    }
    const std::vector<std::pair<const char*, std::string>> kinds{
        {"ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"},
        {"ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
        {"ExcludeNumbers", "0123456789"},
        {"ExcludePunctuation", punctuation}};
    const auto excluded = text_member(members, "ExcludeCharacters").value_or("");
    std::vector<std::string> alphabets;
    for (auto [member, letters] : kinds) {
        if (flag_member(members, member, false)) continue;
        std::erase_if(letters, [&](char c) { return excluded.find(c) != std::string::npos; });
        if (!letters.empty()) alphabets.push_back(letters);
    }
    if (flag_member(members, "IncludeSpace", false)) alphabets.emplace_back(" ");
    return alphabets;
}

}  // namespace

std::string SecretVault::start_rotation(StoredSecret& secret, const std::string& token) {
    const auto* pending = secret.find_stage(k_pending);
    if (pending != nullptr && !pending->has(k_current)) {
        refuse_request("A previous rotation isn't complete. That rotation will be reattempted.");
    }
    if (secret.find_version(token) == nullptr) {
        make_room(secret);
        secret.versions.push_back(SecretVersion{.id = token, .created = now()});
    }
    secret.move_stage(k_pending, token);
    rotations_.push_back({secret.arn, token});
    return token;
}

boost::json::object SecretVault::rotate_secret(const Members& members) {
    const auto token = text_member(members, "ClientRequestToken").value_or("");
    if (token.empty()) {
        refuse_parameter(
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
    }
    if (token.size() < 32 || token.size() > 64) {
        refuse_parameter("ClientRequestToken must be 32-64 characters long.");
    }
    auto& secret = usable(members);
    if (const auto* rules = members.if_contains("RotationRules")) {
        secret.rotation_rules = parse_rules(rules->get_object());
    }
    const auto lambda = text_member(members, "RotationLambdaARN").value_or("");
    if (!lambda.empty()) set_lambda(secret, lambda);
    const bool managed = !secret.owning_service.empty();
    if (secret.rotation_lambda.empty() && !managed) {
        refuse_request("No Lambda rotation function ARN is associated with this secret.");
    }
    secret.rotation_enabled = true;
    Members answer{{"ARN", secret.arn}, {"Name", secret.name}};
    if (!managed && flag_member(members, "RotateImmediately", true)) {
        answer["VersionId"] = start_rotation(secret, token);
    }
    return answer;
}

boost::json::object SecretVault::cancel_rotate_secret(const Members& members) {
    auto& secret = usable(members);
    unmanaged(members);
    if (!secret.rotation_enabled) {
        refuse_request("No Lambda rotation function ARN is associated with this secret.");
    }
    secret.rotation_enabled = false;
    Members answer{{"ARN", secret.arn}, {"Name", secret.name}};
    if (const auto* pending = secret.find_stage(k_pending)) answer["VersionId"] = pending->id;
    return answer;
}

boost::json::object SecretVault::get_random_password(const Members& members) {
    const auto length = number_member(members, "PasswordLength").value_or(32);
    if (length < 1 || length > 4096) refuse_parameter("PasswordLength must be within 1-4096.");
    const auto alphabets = alphabets_of(members);
    const bool each = flag_member(members, "RequireEachIncludedType", true);
    if (alphabets.empty()) refuse_parameter("No characters are left to make a password of.");
    if (each && alphabets.size() > static_cast<std::size_t>(length)) {
        refuse_parameter("The password length " + std::to_string(length) +
                         " is too short based on the required types.");
    }
    std::string letters;
    for (const auto& alphabet : alphabets) letters += alphabet;
    std::string password;
    for (std::size_t i = 0; i < static_cast<std::size_t>(length); ++i) {
        const auto& from = each && i < alphabets.size() ? alphabets[i] : letters;
        password += from[random_below(from.size())];
    }
    for (std::size_t i = password.size(); i > 1; --i) {
        std::swap(password[i - 1], password[random_below(i)]);
    }
    return Members{{"RandomPassword", password}};
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
#include "aws/stored_key.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "environment/credential.h"

namespace aws {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view k_member = "key";

// The text of the key, checked to be one.
Result<base::Secret> key_in(const base::Secret& value, const std::string& name) {
    boost::system::error_code problem;
    const auto parsed = boost::json::parse(value.reveal(), problem);
    base::Secret text = value;
    if (!problem && parsed.is_object()) {
        const auto* member = parsed.get_object().if_contains(k_member);
        const bool is_text = member != nullptr && member->is_string();
        text = base::Secret(is_text ? std::string(member->get_string()) : "");
    }
    if (environment::Key::parse(0, text)) return text;
    return base::fail(ErrorKind::conflict,
                      fmt::format("secret \"{}\" holds no key: expected {{\"{}\": \"…\"}} with 32 "
                                  "bytes as base64url or hexadecimal",
                                  name, k_member),
                      "name another secret for the key, or restore its former value");
}

// The key that is there, where it is the wished one.
Result<base::Secret> as_wished(base::Secret found, const KeySecret& secret) {
    if (secret.text.empty()) return found;
    BASE_TRY_ASSIGN(const auto wished, environment::Key::parse(0, secret.text));
    BASE_TRY_ASSIGN(const auto there, environment::Key::parse(0, found));
    if (there.fingerprint() == wished.fingerprint()) return found;
    return base::fail(ErrorKind::conflict,
                      fmt::format("secret \"{}\" holds another key", secret.name),
                      "name another secret for the key");
}

tl::unexpected<base::Error> being_deleted(const std::string& name) {
    return base::fail(ErrorKind::conflict,
                      fmt::format("secret \"{}\" with the key is scheduled for deletion", name),
                      fmt::format("aws secretsmanager restore-secret --secret-id {}", name));
}

}  // namespace

Result<std::optional<base::Secret>> find_key(SecretsManager& manager, const std::string& name,
                                             base::Deadline deadline) {
    auto found = manager.get_value(name, {}, deadline);
    if (found) {
        BASE_TRY_ASSIGN(auto key, key_in(found->value, name));
        return std::optional(std::move(key));
    }
    if (found.error().code == Code::not_found) return std::optional<base::Secret>();
    if (found.error().code == Code::invalid_request) return being_deleted(name);
    return base::fail(plain(std::move(found).error()));
}

Result<base::Secret> find_or_create_key(SecretsManager& manager, const KeySecret& secret,
                                        base::Deadline deadline) {
    BASE_TRY_ASSIGN(auto known, find_key(manager, secret.name, deadline));
    if (known) return as_wished(*std::move(known), secret);
    const auto key = secret.text.empty() ? environment::Key::random(1).to_text() : secret.text;
    const boost::json::object value{{k_member, key.reveal()}};
    auto created = manager.create(
        {secret.name, base::Secret(boost::json::serialize(value)),
         "The key that reviewdb derives passwords from. Losing it means new passwords.",
         secret.tags, secret.kms_key_id},
        make_request_token(), deadline);
    if (created) return key;
    if (created.error().code == Code::invalid_request) return being_deleted(secret.name);
    if (created.error().code != Code::exists) return base::fail(plain(std::move(created).error()));
    BASE_TRY_ASSIGN(auto winner, find_key(manager, secret.name, deadline));
    if (winner) return as_wished(*std::move(winner), secret);
    return base::fail(ErrorKind::conflict,
                      fmt::format("secret \"{}\" is there and has no value", secret.name),
                      "put a key into it, or delete it");
}

}  // namespace aws

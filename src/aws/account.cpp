// SPDX-License-Identifier: Apache-2.0
#include "aws/account.h"

#include <fmt/format.h>

#include "aws/secret_store.h"
#include "aws/stored_key.h"
#include "environment/secret_value.h"

namespace aws {

using base::Deadline;
using base::ErrorKind;
using base::Result;

Account::Account(Settings settings, base::Log& log)
    : settings_(std::move(settings)),
      log_(log),
      http_(settings_.trust, http_hints()),
      credentials_(settings_, http_),
      manager_(settings_, credentials_, http_) {}

Result<std::unique_ptr<Account>> Account::open(const Variables& variables,
                                               const std::string& authorities, base::Log& log) {
    BASE_TRY_ASSIGN(auto settings, read_settings(variables));
    if (settings.trust.file.empty()) settings.trust.file = authorities;
    return std::unique_ptr<Account>(new Account(std::move(settings), log));
}

std::unique_ptr<environment::SecretStore> Account::make_store(const environment::Policy& policy,
                                                              std::vector<std::string> forbidden) {
    StoreOptions options;
    options.company_tags = policy.secret_tags();
    options.kms_key_id = policy.value("secret_kms_key");
    const auto days = policy.secret_rotation_days();
    const auto& function = policy.value("rotation_function");
    if (days && !function.empty()) options.rotation = Rotation{function, *days};
    options.forbidden = std::move(forbidden);
    return std::make_unique<SecretStore>(manager_, std::move(options), log_);
}

Result<base::Secret> Account::read_key(const std::string& name, Deadline deadline) {
    if (const auto known = keys_.find(name); known != keys_.end()) return known->second;
    BASE_TRY_ASSIGN(auto found, find_key(manager_, name, deadline));
    if (!found) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("there is no secret \"{}\", in which the key of this server "
                                      "is kept",
                                      name),
                          "look for it in this account and region, or restore it");
    }
    return keys_.emplace(name, *std::move(found)).first->second;
}

Result<base::Secret> Account::keep_key(const std::string& name, const base::Secret& text,
                                       Deadline deadline) {
    KeySecret wish{name};
    wish.text = text;
    BASE_TRY_ASSIGN(auto key, find_or_create_key(manager_, wish, deadline));
    return keys_.insert_or_assign(name, std::move(key)).first->second;
}

Result<void> Account::keep_login(const std::string& name, const base::Secret& value,
                                 Deadline deadline) {
    const auto found = manager_.get_value(name, {}, deadline);
    if (!found && found.error().code != Code::not_found) return base::fail(plain(found.error()));
    const auto token = make_request_token();
    if (!found) {
        BASE_TRY(plain(
            manager_.create({name, value, "The login of reviewdb's operator."}, token, deadline)));
        return {};
    }
    const auto there = environment::login_in_secret(found->value);
    const auto wished = environment::login_in_secret(value);
    if (!there || !wished || there->user != wished->user || there->host != wished->host) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the secret {} is there, and is about another login", name),
                          "name another one, or remove it");
    }
    BASE_TRY(plain(manager_.put_value(name, {value, token}, deadline)));
    return {};
}

}  // namespace aws

// SPDX-License-Identifier: Apache-2.0
#include "aws/secret_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "aws/secret_id.h"
#include "base/text.h"
#include "environment/secret_value.h"

namespace aws {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view k_description =
    "Connection of a review environment's database. Written by reviewdb.";
constexpr std::string_view k_stack_tag = "aws:cloudformation:stack-id";

// What has no value yet is as good as one that says nothing.
base::Secret nothing_said() { return base::Secret("{}"); }

// A tag may have letters, digits, blanks and a few signs, and 256 characters; what is told of an
// environment may have anything. Only ASCII is certain to pass.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html
std::string tag_text(const std::string& text) {
    constexpr std::size_t k_longest = 256;
    constexpr std::string_view k_signs = " +-=._:/@";
    auto result = text.substr(0, k_longest);
    std::replace_if(
        result.begin(), result.end(),
        [&](char c) {
            const bool plain =
                base::is_alphanumeric(c) || k_signs.find(c) != std::string_view::npos;
            return !plain;
        },
        '_');
    return result;
}

// Whole days until `moment`, as DeleteSecret takes them.
int recovery_days(Time moment) {
    const auto left =
        std::chrono::ceil<std::chrono::days>(moment - std::chrono::system_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 7, 30));
}

tl::unexpected<base::Error> not_ours(const std::string& name) {
    return base::fail(ErrorKind::conflict,
                      fmt::format("secret \"{}\" has somebody else's value", name),
                      "choose another name for it, or remove it");
}

tl::unexpected<base::Error> look_again(const std::string& name) {
    return base::fail(ErrorKind::in_doubt,
                      fmt::format("secret \"{}\" changed while we looked at it", name));
}

bool is_going(const Failure& failure) {
    return failure.code == Code::invalid_request || failure.code == Code::not_found;
}

}  // namespace

SecretStore::SecretStore(SecretsManager& manager, StoreOptions options, base::Log& log,
                         http::Waiting waiting)
    : manager_(manager), options_(std::move(options)), log_(log), waiting_(std::move(waiting)) {}

Result<void> SecretStore::refuse_forbidden(const std::string& name) const {
    const bool forbidden =
        std::any_of(options_.forbidden.begin(), options_.forbidden.end(),
                    [&](const std::string& id) { return may_be_same_secret(id, name); });
    if (!forbidden) return {};
    return base::fail(ErrorKind::denied,
                      fmt::format("secret \"{}\" is an administrator's, and is never written or "
                                  "removed for an environment",
                                  name),
                      "choose another name for the environment's secret");
}

Tags SecretStore::tags_of(const environment::SecretWrite& write) const {
    auto tags = options_.company_tags;
    for (const auto& [key, value] : write.tags) tags.emplace(tag_text(key), tag_text(value));
    return tags;
}

Result<SecretStore::Seen> SecretStore::look(const std::string& name, base::Deadline deadline) {
    seen_.erase(name);
    auto found = manager_.get_value(name, {}, deadline);
    Seen seen;
    if (found) {
        seen.value = std::move(found->value);
    } else if (found.error().code == Code::invalid_request) {
        seen.scheduled = true;
    } else if (found.error().code != Code::not_found) {
        return base::fail(plain(std::move(found).error()));
    }
    seen_[name] = seen;
    return seen;
}

Result<std::vector<environment::StoredSecret>> SecretStore::list(base::Deadline deadline) {
    std::vector<environment::StoredSecret> found;
    std::string next;
    do {
        auto page = manager_.list(std::string(environment::k_owner_tag), next, deadline);
        if (!page) return base::fail(plain(std::move(page).error()));
        for (const auto& secret : page->secrets) {
            const auto tag = secret.tags.find(std::string(environment::k_owner_tag));
            const auto owner = tag == secret.tags.end() ? std::optional<base::Uuid>()
                                                        : base::Uuid::parse(tag->second);
            if (owner) found.push_back({secret.name, *owner});
        }
        next = page->next;
    } while (!next.empty());
    return found;
}

Result<std::optional<base::Secret>> SecretStore::read(const std::string& name,
                                                      base::Deadline deadline) {
    BASE_TRY_ASSIGN(auto seen, look(name, deadline));
    return std::move(seen.value);
}

Result<void> SecretStore::write(const environment::SecretWrite& write, base::Deadline deadline) {
    BASE_TRY(refuse_forbidden(write.name));
    if (seen_.count(write.name) == 0) BASE_TRY(look(write.name, deadline));
    const auto seen = seen_.at(write.name);
    if (seen.value == write.value) return {};
    seen_.erase(write.name);  // known again when it has succeeded
    if (seen.value) {
        BASE_TRY(replace(write, *seen.value, deadline));
    } else {
        BASE_TRY(create(write, deadline));
    }
    seen_[write.name] = {write.value, false};
    return {};
}

// While a forced deletion goes on, neither a new secret nor its restoring is possible, and the only
// way to learn of its end is to try.
Result<void> SecretStore::create(const environment::SecretWrite& write, base::Deadline deadline) {
    if (!is_secret_name(write.name)) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("\"{}\" cannot be the name of a secret", write.name),
                          "1 to 512 letters, digits and /_+=.@-");
    }
    const NewSecret secret{write.name, write.value, std::string(k_description), tags_of(write),
                           options_.kms_key_id};
    const auto token = make_request_token();
    for (int number = 1;; ++number) {
        auto created = manager_.create(secret, token, deadline);
        if (created) return finish_creation(write.name, deadline);
        if (created.error().code == Code::exists) return meet_existing(write, deadline);
        if (created.error().code != Code::invalid_request) {
            return base::fail(plain(std::move(created).error()));
        }
        BASE_TRY_ASSIGN(const auto turn, take_back(write, deadline));
        if (turn == Turn::done) return {};
        if (!http::wait_for_attempt(waiting_, number, deadline)) {
            return base::fail(ErrorKind::deadline, created.error().message,
                              "AWS is still deleting the former secret: the same call later");
        }
    }
}

Result<void> SecretStore::finish_creation(const std::string& name, base::Deadline deadline) {
    if (!options_.rotation) return {};
    return plain(manager_.set_rotation(name, *options_.rotation, deadline));
}

Result<void> SecretStore::meet_existing(const environment::SecretWrite& write,
                                        base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto seen, look(write.name, deadline));
    seen_.erase(write.name);
    if (seen.scheduled) return look_again(write.name);
    if (seen.value == write.value) return {};
    const auto value = seen.value.value_or(nothing_said());
    if (!write.may_replace || !write.may_replace(value)) return not_ours(write.name);
    if (seen.value) return look_again(write.name);
    return replace(write, value, deadline);
}

Result<SecretStore::Turn> SecretStore::take_back(const environment::SecretWrite& write,
                                                 base::Deadline deadline) {
    auto description = manager_.describe(write.name, deadline);
    if (!description && description.error().code == Code::not_found) return Turn::again;
    if (!description) return base::fail(plain(std::move(description).error()));
    if (!description->deleted_at) return look_again(write.name);

    auto restored = manager_.restore(write.name, deadline);
    if (!restored && is_going(restored.error())) return Turn::again;
    if (!restored) return base::fail(plain(std::move(restored).error()));

    BASE_TRY_ASSIGN(const auto seen, look(write.name, deadline));
    seen_.erase(write.name);
    if (seen.scheduled) return look_again(write.name);
    const auto value = seen.value.value_or(nothing_said());
    if (value == write.value) return Turn::done;
    if (write.may_replace && write.may_replace(value)) {
        BASE_TRY(replace(write, value, deadline));
        return Turn::done;
    }
    auto again =
        manager_.schedule_deletion(write.name, recovery_days(*description->deleted_at), deadline);
    if (!again) return base::fail(plain(std::move(again).error()));
    return base::fail(ErrorKind::conflict,
                      fmt::format("secret \"{}\" is scheduled for deletion and has somebody else's "
                                  "value",
                                  write.name),
                      "choose another name for it, or wait until it is gone");
}

Result<void> SecretStore::replace(const environment::SecretWrite& write, const base::Secret& former,
                                  base::Deadline deadline) {
    auto put = manager_.put_value(write.name, {write.value, make_request_token(), {}}, deadline);
    if (!put && is_going(put.error())) return look_again(write.name);
    if (!put) return base::fail(plain(std::move(put).error()));
    const auto tags = tags_of(write);
    if (environment::owner_of_secret(former) || tags.empty()) return {};
    if (const auto tagged = manager_.tag(write.name, tags, deadline); !tagged) {
        log_.warning("the secret is written, but not tagged: {}", tagged.error().message);
    }
    return {};
}

Result<void> SecretStore::remove(const std::string& name, base::Deadline deadline) {
    BASE_TRY(refuse_forbidden(name));
    const auto found = seen_.find(name);
    if (found == seen_.end() || !found->second.value) return {};
    const auto value = *found->second.value;

    auto description = manager_.describe(name, deadline);
    if (!description && description.error().code == Code::not_found) return {};
    if (!description) return base::fail(plain(std::move(description).error()));
    if (description->deleted_at) return {};
    seen_.erase(found);
    auto outcome = Outcome<void>();
    const bool stays = description->tags.contains(std::string(k_stack_tag));
    const auto left = stays ? std::optional(environment::placeholder_left_of(value))
                            : environment::remainder_of_secret(value);
    if (!left) {
        outcome = manager_.delete_at_once(name, deadline);
    } else if (!(*left == value)) {
        outcome = manager_.put_value(name, {*left, make_request_token(), {}}, deadline);
    }
    if (!outcome && !is_going(outcome.error()))
        return base::fail(plain(std::move(outcome).error()));
    return {};
}

}  // namespace aws

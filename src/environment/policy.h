// SPDX-License-Identifier: Apache-2.0
//
// Policy: what holds for everyone who works on a project. It stands in the registry, per project or
// for every project, and nowhere else: a caller who brings another value is refused, not obeyed.
// Pure.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "environment/name.h"

namespace environment {

// One row of the registry's policy table.
struct PolicyRow {
    std::string project;  // k_every_project for all of them
    std::string key;
    std::string value;
};
inline constexpr std::string_view k_every_project = "*";

// What a key means, for `config` and the manual.
struct PolicyDefinition {
    std::string_view key;
    std::string_view fallback;  // the value where no row has one
    std::string_view meaning;
    // Says whether `value` can be one; the hint of the failure says what can.
    base::Result<void> (*check)(std::string_view value);
};
std::span<const PolicyDefinition> policy_definitions();

// A value and where it comes from: "project review", "every project" or "default".
struct PolicyValue {
    std::string key;
    std::string value;
    std::string origin;
    std::string_view meaning;
};

class Policy {
   public:
    // Every key at its default.
    Policy() = default;
    // Never moved: there is no policy without what is known of it.
    Policy(const Policy&) = default;
    Policy& operator=(const Policy&) = default;
    ~Policy() = default;
    // A project's row wins over one for every project. Rows with keys that this program does not
    // know are left alone: a newer one wrote them.
    static Policy from_rows(const Project& project, std::span<const PolicyRow> rows);
    // The same for rows that were read from a registry, where anything can stand. Fails conflict
    // for a value that check() refuses: no default takes its place, since that could admit what the
    // value was to keep out.
    static base::Result<Policy> read(const Project& project, std::span<const PolicyRow> rows);
    // Fails invalid_input for an unknown key or a value that cannot be one.
    static base::Result<void> check(std::string_view key, std::string_view value);

    // All values in the order of the definitions.
    std::vector<PolicyValue> values() const;
    // An unknown key is a bug: throws std::logic_error.
    std::string value(std::string_view key) const { return std::string(text_of(key)); }

    // Fails conflict, naming both values, when a claim differs from the policy.
    base::Result<void> agree_with(const std::map<std::string, std::string>& claims) const;

    std::string host() const { return value("host"); }
    int port() const;
    std::string sslmode() const { return value("sslmode"); }
    std::string secrets() const { return value("secrets"); }
    std::optional<std::chrono::seconds> ttl() const;
    std::optional<std::int64_t> disk_budget() const;
    // Zero where nothing is kept.
    std::chrono::seconds trash_window() const;
    // How long nobody may have created an environment before it is removed for its branch.
    std::chrono::seconds sweep_grace() const;
    // How many of a project's `environments` one sweep may remove.
    std::size_t sweep_limit(std::size_t environments) const;
    int connection_limit() const;
    // How many databases may be built ahead at the same time.
    int pool_builders() const;
    // That templates may have; * for any.
    std::vector<std::string> extensions() const;
    NamePattern database_pattern() const;
    NamePattern secret_pattern() const;
    // KEY=VALUE words.
    std::map<std::string, std::string> secret_tags() const;
    // Days between two rotations by AWS; nothing for none.
    std::optional<int> secret_rotation_days() const;
    // True when an environment of this name is protected from the moment it is made. `*` in a
    // pattern stands for any text.
    bool protects(std::string_view name) const;
    // True when the list of repositories is empty or has this one.
    bool admits(std::string_view repository) const;
    // What every database of the project is set to: "idle_in_transaction_session_timeout=3600000",
    // sorted, as pg_db_role_setting has it; only what is not off.
    const std::vector<std::string>& database_settings() const { return known_->settings; }

   private:
    // Shared by the copies of a policy, which never changes.
    struct Known {
        // Of what is known to this program and not at its default.
        std::vector<PolicyRow> rows;
        std::vector<std::string> settings;
    };
    explicit Policy(std::vector<PolicyRow> rows);
    static const std::shared_ptr<const Known>& defaults();
    static std::string_view text_of(const std::vector<PolicyRow>& rows, std::string_view key);
    static std::vector<std::string> settings_of(const std::vector<PolicyRow>& rows);
    std::string_view text_of(std::string_view key) const { return text_of(known_->rows, key); }

    std::shared_ptr<const Known> known_ = defaults();
};

}  // namespace environment

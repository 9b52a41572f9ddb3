// SPDX-License-Identifier: Apache-2.0
#include "server/registration.h"

#include <fmt/format.h>

#include "base/file.h"
#include "environment/credential.h"
#include "environment/key_ring.h"
#include "environment/policy.h"
#include "pg/quoting.h"
#include "server/ownership.h"
#include "server/proof.h"
#include "server/session.h"
#include "server/survey.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Key;

// A quarter of what is usable: a cap on one neighbour, not a partition.
constexpr std::string_view k_connection_limit =
    "(SELECT greatest(10, least(50, (current_setting('max_connections')::int - "
    "current_setting('superuser_reserved_connections')::int - "
    "coalesce(current_setting('reserved_connections', true), '0')::int) / 4))::text)";

// Thirty-two bytes from the server's own randomness (four times 122 bits, hashed), and the
// fingerprint as Key::fingerprint computes it: an HMAC, spelled out, since the core has none.
constexpr std::string_view k_key_made_by_the_server =
    R"(INSERT INTO registry.key (number, fingerprint, location, bytes)
WITH made AS MATERIALIZED (
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) AS key
), bytes AS (
    SELECT i, CASE WHEN i < 32 THEN get_byte(key, i) ELSE 0 END AS byte
    FROM made, generate_series(0, 63) AS i
), padded AS (
    SELECT decode(string_agg(lpad(to_hex(byte # 54), 2, '0'), '' ORDER BY i), 'hex') AS inside,
        decode(string_agg(lpad(to_hex(byte # 92), 2, '0'), '' ORDER BY i), 'hex') AS outside
    FROM bytes
)
SELECT 1, left(encode(sha256(outside || sha256(inside || 'reviewdb/fingerprint/1'::bytea)), 'hex'), 16),
    'registry', key
FROM made, padded)";

std::string policy_sql(std::string_view key, std::string_view value_sql, std::string_view actor) {
    return fmt::format(
        "INSERT INTO registry.policy (project, key, value, set_by) VALUES ({}, {}, {}, {})",
        pg::literal(environment::k_every_project), pg::literal(key), value_sql, pg::literal(actor));
}

std::string key_sql(const Registration& registration) {
    if (registration.key_location == "registry") return std::string(k_key_made_by_the_server);
    return fmt::format(
        "INSERT INTO registry.key (number, fingerprint, location) VALUES (1, {}, {})",
        pg::literal(registration.key_fingerprint), pg::literal(registration.key_location));
}

Result<Key> key_in_file(const std::string& path) {
    BASE_TRY_ASSIGN(const auto text, base::read_file(path));
    if (text) {
        auto key = Key::parse(1, base::Secret(*text));
        if (!key) return base::fail(std::move(key).error().during("the key in " + path));
        return key;
    }
    auto key = Key::random(1);
    BASE_TRY(base::write_file(path, key.to_text().reveal() + "\n", 0600));
    return key;
}

}  // namespace

std::map<std::string, std::string> wished_policies(const Preparation& wish) {
    auto policies = wish.policies;
    if (!wish.host.empty()) policies["host"] = wish.host;
    if (wish.port != 0) policies["port"] = std::to_string(wish.port);
    if (!wish.sslmode.empty()) policies["sslmode"] = wish.sslmode;
    if (!wish.secrets.empty()) policies["secrets"] = wish.secrets;
    return policies;
}

Result<void> check_wish(const Preparation& wish) {
    for (const auto& [key, value] : wished_policies(wish)) {
        BASE_TRY(environment::Policy::check(key, value));
    }
    return wish.key_location.empty() ? Result<void>() : check_key_location(wish.key_location);
}

Result<void> check_key_location(const std::string& where) {
    const bool in_file = where.starts_with(environment::k_key_in_file) &&
                         where.substr(environment::k_key_in_file.size()).starts_with('/');
    const bool in_aws = where.starts_with(environment::k_key_in_aws) &&
                        where.size() > environment::k_key_in_aws.size();
    if (where == "registry" || where == "env" || in_file || in_aws) return {};
    return base::fail(ErrorKind::invalid_input, fmt::format("'{}' is no place for the key", where),
                      "registry, env (REVIEWDB_KEY), file:PATH with an absolute path, or aws:NAME "
                      "(a secret)");
}

Result<void> locate_key(const Preparation& wish, Registration& registration) {
    registration.key_location = wish.key_location.empty() ? "registry" : wish.key_location;
    if (registration.key_location == "registry") return {};
    if (registration.key_location == "env" ||
        registration.key_location.starts_with(environment::k_key_in_aws)) {
        if (!wish.key_text) {
            return base::fail(ErrorKind::invalid_input,
                              "the key is to come from REVIEWDB_KEY, which is not set",
                              "make one with: openssl rand -hex 32");
        }
        BASE_TRY_ASSIGN(const auto key, Key::parse(1, *wish.key_text));
        registration.key_fingerprint = key.fingerprint();
        return {};
    }
    BASE_TRY_ASSIGN(
        const auto key,
        key_in_file(registration.key_location.substr(environment::k_key_in_file.size())));
    registration.key_fingerprint = key.fingerprint();
    return {};
}

std::string migration_statement(std::string_view sql) {
    return fmt::format(
        "DO $reviewdb_do$ BEGIN EXECUTE $reviewdb_text${}$reviewdb_text$; END $reviewdb_do$", sql);
}

std::string history_sql(std::string_view event, std::string_view reason,
                        const environment::Actor& actor) {
    return fmt::format(
        "INSERT INTO registry.history (project, name, event, reason, actor, door, program) "
        "VALUES ({}, '', {}, {}, {}, {}, {})",
        pg::literal(environment::k_every_project), pg::literal(event), pg::literal(reason),
        pg::literal(actor.name), pg::literal(actor.door), pg::literal(actor.program));
}

std::vector<std::string> registration_sql(const Registration& registration,
                                          const Preparation& wish) {
    const auto& actor = wish.actor.name;
    auto policies = wished_policies(wish);
    policies["host"] = registration.host;
    policies["port"] = std::to_string(registration.port);
    policies.erase("sslmode");

    std::vector<std::string> statements{
        fmt::format("INSERT INTO registry.installation (id, schema_version, "
                    "oldest_program_allowed, operator) VALUES ({}, {}, 1, {})",
                    pg::literal(registration.installation.to_string()), schema_version(),
                    pg::literal(k_operator)),
        // Nobody else can have a registry that is made this moment.
        std::string(k_record_own_identity), key_sql(registration),
        policy_sql("sslmode", registration.sslmode_sql, actor)};
    if (!policies.contains("connection_limit")) {
        statements.push_back(policy_sql("connection_limit", k_connection_limit, actor));
    }
    for (const auto& [key, value] : policies) {
        statements.push_back(policy_sql(key, pg::literal(value), actor));
    }
    statements.push_back(
        history_sql("prepared", "the server was prepared for reviewdb", wish.actor));
    statements.push_back(
        fmt::format("COMMENT ON DATABASE {} IS {}", k_control_database,
                    pg::literal(fmt::format("{}{}", k_control_comment,
                                            registration.installation.to_string()))));
    statements.push_back(as_manager());
    statements.emplace_back("SELECT registry.set_mark(0)");
    return statements;
}

}  // namespace server

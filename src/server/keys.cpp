// SPDX-License-Identifier: Apache-2.0
#include "server/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/file.h"
#include "environment/key_ring.h"
#include "server/proof.h"
#include "server/registration.h"
#include "server/row_reading.h"
#include "server/session.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Key;

constexpr std::string_view k_keys =
    "SELECT k.number, k.fingerprint, k.location, k.number = i.current_key AS current, "
    "k.retired_at IS NOT NULL AS retired, (SELECT count(*) FROM registry.role r "
    "WHERE r.key_number = k.number AND r.state <> 'gone') AS roles "
    "FROM registry.key k, registry.installation i ORDER BY k.number";

// One keeper at a time.
Result<pg::Connection> open_registry(const KeyKeeper& keeper, Deadline deadline) {
    BASE_TRY_ASSIGN(auto session,
                    open_for_daily_work(keeper.login, "reviewdb/key", deadline, keeper.log));
    BASE_TRY(lock_preparation(session, deadline));
    return session;
}

Result<std::vector<KeyView>> read_keys(pg::Connection& session, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, session.run({std::string(k_keys)}, deadline));
    std::vector<KeyView> keys;
    for (int i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        keys.push_back({static_cast<int>(row.integer("number")), row.text("fingerprint"),
                        row.text("location"), row.boolean("current"), row.boolean("retired"),
                        row.integer("roles")});
    }
    if (!keys.empty()) return keys;
    return base::fail(ErrorKind::internal, "the registry has no key at all");
}

// Where key N is: the first one's path or secret, and for the others that with their number.
std::string place_of(std::string_view path, int number) {
    return number == 1 ? std::string(path) : fmt::format("{}.{}", path, number);
}

std::string first_place(const std::vector<KeyView>& keys, const KeyView& current) {
    auto path = current.location.substr(current.location.find(':') + 1);
    const auto suffix = fmt::format(".{}", current.number);
    if (keys.size() > 1 && path.ends_with(suffix)) path.resize(path.size() - suffix.size());
    return path;
}

Result<Key> key_from_aws(const KeyKeeper& keeper, const std::string& name, int number,
                         const base::Secret& text) {
    if (!keeper.texts.keep_aws) {
        return base::fail(ErrorKind::invalid_input, "there is no way to AWS from here");
    }
    BASE_TRY_ASSIGN(const auto kept, keeper.texts.keep_aws(name, text));
    return Key::parse(number, kept);
}

Result<Key> key_from_file(const std::string& path, int number) {
    BASE_TRY_ASSIGN(const auto text, base::read_file(path));
    if (text) return Key::parse(number, base::Secret(*text));
    auto key = Key::random(number);
    BASE_TRY(base::write_file(path, key.to_text().reveal() + "\n", 0600));
    return key;
}

pg::Statement insert_key(const Key& key, const std::string& location) {
    const bool here = location == "registry";
    return {
        "INSERT INTO registry.key (number, fingerprint, location, bytes) "
        "VALUES ($1::integer, $2, $3, decode($4, 'hex'))",
        {std::to_string(key.number()), key.fingerprint(), location,
         here ? std::optional(base::to_hex(key.bytes().reveal())) : std::nullopt}};
}

}  // namespace

Result<std::vector<KeyView>> list_keys(const KeyKeeper& keeper, Deadline deadline) {
    BASE_TRY_ASSIGN(auto session,
                    open_for_daily_work(keeper.login, "reviewdb/key", deadline, keeper.log));
    return read_keys(session, deadline);
}

Result<KeyView> add_key(const KeyKeeper& keeper, Deadline deadline) {
    BASE_TRY_ASSIGN(auto session, open_registry(keeper, deadline));
    BASE_TRY_ASSIGN(const auto keys, read_keys(session, deadline));
    const auto current = *std::ranges::find_if(keys, &KeyView::is_current);
    const int number = keys.back().number + 1;
    auto location = current.location;
    auto key = Key::random(number);
    if (location != "registry" && location != "env") {
        BASE_TRY(
            check_original(keeper.login, "no key was made in " + location, deadline, keeper.log));
    }
    if (location.starts_with(environment::k_key_in_file)) {
        const auto path = place_of(first_place(keys, current), number);
        location = fmt::format("{}{}", environment::k_key_in_file, path);
        BASE_TRY_ASSIGN(key, key_from_file(path, number));
    } else if (location.starts_with(environment::k_key_in_aws)) {
        const auto name = place_of(first_place(keys, current), number);
        location = fmt::format("{}{}", environment::k_key_in_aws, name);
        BASE_TRY_ASSIGN(key, key_from_aws(keeper, name, number, {}));
    } else if (location == "env") {
        const auto variable = fmt::format("REVIEWDB_KEY_{}", number);
        const auto text = keeper.texts.variables.find(variable);
        if (text == keeper.texts.variables.end()) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("the keys of this server are kept in variables, and {} "
                                          "is not set",
                                          variable),
                              "make one with: openssl rand -hex 32; set it for everybody who uses "
                              "this server, then come again");
        }
        BASE_TRY_ASSIGN(key, Key::parse(number, text->second));
    }
    BASE_TRY(session.run_all(
        {insert_key(key, location),
         {"UPDATE registry.installation SET current_key = $1::integer", {std::to_string(number)}},
         {history_sql("key rotated", fmt::format("key {} is the current one", number),
                      keeper.actor)}},
        deadline));
    return KeyView{number, key.fingerprint(), location, true, false, 0};
}

Result<void> retire_key(const KeyKeeper& keeper, int number, Deadline deadline) {
    BASE_TRY_ASSIGN(auto session, open_registry(keeper, deadline));
    BASE_TRY_ASSIGN(const auto keys, read_keys(session, deadline));
    const auto found = std::ranges::find(keys, number, &KeyView::number);
    if (found == keys.end()) {
        return base::fail(ErrorKind::not_found, fmt::format("there is no key {}", number),
                          "'reviewdb key list' shows them");
    }
    if (found->is_current) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("key {} is the current one: new passwords come from it", number),
            "make the next one first: reviewdb key rotate");
    }
    if (found->roles > 0) {
        BASE_TRY_ASSIGN(
            const auto whose,
            session.run({"SELECT string_agg(who, ', ') AS names FROM (SELECT coalesce(e.project || "
                         "'/' || e.name, r.name) AS who FROM registry.role r LEFT JOIN "
                         "registry.environment e ON e.role = r.id AND e.state <> 'gone' WHERE "
                         "r.key_number = $1::integer AND r.state <> 'gone' ORDER BY 1 LIMIT 5) few",
                         {std::to_string(number)}},
                        deadline));
        return base::fail(ErrorKind::conflict,
                          fmt::format("{} passwords are derived from key {}: {}{}", found->roles,
                                      number, whose[0].text("names"), found->roles > 5 ? " …" : ""),
                          "move them to the current key: reviewdb rotate --all (open what is "
                          "closed first), in each project");
    }
    BASE_TRY(session.run_all(
        {{"UPDATE registry.key SET retired_at = now(), bytes = NULL WHERE number = $1::integer",
          {std::to_string(number)}},
         {history_sql("key retired", fmt::format("key {}", number), keeper.actor)}},
        deadline));
    return {};
}

Result<void> move_keys(const KeyKeeper& keeper, const std::string& location, Deadline deadline) {
    BASE_TRY(check_key_location(location));
    if (location != "registry" && location != "env") {
        BASE_TRY(
            check_original(keeper.login, "no key was moved to " + location, deadline, keeper.log));
    }
    BASE_TRY_ASSIGN(auto session, open_registry(keeper, deadline));
    BASE_TRY_ASSIGN(
        const auto answers,
        session.run_all({{std::string(k_living_keys)}, {std::string(k_keys)}}, deadline));
    environment::Installation installation;
    installation.keys = read_key_records(answers[0]);
    std::vector<pg::Statement> statements;
    for (const auto& record : installation.keys) {
        BASE_TRY_ASSIGN(const auto key,
                        environment::find_key(installation, record.number, keeper.texts));
        auto place = location;
        if (location == "env") {
            const auto text = environment::key_text(record.number, keeper.texts);
            const auto there = Key::parse(record.number, text);
            if (text.empty() || !there || there->fingerprint() != record.fingerprint) {
                return base::fail(
                    ErrorKind::conflict,
                    fmt::format("key {} is not in REVIEWDB_KEY{} yet; nothing was moved",
                                record.number,
                                record.number == 1 ? "" : fmt::format("_{}", record.number)),
                    "write it to a file first: reviewdb key move file:/PATH; bring its content as "
                    "that variable; then come again");
            }
        } else if (location.starts_with(environment::k_key_in_file)) {
            const auto path =
                place_of(location.substr(environment::k_key_in_file.size()), record.number);
            place = fmt::format("{}{}", environment::k_key_in_file, path);
            BASE_TRY(base::write_file(path, key.to_text().reveal() + "\n", 0600));
        }
        if (location.starts_with(environment::k_key_in_aws)) {
            const auto name =
                place_of(location.substr(environment::k_key_in_aws.size()), record.number);
            place = fmt::format("{}{}", environment::k_key_in_aws, name);
            BASE_TRY(key_from_aws(keeper, name, record.number, key.to_text()));
        }
        const bool here = place == "registry";
        statements.push_back(
            {"UPDATE registry.key SET location = $2, bytes = decode($3, 'hex') "
             "WHERE number = $1::integer",
             {std::to_string(record.number), place,
              here ? std::optional(base::to_hex(key.bytes().reveal())) : std::nullopt}});
    }
    statements.push_back({history_sql("key moved", "to " + location, keeper.actor)});
    BASE_TRY(session.run_all(statements, deadline));
    return {};
}

}  // namespace server

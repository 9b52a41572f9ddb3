// SPDX-License-Identifier: Apache-2.0
#include "server/row_reading.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "environment/standing.h"

namespace server {

const std::string_view k_living_keys =
    "SELECT number, fingerprint, location, encode(bytes, 'hex') AS bytes FROM registry.key "
    "WHERE retired_at IS NULL ORDER BY number";

const std::string_view k_policy =
    "SELECT project, key, value FROM registry.policy WHERE project IN ('*', $1)";

namespace {

using environment::Time;

base::Uuid uuid_of(const pg::Row& row, const char* column) {
    return base::Uuid::parse(row.value(column)).value_or(base::Uuid());
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// A column by its prefix and its name.
std::string column(char prefix, const char* name) { return std::string{prefix, '_'} + name; }

std::optional<environment::DatabaseFacts> read_database(const pg::Row& row, char prefix) {
    const auto of = [&](const char* name) { return column(prefix, name); };
    if (row.is_null(of("oid").c_str())) return std::nullopt;
    environment::DatabaseFacts facts;
    facts.oid = static_cast<std::uint32_t>(row.integer(of("oid").c_str()));
    facts.name = row.text(of("name").c_str());
    facts.owner = row.text(of("owner").c_str());
    facts.owned_by_manager = row.boolean(of("ours").c_str());
    facts.accepts_connections = row.boolean(of("open").c_str());
    facts.half_dropped = row.boolean(of("half_dropped").c_str());
    facts.open_to_public = row.boolean(of("public").c_str());
    facts.role_may_use = row.boolean(of("role_may_use").c_str());
    facts.foreign_grantees = lines_of(row.optional_text(of("grantees").c_str()).value_or(""));
    facts.is_template = row.boolean(of("template").c_str());
    facts.connection_limit = static_cast<int>(row.integer(of("limit").c_str()));
    facts.comment = row.text(of("comment").c_str());
    facts.settings = lines_of(row.optional_text(of("settings").c_str()).value_or(""));
    return facts;
}

environment::LoginFacts read_login(const pg::Row& row) {
    environment::LoginFacts facts;
    facts.oid = static_cast<std::uint32_t>(row.integer("l_oid"));
    facts.can_login = row.boolean("l_can_login");
    facts.privileged = row.boolean("l_privileged");
    facts.expires = row.boolean("l_expires");
    facts.preloads = row.boolean("l_preloads");
    facts.connection_limit = static_cast<int>(row.integer("l_limit"));
    facts.comment = row.text("l_comment");
    facts.foreign_members = lines_of(row.optional_text("l_members").value_or(""));
    return facts;
}

}  // namespace

std::optional<base::Uuid> optional_uuid(const pg::Row& row, const char* column) {
    if (row.is_null(column)) return std::nullopt;
    return uuid_of(row, column);
}

std::optional<environment::InstanceRecord> read_instance(const pg::Row& row, char prefix) {
    const auto of = [&](const char* name) { return column(prefix, name); };
    if (row.is_null(of("id").c_str())) return std::nullopt;
    environment::InstanceRecord record;
    record.id = uuid_of(row, of("id").c_str());
    // An unknown state was written by a newer program: left alone as one that serves.
    record.state = environment::parse_instance_state(row.value(of("state").c_str()))
                       .value_or(environment::InstanceState::serving);
    record.database = row.text(of("database").c_str());
    if (!row.is_null(of("oid").c_str())) {
        record.oid = static_cast<std::uint32_t>(row.integer(of("oid").c_str()));
    }
    record.database_template = row.text(of("template").c_str());
    return record;
}

std::optional<environment::RoleRecord> read_role(const pg::Row& row, char prefix) {
    const auto of = [&](const char* name) { return column(prefix, name); };
    if (row.is_null(of("id").c_str())) return std::nullopt;
    environment::RoleRecord record;
    record.id = uuid_of(row, of("id").c_str());
    record.state = environment::parse_role_state(row.value(of("state").c_str()))
                       .value_or(environment::RoleState::serving);
    record.name = row.text(of("name").c_str());
    record.password_version = static_cast<int>(row.integer(of("version").c_str()));
    record.key_number = static_cast<int>(row.integer(of("key").c_str()));
    record.source = row.value(of("source").c_str()) == "external"
                        ? environment::PasswordSource::external
                        : environment::PasswordSource::derived;
    return record;
}

Time time_of(std::int64_t seconds_since_1970) {
    return Time(std::chrono::seconds(seconds_since_1970));
}

Time time_of_microseconds(std::int64_t since_1970) {
    return Time(std::chrono::microseconds(since_1970));
}

std::optional<std::string> seconds_of(const std::optional<Time>& time) {
    if (!time) return std::nullopt;
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count());
}

std::optional<std::string> exact_seconds_of(const std::optional<Time>& time) {
    if (!time) return std::nullopt;
    const auto exact =
        std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch()).count();
    return fmt::format("{}.{:06}", exact / 1'000'000, exact % 1'000'000);
}

environment::Installation read_installation(const pg::Row& installation, const pg::Rows& keys) {
    environment::Installation read;
    read.id = uuid_of(installation, "id");
    read.schema_version = static_cast<int>(installation.integer("schema_version"));
    read.oldest_program_allowed = static_cast<int>(installation.integer("oldest_program_allowed"));
    read.current_key = static_cast<int>(installation.integer("current_key"));
    read.file_cloning = environment::parse_file_cloning(installation.value("file_cloning"))
                            .value_or(environment::FileCloning::unknown);
    read.server_version = static_cast<int>(installation.integer("server_version"));
    read.is_behind = installation.boolean("is_behind");
    read.has_leftovers = installation.boolean("has_leftovers");
    read.has_expired = installation.boolean("has_expired");
    if (!installation.boolean("is_proven")) read.doubt = environment::unexamined_doubt();
    read.keys = read_key_records(keys);
    return read;
}

std::vector<environment::KeyRecord> read_key_records(const pg::Rows& keys) {
    std::vector<environment::KeyRecord> records;
    for (int i = 0; i < keys.size(); ++i) {
        const auto row = keys[i];
        if (row.is_null("number")) continue;
        environment::KeyRecord key{static_cast<int>(row.integer("number")), row.text("fingerprint"),
                                   row.text("location"), std::nullopt};
        if (!row.is_null("bytes")) {
            key.bytes = base::Secret(base::from_hex(row.value("bytes")).value_or(""));
        }
        records.push_back(std::move(key));
    }
    return records;
}

std::vector<environment::PolicyRow> read_policy(const pg::Rows& rows) {
    std::vector<environment::PolicyRow> read;
    read.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        read.push_back({rows[i].text("project"), rows[i].text("key"), rows[i].text("value")});
    }
    return read;
}

environment::EnvironmentRecord read_environment(const pg::Row& row) {
    environment::EnvironmentRecord record;
    record.id = uuid_of(row, "e_id");
    record.project = row.text("e_project");
    record.name = row.text("e_name");
    record.state = environment::parse_environment_state(row.value("e_state"))
                       .value_or(environment::EnvironmentState::closed);
    record.origin.repository = row.text("e_repository");
    record.origin.ref = row.text("e_ref");
    if (!row.is_null("e_pull_request")) {
        record.origin.pull_request = static_cast<int>(row.integer("e_pull_request"));
    }
    record.origin.commit = row.text("e_commit");
    record.labels = labels_from_json(row.text("e_labels"));
    record.secret = row.text("e_secret");
    record.shielded = row.boolean("e_protected");
    record.epoch = row.integer("e_epoch");
    record.instance = optional_uuid(row, "i_id");
    record.role = optional_uuid(row, "r_id");
    record.closed_because = row.text("e_closed_because");
    record.created_at = time_of(row.integer("e_created_at"));
    record.last_create_at = time_of(row.integer("e_last_create_at"));
    if (!row.is_null("e_expires_at")) record.expires_at = time_of(row.integer("e_expires_at"));
    if (!row.is_null("e_event_at")) {
        record.event_at = time_of_microseconds(row.integer("e_event_at"));
    }
    record.retirement = read_retirement(row);
    return record;
}

std::optional<environment::Retirement> read_retirement(const pg::Row& row) {
    if (row.is_null("e_retired_for")) return std::nullopt;
    environment::Retirement retirement;
    retirement.event_at = time_of_microseconds(row.integer("e_retired_for"));
    if (!row.is_null("e_retired_pull_request")) {
        retirement.pull_request = static_cast<int>(row.integer("e_retired_pull_request"));
    }
    retirement.commit = row.text("e_retired_commit");
    retirement.keeps = row.boolean("e_retired_into_trash");
    retirement.reason = row.text("e_retired_because");
    retirement.told_as = row.text("e_retired_as");
    return retirement;
}

void read_records(const pg::Row& row, environment::Facts& facts) {
    if (!row.is_null("e_id")) facts.environment = read_environment(row);
    facts.instance = read_instance(row, 'i');
    facts.next = read_instance(row, 'n');
    facts.role = read_role(row, 'r');
}

void read_observation(const pg::Row& row, environment::Facts& facts) {
    read_records(row, facts);
    for (auto [record, prefix] : {std::pair(&facts.instance, 'i'), std::pair(&facts.next, 'n')}) {
        if (!*record) continue;
        (*record)->template_version = optional_uuid(row, column(prefix, "version").c_str());
        (*record)->former_owner = row.optional_text(column(prefix, "owner").c_str()).value_or("");
    }
    facts.next_role = read_role(row, 'o');
    facts.database = read_database(row, 'd');
    facts.next_database = read_database(row, 'm');
    if (!row.is_null("l_oid")) facts.login = read_login(row);
}

std::string labels_to_json(const environment::Labels& labels) {
    boost::json::object object;
    for (const auto& [key, value] : labels) object[key] = value;
    return boost::json::serialize(object);
}

environment::Labels labels_from_json(const std::string& json) {
    environment::Labels labels;
    boost::json::error_code problem;
    const auto value = boost::json::parse(json, problem);
    if (problem || !value.is_object()) return labels;
    for (const auto& [key, text] : value.get_object()) {
        if (text.is_string()) labels[std::string(key)] = std::string(text.get_string());
    }
    return labels;
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
//
// History: what is written down of a removal, and how it is read again.
#include <boost/json.hpp>
#include <tuple>

#include "environment/name.h"
#include "server/live_server.h"
#include "server/row_reading.h"

namespace server {

using base::Deadline;
using base::Result;

// The database may have been renamed by the same transaction, or be somebody else's by now. A size
// that was measured a moment ago is not measured again: that looks at every file.
pg::Statement history_of_removal(const environment::Target& target, const environment::Step& step,
                                 const environment::Actor& actor, std::string_view event) {
    constexpr std::string_view k_removal = R"(
INSERT INTO registry.history (project, name, environment, event, reason, actor, door, program, detail)
SELECT $1, $2, $3::uuid, $4, $5, $6, $7, $8, jsonb_strip_nulls(jsonb_build_object(
    'database', nullif($9, ''),
    'size_bytes', coalesce(
        (SELECT size_bytes FROM registry.instance
         WHERE id = $12::uuid AND size_measured_at > now() - interval '1 minute'),
        (SELECT pg_database_size(oid) FROM pg_database
         WHERE (oid = $10::oid OR datname IN ($9, $11))
             AND pg_get_userbyid(datdba) = current_user LIMIT 1)),
    'age_seconds', (SELECT extract(epoch FROM clock_timestamp() - created_at)::bigint
        FROM registry.environment WHERE id = $3::uuid))))";
    const auto& [environment, leaving] = std::tie(target.environment, target.leaving);
    return {std::string(k_removal),
            {environment.project, environment.name, environment.id.to_string(), std::string(event),
             step.reason, actor.name, actor.door, actor.program, leaving.database,
             leaving.oid ? std::optional(std::to_string(*leaving.oid)) : std::nullopt,
             environment::dropping_name(leaving.id), leaving.id.to_string()},
            true};
}

namespace {

// A detail that a program of another version wrote may lack anything.
void read_detail(const std::string& text, environment::HistoryEntry& entry) {
    boost::json::error_code problem;
    const auto value = boost::json::parse(text, problem);
    if (problem || !value.is_object()) return;
    const auto& detail = value.get_object();
    const auto number = [&](std::string_view key) -> std::optional<std::int64_t> {
        const auto* found = detail.if_contains(key);
        if (found == nullptr || !found->is_int64()) return std::nullopt;
        return found->get_int64();
    };
    const auto* database = detail.if_contains("database");
    if (database != nullptr && database->is_string()) {
        entry.database = std::string(database->get_string());
    }
    entry.size_bytes = number("size_bytes");
    if (const auto age = number("age_seconds")) entry.age = std::chrono::seconds(*age);
}

}  // namespace

Result<std::vector<environment::HistoryEntry>> LiveServer::history(
    const environment::Project& project, const std::optional<environment::Name>& name, int most,
    Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run({"SELECT * FROM (SELECT id, extract(epoch FROM at)::bigint AS at, project, "
                       "name, event, reason, actor, door, program, detail::text AS detail "
                       "FROM registry.history "
                       "WHERE project IN ($1, '*') AND ($2::text IS NULL OR name = $2) "
                       "ORDER BY id DESC LIMIT $3::integer) newest ORDER BY id",
                       {project.text(), name ? std::optional(name->text()) : std::nullopt,
                        std::to_string(most)}},
                      deadline));
    std::vector<environment::HistoryEntry> entries;
    for (int i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        entries.push_back({time_of(row.integer("at")), row.text("project"), row.text("name"),
                           row.text("event"), row.text("reason"), row.text("actor"),
                           row.text("door"), row.text("program")});
        read_detail(row.text("detail"), entries.back());
    }
    return entries;
}

}  // namespace server

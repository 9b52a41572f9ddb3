// SPDX-License-Identifier: Apache-2.0
#include "environment/usage.h"

#include "server/live_server.h"
#include "server/row_reading.h"

namespace server {

using base::Deadline;
using base::Result;
using environment::Share;
using environment::Usage;

namespace {

// In all of them $1 is the project, or null for all.
constexpr std::string_view k_instances = R"(
SELECT CASE WHEN e.id IS NOT NULL THEN 'environment' WHEN i.state = 'warm' THEN 'warm'
        WHEN i.state = 'frozen' THEN 'template' WHEN i.state = 'trashed' THEN 'trash'
        ELSE 'unfinished' END AS kind,
    e.state, count(*) AS count, coalesce(sum(pg_database_size(d.oid)), 0)::bigint AS bytes,
    count(*) FILTER (WHERE e.secret <> '') AS secrets
FROM registry.instance i
LEFT JOIN registry.environment e ON e.instance = i.id AND e.state <> 'gone'
LEFT JOIN pg_database d ON d.datname = i.database AND pg_get_userbyid(d.datdba) = current_user
WHERE i.state <> 'gone' AND ($1::text IS NULL OR i.project = $1)
GROUP BY 1, 2)";

// Postgres hides backend_type from who is no member of the session's role; its own processes are in
// no database, or nobody's.
constexpr std::string_view k_connections = R"(
SELECT count(*) FILTER (WHERE i.id IS NOT NULL) AS ours, count(*) AS everybodys,
    current_setting('max_connections')::integer
        - current_setting('superuser_reserved_connections')::integer
        - coalesce(current_setting('reserved_connections', true), '0')::integer AS usable,
    extract(epoch FROM now())::bigint AS now,
    extract(epoch FROM date_trunc('month', now(), 'UTC'))::bigint AS month_began_at
FROM pg_stat_activity a
LEFT JOIN registry.instance i ON i.database = a.datname AND i.state = 'serving'
    AND ($1::text IS NULL OR i.project = $1)
WHERE a.datname IS NOT NULL AND a.usename IS NOT NULL
    AND (a.backend_type IS NULL OR a.backend_type = 'client backend'))";

constexpr std::string_view k_oldest = R"(
SELECT project, name, extract(epoch FROM created_at)::bigint AS created_at
FROM registry.environment WHERE state <> 'gone' AND ($1::text IS NULL OR project = $1)
ORDER BY registry.environment.created_at, name LIMIT 1)";

constexpr std::string_view k_removed = R"(
SELECT event, count(*) AS count, coalesce(sum((detail->>'size_bytes')::bigint), 0)::bigint AS bytes
FROM registry.history
WHERE at >= date_trunc('month', now(), 'UTC') AND event = ANY ($2::text[])
    AND ($1::text IS NULL OR project = $1)
GROUP BY event)";

std::string list_of_removals() {
    std::string list;
    for (const auto event : environment::k_removals) {
        list += (list.empty() ? "{" : ",") + std::string(event);
    }
    return list + "}";
}

Share share_of(const pg::Row& row) { return {row.integer("count"), row.integer("bytes")}; }

void read_instances(const pg::Row& row, Usage& usage) {
    const auto kind = row.text("kind");
    if (kind == "environment") {
        // An unknown state was written by a newer program.
        const auto state = environment::parse_environment_state(row.text("state"))
                               .value_or(environment::EnvironmentState::closed);
        usage.environments[state] += share_of(row);
        usage.secrets += row.integer("secrets");
        return;
    }
    auto& share = kind == "warm"       ? usage.warm
                  : kind == "template" ? usage.templates
                  : kind == "trash"    ? usage.trash
                                       : usage.unfinished;
    share += share_of(row);
}

}  // namespace

Result<Usage> LiveServer::usage(const std::optional<environment::Project>& project,
                                Deadline deadline) {
    BASE_TRY(connect(deadline));
    const auto whose = project ? std::optional(project->text()) : std::nullopt;
    BASE_TRY_ASSIGN(const auto answers,
                    session_->run_all({{std::string(k_instances), {whose}},
                                       {std::string(k_connections), {whose}},
                                       {std::string(k_oldest), {whose}},
                                       {std::string(k_removed), {whose, list_of_removals()}}},
                                      deadline));
    Usage usage;
    usage.project = project;
    for (int i = 0; i < answers[0].size(); ++i) read_instances(answers[0][i], usage);
    const auto counts = answers[1][0];
    usage.connections = counts.integer("ours");
    usage.server_connections = counts.integer("everybodys");
    usage.connection_limit = counts.integer("usable");
    usage.now = time_of(counts.integer("now"));
    usage.month_began_at = time_of(counts.integer("month_began_at"));
    if (!answers[2].empty()) {
        const auto row = answers[2][0];
        usage.oldest = {row.text("project"), row.text("name"), time_of(row.integer("created_at"))};
    }
    for (int i = 0; i < answers[3].size(); ++i) {
        usage.removed[answers[3][i].text("event")] = share_of(answers[3][i]);
    }
    return usage;
}

}  // namespace server

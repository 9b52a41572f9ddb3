// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/live_server.h"
#include "server/observation_sql.h"
#include "server/row_reading.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::Result;

Result<std::vector<environment::Listed>> LiveServer::list(const environment::ListFilter& filter,
                                                          Deadline deadline) {
    BASE_TRY(connect(deadline));
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    const auto size = filter.with_sizes ? "pg_database_size(d.oid)" : "NULL::bigint";
    const pg::Statement query{
        fmt::format(
            "SELECT {}, e.instance AS i_id, e.role AS r_id, i.database, i.template, "
            "r.name AS role, {} AS size "
            "FROM registry.environment e LEFT JOIN registry.instance i ON i.id = e.instance "
            "LEFT JOIN registry.role r ON r.id = e.role "
            "LEFT JOIN pg_database d ON d.datname = i.database "
            "WHERE e.state <> 'gone' AND ($1::text IS NULL OR e.project = $1) "
            "AND ($2::text IS NULL OR e.state = $2) AND ($3::text IS NULL OR e.repository = $3) "
            "AND e.labels @> $4::jsonb AND ($5::text IS NULL OR e.name = $5) "
            "ORDER BY e.project, e.name",
            k_environment_columns, size),
        {filter.project ? std::optional(filter.project->text()) : std::nullopt,
         filter.state ? std::optional(std::string(to_text(*filter.state))) : std::nullopt,
         text_or_null(filter.repository), labels_to_json(filter.labels),
         filter.name ? std::optional(filter.name->text()) : std::nullopt}};
    BASE_TRY_ASSIGN(const auto rows, session_->run(query, deadline));
    std::vector<environment::Listed> listed;
    for (int i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        environment::Listed one{read_environment(row), row.optional_text("database").value_or(""),
                                row.optional_text("role").value_or(""),
                                row.optional_text("template").value_or(""), std::nullopt};
        if (!row.is_null("size")) one.size_bytes = row.integer("size");
        listed.push_back(std::move(one));
    }
    return listed;
}

Result<environment::Policy> LiveServer::policy(const environment::Project& project,
                                               Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({std::string(k_policy), {project.text()}, true}, deadline));
    return environment::Policy::read(project, read_policy(rows));
}

Result<void> LiveServer::set_policy(std::string_view project, std::string_view key,
                                    std::string_view value, const environment::Actor& actor,
                                    Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY(check_address_may_change(project, key, deadline));
    return run(
        {{"INSERT INTO registry.policy (project, key, value, set_by) "
          "VALUES ($1, $2, $3, $4) ON CONFLICT (project, key) DO UPDATE "
          "SET value = excluded.value, set_by = excluded.set_by, set_at = now()",
          {std::string(project), std::string(key), std::string(value), actor.name}},
         {"INSERT INTO registry.history (project, name, event, reason, actor, door, program) "
          "VALUES ($1, '', 'policy', $2, $3, $4, $5)",
          {std::string(project), fmt::format("{} = {}", key, value), actor.name, actor.door,
           actor.program}}},
        deadline);
}

}  // namespace server

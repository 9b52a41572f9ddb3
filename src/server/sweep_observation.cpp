// SPDX-License-Identifier: Apache-2.0
//
// What a sweep reads, in one round trip and as many statements however much there is.
#include <fmt/format.h>

#include "server/live_server.h"
#include "server/observation_sql.h"
#include "server/rebuild.h"
#include "server/row_reading.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;
using environment::Candidacy;

constexpr std::string_view k_candidates = R"(
SELECT {}, e.instance AS i_id, e.role AS r_id, i.database, i.size_bytes AS size,
    coalesce(s.many, 0) AS sessions
FROM registry.environment e
LEFT JOIN registry.instance i ON i.id = e.instance
LEFT JOIN registry.role r ON r.id = e.role
LEFT JOIN (SELECT usename, count(*) AS many FROM pg_stat_activity GROUP BY usename) s
    ON s.usename = r.name
WHERE e.project = $1 AND e.state <> 'gone' ORDER BY e.name)";

constexpr std::string_view k_remains = R"(
SELECT i.id, CASE WHEN i.state = 'gone' THEN r.name ELSE i.database END AS subject,
    CASE i.state WHEN 'dropping' THEN 'its removal was not finished'
        WHEN 'gone' THEN 'the role of a database that is gone; '
            || coalesce('it is named in ' || elsewhere.found, 'nothing names it any more')
        WHEN 'frozen' THEN 'a version of a template that was never put into service'
        ELSE CASE i.purpose WHEN 'pool' THEN 'a build for the pool that was not finished'
            ELSE 'a build of a template that was not finished' END END AS what,
    extract(epoch FROM coalesce(i.let_go_at, i.created_at))::bigint AS since, i.size_bytes AS size
FROM registry.instance i
LEFT JOIN registry.role r ON r.id = i.role
LEFT JOIN pg_roles l ON l.rolname = r.name AND i.state = 'gone' AND r.state = 'pinned'
LEFT JOIN LATERAL ({}) elsewhere ON true
WHERE i.state = 'dropping'
    OR (i.state IN ('building', 'frozen') AND i.purpose <> 'environment'
        AND i.created_at < now() - interval '1 hour'
        AND NOT EXISTS (SELECT FROM registry.template t WHERE t.instance = i.id))
    OR (i.state = 'gone' AND r.state = 'pinned' AND (elsewhere.found IS NOT NULL
        OR NOT EXISTS (SELECT FROM pg_shdepend s
            WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = l.oid)))
ORDER BY i.let_go_at, i.created_at)";

// With the stamp of this installation, and by neither oid nor name in the registry.
constexpr std::string_view k_unknown = R"(
SELECT d.datname FROM pg_database d JOIN pg_roles m ON m.oid = d.datdba AND m.rolname = current_user
JOIN registry.installation n ON starts_with(shobj_description(d.oid, 'pg_database'),
    'reviewdb/1 ' || n.id::text || ' ')
WHERE d.datconnlimit <> -2 AND NOT EXISTS (SELECT FROM registry.instance i
    WHERE i.state <> 'gone' AND (i.oid = d.oid OR i.database = d.datname))
ORDER BY d.datname)";

constexpr std::string_view k_whole = R"(
SELECT (SELECT coalesce(sum(size_bytes), 0) FROM registry.instance WHERE state <> 'gone')::bigint
    AS bytes, s.branches
FROM (VALUES (1)) one LEFT JOIN registry.sweep s ON s.project = $1 AND s.repository = $2)";

Candidacy read_candidacy(const pg::Row& row) {
    Candidacy one{environment::EnvironmentRecord(read_environment(row)),
                  row.optional_text("database").value_or(""), std::nullopt,
                  static_cast<int>(row.integer("sessions"))};
    if (!row.is_null("size")) one.size_bytes = row.integer("size");
    return one;
}

environment::Remains read_remains(const pg::Row& row) {
    environment::Remains one;
    one.instance = base::Uuid::parse(row.text("id")).value_or(base::Uuid());
    one.database = row.text("subject");
    one.what = row.text("what");
    one.since = time_of(row.integer("since"));
    if (!row.is_null("size")) one.size_bytes = row.integer("size");
    return one;
}

std::string array_of(const std::vector<base::Uuid>& ids) {
    std::string text;
    for (const auto& id : ids) text += (text.empty() ? "" : ",") + id.to_string();
    return "{" + text + "}";
}

}  // namespace

Result<environment::SweepFacts> LiveServer::observe_sweep(const environment::Project& project,
                                                          const std::string& repository,
                                                          Deadline deadline) {
    BASE_TRY(connect(deadline));
    auto statements =
        reading(project,
                {fmt::format(fmt::runtime(k_candidates), k_environment_columns), {project.text()}});
    statements.push_back({trash_sql(), {std::nullopt, std::nullopt, ""}});
    statements.push_back({fmt::format(k_remains, k_named_elsewhere)});
    statements.push_back({std::string(k_unknown)});
    statements.push_back({std::string(k_whole), {project.text(), repository}});
    BASE_TRY_ASSIGN(const auto answers, session_->run_all(statements, deadline));
    environment::SweepFacts facts;
    BASE_TRY_ASSIGN(facts.common, common_facts(project, answers, deadline));
    for (int i = 0; i < answers[3].size(); ++i) {
        facts.environments.push_back(read_candidacy(answers[3][i]));
    }
    for (int i = 0; i < answers[4].size(); ++i) facts.trash.push_back(read_trashed(answers[4][i]));
    for (int i = 0; i < answers[5].size(); ++i)
        facts.remains.push_back(read_remains(answers[5][i]));
    for (int i = 0; i < answers[6].size(); ++i) {
        facts.unknown.push_back(answers[6][i].text("datname"));
    }
    const auto whole = answers[7][0];
    facts.bytes = whole.integer("bytes");
    if (!whole.is_null("branches")) {
        facts.former = {repository, static_cast<int>(whole.integer("branches"))};
    }
    return facts;
}

Result<void> LiveServer::record_sweep(const environment::Project& project,
                                      const environment::Truth& truth, Deadline deadline) {
    BASE_TRY(connect(deadline));
    return run(
        {{"INSERT INTO registry.sweep (project, repository, branches, source) VALUES "
          "($1, $2, $3::integer, $4) ON CONFLICT (project, repository) DO UPDATE SET "
          "branches = excluded.branches, source = excluded.source, at = now()",
          {project.text(), truth.repository, std::to_string(truth.refs.size()), truth.source}}},
        deadline);
}

Result<std::vector<base::Uuid>> LiveServer::gone_among(const std::vector<base::Uuid>& environments,
                                                       Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({"SELECT id FROM registry.environment WHERE state = 'gone' AND "
                                   "retired_as <> 'released' AND id = ANY ($1::uuid[])",
                                   {array_of(environments)}},
                                  deadline));
    std::vector<base::Uuid> gone;
    for (int i = 0; i < rows.size(); ++i) {
        if (const auto id = base::Uuid::parse(rows[i].text("id"))) gone.push_back(*id);
    }
    return gone;
}

Result<std::vector<std::string>> LiveServer::adopt_unknown(const environment::KeyTexts& key_texts,
                                                           const environment::Actor& actor,
                                                           Deadline deadline) {
    BASE_TRY_ASSIGN(const auto adopted, rebuild_registry(login_, key_texts, actor, deadline, log_));
    std::vector<std::string> sentences;
    for (const auto& one : adopted) {
        sentences.push_back(fmt::format("{}: {}", one.database, one.done));
    }
    return sentences;
}

Result<std::vector<environment::Project>> LiveServer::inhabited_projects(Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({"SELECT DISTINCT project FROM registry.environment "
                                   "WHERE state <> 'gone' ORDER BY project"},
                                  deadline));
    std::vector<environment::Project> projects;
    for (int i = 0; i < rows.size(); ++i) {
        auto project = environment::Project::parse(rows[i].text("project"));
        if (project) projects.push_back(*std::move(project));
    }
    return projects;
}

Result<void> LiveServer::refresh_sizes(Deadline deadline) {
    BASE_TRY(connect(deadline));
    return run({{"UPDATE registry.instance i SET size_bytes = pg_database_size(old.oid), "
                 "size_measured_at = now() FROM (SELECT n.id, d.oid FROM registry.instance n "
                 "JOIN pg_database d ON d.oid = n.oid AND d.datconnlimit <> -2 "
                 "WHERE n.state IN ('serving', 'warm', 'trashed', 'frozen') AND "
                 "coalesce(n.size_measured_at < now() - interval '12 hours', true) "
                 "ORDER BY n.size_measured_at NULLS FIRST LIMIT 500) old WHERE old.id = i.id"}},
               deadline);
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
#include "server/supply_sql.h"

#include <fmt/format.h>

#include "server/locks.h"
#include "server/observation_sql.h"
#include "server/proof.h"
#include "server/row_reading.h"

namespace server {

const std::string_view k_source = R"(
WITH source AS MATERIALIZED (
    SELECT w.name, t.instance AS version, v.database, coalesce(v.size_bytes, 0) AS size,
        o.name AS owner
    FROM (SELECT 1 AS rank, $3::text AS name WHERE $3 <> ''
        UNION ALL SELECT 2, i.template FROM registry.environment e
            JOIN registry.instance i ON i.id = e.instance
            WHERE $3 = '' AND e.project = $1 AND e.name = $2 AND e.state <> 'gone'
        UNION ALL SELECT CASE project WHEN '*' THEN 4 ELSE 3 END, value FROM registry.policy
            WHERE $3 = '' AND key = 'template' AND project IN ($1, '*')
        UNION ALL SELECT 5, 'empty' WHERE $3 = '') w
    LEFT JOIN registry.template t ON t.project = $1 AND t.name = w.name AND t.state = 'ready'
    LEFT JOIN registry.instance v ON v.id = t.instance
    LEFT JOIN registry.role o ON o.id = v.role
    WHERE w.name = 'empty' OR t.id IS NOT NULL ORDER BY w.rank LIMIT 1)
SELECT s.*, EXISTS (SELECT FROM registry.instance i WHERE i.state = 'warm'
    AND i.project = $1 AND i.template = s.name AND i.template_version IS NOT DISTINCT FROM s.version)
    AS warm_there
FROM source s)";

namespace {
constexpr std::string_view k_claim = R"(
SELECT k.number, k.fingerprint, k.location, encode(k.bytes, 'hex') AS bytes,
    pg_backend_pid() AS pid, current_user AS acting,
    current_setting('idle_session_timeout') AS lease,
    extract(epoch FROM clock_timestamp())::bigint AS now,
    x.id, x.schema_version, x.oldest_program_allowed, x.current_key, x.file_cloning,
    current_setting('server_version_num')::integer AS server_version,
    false AS is_behind, false AS has_leftovers, false AS has_expired, {} AS is_proven,
    set_config('lock_timeout', '200ms', true) AS patience,
    i.id AS i_id, i.state AS i_state, i.database AS i_database, i.oid AS i_oid,
    i.template AS i_template, i.template_version AS i_version, i.shape AS i_shape,
    r.id AS r_id, r.name AS r_name, r.state AS r_state, r.password_version AS r_version,
    r.key_number AS r_key, r.source AS r_source
FROM registry.installation x,
    (SELECT w.id, w.state, w.database, w.oid, w.template, w.template_version, w.shape, w.role
    FROM registry.instance w
    WHERE w.state = 'warm' AND w.project = $1 AND w.template = coalesce(nullif($3, ''),
            (SELECT p.value FROM registry.policy p WHERE p.project = $1 AND p.key = 'template'),
            (SELECT p.value FROM registry.policy p WHERE p.project = '*' AND p.key = 'template'),
            'empty')
        AND w.template_version IS NOT DISTINCT FROM (SELECT t.instance FROM registry.template t
            WHERE t.project = $1 AND t.name = w.template AND t.state = 'ready')
        AND w.id <> ALL ($4::uuid[])
        AND (SELECT e.id FROM registry.environment e
            WHERE e.project = $1 AND e.name = $2 AND e.state <> 'gone') IS NULL
    ORDER BY w.created_at DESC LIMIT 1 FOR UPDATE SKIP LOCKED) i
JOIN registry.role r ON r.id = i.role
JOIN registry.key k ON k.number = r.key_number AND k.retired_at IS NULL)";
}  // namespace

const std::string& claimable_sql() {
    static const std::string k_sql = fmt::format(fmt::runtime(k_claim), k_is_proven);
    return k_sql;
}

std::optional<environment::CloneSource> read_source(const pg::Rows& rows) {
    if (rows.empty()) return std::nullopt;
    environment::CloneSource source;
    source.name = rows[0].text("name");
    source.version = optional_uuid(rows[0], "version");
    source.database = rows[0].optional_text("database").value_or("");
    source.owner = rows[0].optional_text("owner").value_or("");
    source.size_bytes = rows[0].integer("size");
    return source;
}

environment::WarmFacts read_warm(const pg::Row& row) {
    auto instance = *read_instance(row, 'i');
    instance.template_version = optional_uuid(row, "i_version");
    instance.shape = row.text("i_shape");
    return {std::move(instance), *read_role(row, 'r')};
}

namespace {

constexpr std::string_view k_template_columns = R"(
    t.id AS t_id, t.project AS t_project, t.name AS t_name, t.state AS t_state,
    t.source AS t_source, t.recipe::text AS t_recipe, t.digest AS t_digest,
    t.instance AS t_instance, extract(epoch FROM t.created_at)::bigint AS t_created_at,
    extract(epoch FROM t.refreshed_at)::bigint AS t_refreshed_at)";

// The role of the unfinished build; the environment's columns are empty.
constexpr std::string_view k_one_template = R"(registry.template t
LEFT JOIN registry.environment e ON false
LEFT JOIN registry.instance i ON i.id = t.instance
LEFT JOIN registry.instance n ON n.id = t.next_instance
LEFT JOIN registry.role r ON r.id = n.role
{} WHERE t.project = $1 AND t.name = $2 AND t.state <> 'gone')";

}  // namespace

std::string template_sql() { return observation_sql(k_one_template, k_template_columns); }

environment::TemplateRecord read_template(const pg::Row& row) {
    environment::TemplateRecord record;
    record.id = optional_uuid(row, "t_id").value_or(base::Uuid());
    record.project = row.text("t_project");
    record.name = row.text("t_name");
    record.state = environment::parse_template_state(row.text("t_state"))
                       .value_or(environment::TemplateState::building);
    record.source = row.text("t_source");
    record.recipe = row.text("t_recipe");
    record.digest = row.text("t_digest");
    record.instance = optional_uuid(row, "t_instance");
    record.created_at = time_of(row.integer("t_created_at"));
    if (!row.is_null("t_refreshed_at"))
        record.refreshed_at = time_of(row.integer("t_refreshed_at"));
    return record;
}

const std::string_view k_templates = R"(
SELECT t.id AS t_id, t.project AS t_project, t.name AS t_name, t.state AS t_state,
    t.source AS t_source, t.recipe::text AS t_recipe, t.digest AS t_digest,
    t.instance AS t_instance, extract(epoch FROM t.created_at)::bigint AS t_created_at,
    extract(epoch FROM t.refreshed_at)::bigint AS t_refreshed_at,
    coalesce(v.size_bytes, 0) AS size,
    (SELECT count(*) FROM registry.environment e JOIN registry.instance i ON i.id = e.instance
        WHERE e.state <> 'gone' AND e.project = t.project AND i.template = t.name) AS clones,
    (SELECT count(*) FROM registry.instance i WHERE i.state = 'warm'
        AND i.project = t.project AND i.template = t.name) AS warm
FROM registry.template t LEFT JOIN registry.instance v ON v.id = t.instance
WHERE t.project = $1 AND t.state <> 'gone' ORDER BY t.name)";

const std::string_view k_pool_targets = R"(
SELECT p.template, p.target, p.template = 'empty' OR t.id IS NOT NULL AS there,
    t.instance AS version, v.database, coalesce(v.size_bytes, 0) AS size, o.name AS owner
FROM registry.pool p
LEFT JOIN registry.template t ON t.project = p.project AND t.name = p.template
    AND t.state = 'ready'
LEFT JOIN registry.instance v ON v.id = t.instance
LEFT JOIN registry.role o ON o.id = v.role
WHERE p.project = $1 ORDER BY p.template)";

namespace {

// Abandoned: nobody holds its lock, which the builder takes in the transaction that makes the row.
constexpr std::string_view k_pool_instances = R"(
SELECT i.id AS i_id, i.state AS i_state, i.database AS i_database, i.oid AS i_oid,
    i.template AS i_template, i.template_version AS i_version, i.shape AS i_shape,
    r.id AS r_id, r.name AS r_name, r.state AS r_state, r.password_version AS r_version,
    r.key_number AS r_key, r.source AS r_source,
    i.state = 'building' OR (d.oid = i.oid AND NOT d.datallowconn AND d.datconnlimit = -1
        AND l.rolcanlogin AND starts_with(shobj_description(d.oid, 'pg_database'),
            format('reviewdb/1 %s %s ', $2::text, i.id))) IS TRUE AS sound,
    i.state = 'building' AND {} AS abandoned
FROM registry.instance i
JOIN registry.role r ON r.id = i.role
LEFT JOIN pg_database d ON d.datname = i.database
LEFT JOIN pg_roles l ON l.rolname = r.name
WHERE i.project = $1 AND (i.state = 'warm' OR (i.state = 'building' AND i.purpose = 'pool'))
ORDER BY i.created_at)";

}  // namespace

std::string pool_instances_sql() { return fmt::format(k_pool_instances, nobody_works_on_i()); }

const std::string_view k_headroom = R"(
SELECT (SELECT count(*) FROM pg_stat_activity
        WHERE backend_type IS NULL OR backend_type = 'client backend') AS connections,
    current_setting('max_connections')::integer
        - current_setting('superuser_reserved_connections')::integer
        - coalesce(current_setting('reserved_connections', true), '0')::integer AS usable,
    (SELECT coalesce(sum(size_bytes), 0)::bigint FROM registry.instance WHERE state <> 'gone')
        AS bytes)";

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
#include "server/rebuild.h"

#include <fmt/format.h>

#include "environment/name.h"
#include "environment/policy.h"
#include "environment/stamp.h"
#include "server/observation_sql.h"
#include "server/registration.h"
#include "server/row_reading.h"
#include "server/session.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;
using environment::DatabaseStamp;
using Statements = std::vector<pg::Statement>;

constexpr std::string_view k_stamped = R"(
SELECT d.oid, d.datname, shobj_description(d.oid, 'pg_database') AS comment,
    i.id AS known, i.database AS recorded, r.id AS role_known, r.password_version AS version
FROM pg_database d JOIN pg_roles m ON m.oid = d.datdba AND m.rolname = current_user
LEFT JOIN registry.instance i ON i.oid = d.oid AND i.state <> 'gone'
LEFT JOIN registry.role r ON r.id = i.role AND r.state <> 'gone'
WHERE starts_with(shobj_description(d.oid, 'pg_database'), $1) AND d.datconnlimit <> -2
ORDER BY d.datname)";

// How long what has no name any more is kept for whoever misses it.
constexpr std::string_view k_kept = "now() + interval '7 days'";

class Rebuilder {
   public:
    Rebuilder(pg::Connection& session, const environment::KeyTexts& key_texts,
              const environment::Actor& actor, Deadline deadline)
        : session_(session), key_texts_(key_texts), actor_(actor), deadline_(deadline) {}

    Result<std::vector<Adoption>> run();

   private:
    Result<void> look_at(const pg::Row& row);
    Result<void> correct(const pg::Row& row, const DatabaseStamp& stamp);
    Result<void> adopt(const pg::Row& row, const DatabaseStamp& stamp);
    Result<bool> is_taken(const std::string& project, const std::string& name);
    Result<std::optional<std::pair<int, std::string>>> read_name(const DatabaseStamp& stamp) const;
    Result<std::optional<std::pair<int, std::string>>> name_by_database(
        const environment::Project& project, const std::string& database);
    Result<void> carry_out(Statements statements, const std::string& database, std::string done);

    pg::Connection& session_;
    const environment::KeyTexts& key_texts_;
    const environment::Actor& actor_;
    Deadline deadline_;
    environment::Installation installation_;
    std::vector<Adoption> done_;
};

Result<void> Rebuilder::carry_out(Statements statements, const std::string& database,
                                  std::string done) {
    statements.push_back(
        {history_sql("registry rebuilt", fmt::format("{}: {}", database, done), actor_)});
    BASE_TRY(session_.run_all(statements, deadline_));
    done_.push_back({database, std::move(done)});
    return {};
}

// The number of the key that can read the stamp's name, and the name.
Result<std::optional<std::pair<int, std::string>>> Rebuilder::read_name(
    const DatabaseStamp& stamp) const {
    using Found = std::optional<std::pair<int, std::string>>;
    if (stamp.sealed_name.empty()) return Found();
    for (const auto& record : installation_.keys) {
        BASE_TRY_ASSIGN(const auto key,
                        environment::find_key(installation_, record.number, key_texts_));
        if (auto name = key.open(stamp.instance, stamp.sealed_name)) {
            return Found({record.number, *std::move(name)});
        }
    }
    return Found();
}

// The name that only this database can have, where the stamp cannot be read because its key is
// gone: one that is its own slug. The password is then derived from the current key, and the next
// create or repair sets it.
Result<std::optional<std::pair<int, std::string>>> Rebuilder::name_by_database(
    const environment::Project& project, const std::string& database) {
    using Found = std::optional<std::pair<int, std::string>>;
    BASE_TRY_ASSIGN(const auto rows,
                    session_.run({std::string(k_policy), {project.text()}}, deadline_));
    const auto policy = environment::Policy::from_rows(project, read_policy(rows));
    const auto pattern = policy.database_pattern();
    for (std::size_t from = 0; from < database.size(); ++from) {
        for (auto length = database.size() - from; length > 0; --length) {
            const auto slug = database.substr(from, length);
            const auto name = environment::Name::parse(slug);
            if (slug.find("__") != std::string::npos || !name) continue;
            const auto made = pattern.apply(project, *name, environment::k_longest_catalog_name);
            if (made == database) return Found({installation_.current_key, slug});
        }
    }
    return Found();
}

Result<bool> Rebuilder::is_taken(const std::string& project, const std::string& name) {
    BASE_TRY_ASSIGN(const auto rows,
                    session_.run({"SELECT FROM registry.environment WHERE project = $1 "
                                  "AND name = $2 AND state <> 'gone'",
                                  {project, name}},
                                 deadline_));
    return !rows.empty();
}

Result<void> Rebuilder::correct(const pg::Row& row, const DatabaseStamp& stamp) {
    Statements statements;
    const auto database = row.text("datname");
    if (row.text("recorded") != database) {
        statements.push_back({"UPDATE registry.instance SET database = $2 WHERE id = $1::uuid",
                              {row.text("known"), database}});
    }
    const bool newer = row.optional_text("role_known") == stamp.role.to_string() &&
                       row.integer("version") < stamp.password_version;
    if (newer) {
        statements.push_back(
            {"UPDATE registry.role SET password_version = $2::integer WHERE id = $1::uuid",
             {stamp.role.to_string(), std::to_string(stamp.password_version)}});
    }
    if (statements.empty()) return {};
    return carry_out(std::move(statements), database,
                     newer ? "its stamp has a newer password version" : "it has another name now");
}

Result<void> Rebuilder::adopt(const pg::Row& row, const DatabaseStamp& stamp) {
    const auto database = row.text("datname");
    const auto project = environment::Project::parse(stamp.project);
    BASE_TRY_ASSIGN(auto found, read_name(stamp));
    if (!found && project && !stamp.sealed_name.empty()) {
        BASE_TRY_ASSIGN(found, name_by_database(*project, database));
    }
    bool serves = found && project && !database.starts_with("reviewdb_x_");
    if (serves) {
        BASE_TRY_ASSIGN(const bool taken, is_taken(stamp.project, found->second));
        serves = !taken;
    }
    const auto role = project ? environment::role_name(*project, stamp.role) : std::string();
    Statements statements{
        {"INSERT INTO registry.role (id, name, state, password_version, key_number) VALUES "
         "($1::uuid, $2, 'serving', $3::integer, $4::integer) ON CONFLICT (id) DO UPDATE SET "
         "state = 'serving', password_version = greatest(registry.role.password_version, "
         "excluded.password_version)",
         {stamp.role.to_string(), role, std::to_string(stamp.password_version),
          std::to_string(found ? found->first : installation_.current_key)}},
        {fmt::format("INSERT INTO registry.instance (id, project, state, database, oid, template, "
                     "role, keep_until, let_go_at) VALUES ($1::uuid, $2, $3, $4, $5::oid, "
                     "'unknown', $6::uuid, CASE WHEN $3 = 'trashed' THEN {} END, now()) "
                     "ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
                     "database = excluded.database, oid = excluded.oid, "
                     "keep_until = excluded.keep_until",
                     k_kept),
         {stamp.instance.to_string(), stamp.project, serves ? "serving" : "trashed", database,
          row.text("oid"), stamp.role.to_string()}}};
    if (!serves) {
        return carry_out(std::move(statements), database, "adopted into the trash, for a week");
    }
    statements.push_back(
        {"INSERT INTO registry.environment (id, project, name, state, protected, instance, role, "
         "epoch, expires_at) VALUES (gen_random_uuid(), $1, $2, 'ready', $3::boolean, $4::uuid, "
         "$5::uuid, 1, now() + interval '30 days')",
         {stamp.project, found->second, stamp.shielded ? "t" : "f", stamp.instance.to_string(),
          stamp.role.to_string()}});
    return carry_out(std::move(statements), database,
                     fmt::format("adopted as '{}' of project {}", found->second, stamp.project));
}

Result<void> Rebuilder::look_at(const pg::Row& row) {
    const auto stamp = DatabaseStamp::parse(row.text("comment"));
    if (!stamp) return {};
    return row.is_null("known") ? adopt(row, *stamp) : correct(row, *stamp);
}

Result<std::vector<Adoption>> Rebuilder::run() {
    BASE_TRY_ASSIGN(
        const auto answers,
        session_.run_all({{installation_sql()}, {std::string(k_living_keys)}}, deadline_));
    installation_ = read_installation(answers[0][0], answers[1]);
    BASE_TRY_ASSIGN(const auto stamped,
                    session_.run({std::string(k_stamped),
                                  {fmt::format("reviewdb/1 {} ", installation_.id.to_string())}},
                                 deadline_));
    for (int i = 0; i < stamped.size(); ++i) BASE_TRY(look_at(stamped[i]));
    // The mark says so, too: it may be gone, or another installation's.
    BASE_TRY(session_.run_all({{"UPDATE registry.installation SET writes = "
                                "greatest(writes, registry.counted_writes())"},
                               {"SELECT registry.count_write()"}},
                              deadline_));
    return std::move(done_);
}

}  // namespace

Result<std::vector<Adoption>> rebuild_registry(const pg::ConnectionInfo& login,
                                               const environment::KeyTexts& key_texts,
                                               const environment::Actor& actor, Deadline deadline,
                                               base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_for_daily_work(login, "reviewdb/repair", deadline, log));
    BASE_TRY(lock_preparation(session, deadline));
    return Rebuilder(session, key_texts, actor, deadline).run();
}

}  // namespace server

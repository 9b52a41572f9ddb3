// SPDX-License-Identifier: Apache-2.0
#include "server/refusals.h"

#include <fmt/format.h>

#include "server/session.h"

namespace server {

namespace {

using base::Result;
using environment::EnvironmentState;
using Findings = std::vector<Finding>;

constexpr std::string_view k_limits = R"(
SELECT r.rolcanlogin, d.datallowconn,
    CASE WHEN r.rolconnlimit < 0 THEN d.datconnlimit
        WHEN d.datconnlimit < 0 THEN r.rolconnlimit
        ELSE least(r.rolconnlimit, d.datconnlimit) END AS most,
    (SELECT count(*) FROM pg_stat_activity a WHERE a.usename = r.rolname) AS used,
    coalesce((SELECT string_agg(DISTINCT c, ', ')
        FROM pg_db_role_setting s, unnest(s.setconfig) c
        WHERE (s.setdatabase = d.oid OR s.setrole = r.oid) AND c ~ 'timeout='), '') AS timeouts,
    coalesce((SELECT string_agg(DISTINCT v.name::text, ' ' ORDER BY v.name::text)
        FROM pg_available_extension_versions v WHERE v.trusted), '') AS trusted
FROM pg_roles r, pg_database d WHERE r.rolname = $1 AND d.datname = $2)";

void add(Findings& all, Grade grade, std::string subject, std::string found, std::string hint) {
    all.push_back({grade, std::move(subject), std::move(found), std::move(hint), false});
}

void judge_state(Findings& all, const environment::EnvironmentRecord& environment,
                 const std::string& name) {
    const std::string state(to_text(environment.state));
    switch (environment.state) {
        case EnvironmentState::ready:
            return add(all, Grade::ok, "state", state, "");
        case EnvironmentState::closed:
            return add(all, Grade::warning, "state", "closed: every login is refused",
                       "reviewdb open " + name);
        case EnvironmentState::retiring:
            return add(all, Grade::warning, "state", "it is being removed",
                       "finish it: reviewdb delete " + name);
        default:
            return add(all, Grade::warning, "state", state + ": a create was not finished",
                       "finish it: reviewdb create " + name);
    }
}

void judge_login(Findings& all, const pg::Row& row, const environment::Description& of,
                 const std::string& name) {
    const bool open = row.boolean("rolcanlogin") && row.boolean("datallowconn");
    const bool wanted = of.environment.state == EnvironmentState::ready;
    if (open || !wanted) {
        add(all, Grade::ok, "login",
            fmt::format("{} can {}log in to {}, and to no other environment", of.role,
                        open ? "" : "not ", of.database),
            "");
    } else {
        add(all, Grade::failure, "login", of.role + " cannot log in", "reviewdb repair " + name);
    }
    const auto most = row.integer("most");
    const auto used = row.integer("used");
    const auto found = most < 0 ? fmt::format("{} in use, without a limit of its own", used)
                                : fmt::format("{} of {} in use", used, most);
    const bool full = most >= 0 && used >= most;
    add(all, full ? Grade::warning : Grade::ok, "connections",
        full ? found + ": the next one is refused (SQLSTATE 53300)" : found,
        full
            ? "close idle ones in the application's pool; the limit is the policy: reviewdb config "
              "get connection_limit"
            : "");
    add(all, Grade::ok, "timeouts",
        row.text("timeouts").empty() ? "none" : std::string(row.text("timeouts")), "");
}

}  // namespace

Result<Findings> explain_refusals(const pg::ConnectionInfo& login,
                                  const environment::Description& description,
                                  base::Deadline deadline, base::Log& log) {
    Findings all;
    const auto name = "'" + description.environment.name + "'";
    judge_state(all, description.environment, name);
    BASE_TRY_ASSIGN(auto session, open_session(login, k_control_database, Acting::as_manager,
                                               "reviewdb/doctor", deadline, log));
    BASE_TRY_ASSIGN(
        const auto rows,
        session.run({std::string(k_limits), {description.role, description.database}}, deadline));
    if (rows.empty()) {
        add(all, Grade::failure, "login", "its role or its database is not on the server",
            "reviewdb repair " + name);
        return all;
    }
    judge_login(all, rows[0], description, name);
    add(all, Grade::ok, "databases", "it cannot create, rename or drop a database (SQLSTATE 42501)",
        "tools that make a shadow or test database need one more environment: see "
        "docs/guide/tools.md");
    add(all, Grade::ok, "roles", "it cannot create a role, or SET one (SQLSTATE 42501)",
        "leave roles out of a dump: pg_dump --no-owner --no-privileges");
    add(all, Grade::ok, "extensions",
        fmt::format("it can create: {}", std::string(rows[0].text("trusted"))),
        "any other needs a superuser, once, in the template");
    return all;
}

}  // namespace server

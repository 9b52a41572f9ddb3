// SPDX-License-Identifier: Apache-2.0
#include "server/uninstall.h"

#include <fmt/format.h>

#include "pg/quoting.h"
#include "server/close_database.h"
#include "server/holders.h"
#include "server/prepare.h"
#include "server/registry_objects.h"
#include "server/session.h"
#include "server/survey.h"
#include "server/uninstall_parts.h"

namespace server {

using base::Deadline;
using base::Result;
using namespace uninstalling;  // NOLINT(google-build-using-namespace): how it gets there

namespace {
// For what an operator can do as well, with an operator's login.
Result<pg::Connection> open_as_manager(const pg::ConnectionInfo& login, Deadline deadline,
                                       base::Log& log) {
    return open_for_daily_work(login, "reviewdb/uninstall", deadline, log);
}
}  // namespace

Result<Standing> what_stands(const pg::ConnectionInfo& administrator, Deadline deadline,
                             base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_outside(administrator, deadline, log));
    BASE_TRY_ASSIGN(const auto seen, survey(session, deadline));
    Standing standing;
    const auto note = [&](const Survey::Thing& thing, std::string_view kind,
                          std::string_view name) {
        if (thing.exists && thing.ours) standing.things.push_back(fmt::format("{} {}", kind, name));
    };
    note(seen.control, "database", k_control_database);
    note(seen.empty_template, "database", k_empty_template);
    note(seen.operator_login, "role", k_operator);
    note(seen.manager, "role", k_manager);
    note(seen.registry_owner, "role", k_registry_owner);
    standing.anything = !standing.things.empty();
    BASE_TRY_ASSIGN(const auto control, look_at_control(session, deadline));
    if (!seen.control.exists || !seen.control.ours || !control.open) return standing;
    BASE_TRY(check_upgraded(seen));
    BASE_TRY_ASSIGN(auto inside, open_session(administrator, k_control_database, Acting::as_itself,
                                              "reviewdb/uninstall", deadline, log));
    BASE_TRY_ASSIGN(const auto schema, look_at_schema(inside, deadline));
    standing.registry = schema.exists;
    return standing;
}

Result<void> let_go_of_supplies(const pg::ConnectionInfo& login, Deadline deadline,
                                base::Log& log) {
    BASE_TRY_ASSIGN(auto control, open_as_manager(login, deadline, log));
    BASE_TRY(control.run_all({{"SELECT registry.count_write()"},
                              {"DELETE FROM registry.pool"},
                              {"UPDATE registry.template SET state = 'gone', instance = NULL, "
                               "next_instance = NULL WHERE state <> 'gone'"},
                              {"UPDATE registry.instance SET state = 'dropping', let_go_at = now() "
                               "WHERE state IN ('warm', 'frozen', 'trashed')"}},
                             deadline));
    return {};
}

Result<Remains> what_remains(const pg::ConnectionInfo& login, Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto control, open_as_manager(login, deadline, log));
    BASE_TRY_ASSIGN(
        const auto answers,
        control.run_all(
            {{"SELECT i.database, i.state, d.oid IS NOT NULL AS there, "
              "quote_ident(i.database) AS quoted FROM registry.instance i "
              "LEFT JOIN pg_database d ON d.datname = i.database "
              "AND pg_get_userbyid(d.datdba) = current_user "
              "WHERE i.state <> 'gone' ORDER BY i.database"},
             {"SELECT r.name, quote_ident(r.name) AS quoted, string_agg(DISTINCT "
              "coalesce('the database ' || d.datname, 'the server'), ', ') AS places "
              "FROM registry.role r JOIN pg_roles l ON l.rolname = r.name "
              "AND shobj_description(l.oid, 'pg_authid') LIKE 'reviewdb/1 %' "
              "LEFT JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass "
              "AND s.refobjid = l.oid LEFT JOIN pg_database d ON d.oid = s.dbid "
              "WHERE r.state = 'pinned' AND NOT EXISTS (SELECT FROM registry.instance i "
              "WHERE i.role = r.id AND i.state <> 'gone') GROUP BY r.name ORDER BY r.name"},
             {"SELECT location FROM registry.key WHERE location <> 'registry' "
              "AND retired_at IS NULL ORDER BY number"}},
            deadline));
    Remains remains;
    remains.unfinished = answers[0].size();
    for (int i = 0; i < answers[0].size(); ++i) {
        const auto row = answers[0][i];
        if (!row.boolean("there")) continue;
        BASE_TRY_ASSIGN(const auto held,
                        control.run(holders_of(row.text("database"), ""), deadline));
        const auto holders = holders_in(held);
        remains.databases.push_back(
            {"the database " + row.text("database"),
             holders.any ? "held by " + holders.who : "somebody works on it, or will again",
             fmt::format("{}{}DROP DATABASE {}", holders.remedies, holders.any ? "; " : "",
                         row.text("quoted"))});
    }
    for (int i = 0; i < answers[1].size(); ++i) {
        const auto row = answers[1][i];
        remains.roles.push_back(
            {"the role " + row.text("name") + ", which cannot log in",
             "named by grants in " + row.optional_text("places").value_or("no database"),
             fmt::format("there DROP OWNED BY {0}; then DROP ROLE {0}", row.text("quoted"))});
    }
    remains.keys.reserve(static_cast<std::size_t>(answers[2].size()));
    for (int i = 0; i < answers[2].size(); ++i) {
        remains.keys.push_back(answers[2][i].text("location"));
    }
    return remains;
}

Result<std::vector<std::string>> reopen_all(const pg::ConnectionInfo& administrator,
                                            const environment::Actor& actor,
                                            std::vector<Left>& left, Deadline deadline,
                                            base::Log& log) {
    BASE_TRY_ASSIGN(const auto closed, closed_databases(administrator, deadline, log));
    std::vector<std::string> done;
    for (const auto& name : closed) {
        auto opened = reopen_database(administrator, name, actor, deadline, log);
        if (opened) {
            done.push_back(*std::move(opened));
        } else {
            left.push_back(
                {fmt::format("the database {}, which reviewdb closed to PUBLIC", name),
                 opened.error().message,
                 fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", pg::identifier(name))});
        }
    }
    return done;
}

}  // namespace server

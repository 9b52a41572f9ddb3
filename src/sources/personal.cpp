// SPDX-License-Identifier: Apache-2.0
#include "sources/personal.h"

#include <fmt/format.h>

#include "base/words.h"
#include "pg/connection.h"
#include "sources/session.h"

namespace sources {

namespace {

// Whether there are rows is judged by the size, not by statistics, which may be missing and which a
// dump of Postgres 18 brings along. A partitioned table has no size: its own estimate is 0 only
// after ANALYZE has seen that it is empty.

// With the columns of a table in their order. A partition is told by its parent.
constexpr const char* k_tables =
    "SELECT n.nspname AS schema, c.relname AS name, pg_catalog.string_agg(a.attname::text, ', ' "
    "ORDER BY a.attnum) AS columns, pg_catalog.count(*) OVER () AS all_tables "
    "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND a.attnum > 0 AND "
    "CASE c.relkind WHEN 'p' THEN c.reltuples <> 0 ELSE pg_catalog.pg_relation_size(c.oid) > 0 END "
    "AND NOT a.attisdropped AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
    "AND pg_catalog.lower(a.attname::text) ~ "
    "'e_?mail|phone|mobile|iban|birth|^dob$|address|street|(^|_)ssn($|_)|passw|passport|"
    "first_?name|last_?name|surname|credit_?card' "
    "GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname LIMIT 10";

constexpr const char* k_has_rows =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
    "c.relnamespace WHERE c.relkind IN ('r', 'm') AND pg_catalog.pg_relation_size(c.oid) > 0 AND "
    "n.nspname !~ '^pg_' AND "
    "n.nspname <> 'information_schema') AS has_rows";

}  // namespace

base::Result<PersonalData> find_personal_data(const pg::ConnectionInfo& login,
                                              base::Deadline deadline) {
    // Operators that the source has made are not asked.
    BASE_TRY_ASSIGN(auto session,
                    pg::Connection::open(session_of(login, "-c search_path=pg_catalog"), deadline));
    BASE_TRY_ASSIGN(const auto rows, session.run({k_tables}, deadline));
    BASE_TRY_ASSIGN(const auto any, session.run({k_has_rows}, deadline));
    PersonalData found;
    for (int i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        found.count = static_cast<std::uint64_t>(row.integer("all_tables"));
        constexpr std::size_t k_most = 200;
        found.tables.push_back(base::harmless(base::beginning_of(
            fmt::format("{}.{} ({})", row.text("schema"), row.text("name"), row.text("columns")),
            k_most)));
    }
    found.has_rows = any[0].boolean("has_rows");
    std::move(session).close_and_wait(deadline);
    return found;
}

std::string to_text(const PersonalData& found) {
    if (found.count == 0) return "no table looks as if it held personal data";
    auto text = fmt::format("{} as if {} held personal data: {}",
                            found.count == 1 ? std::string("1 table looks")
                                             : fmt::format("{} tables look", found.count),
                            found.count == 1 ? "it" : "they", fmt::join(found.tables, "; "));
    if (found.count > found.tables.size()) {
        text += fmt::format("; and {} more", found.count - found.tables.size());
    }
    return text;
}

}  // namespace sources

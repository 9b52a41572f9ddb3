// SPDX-License-Identifier: Apache-2.0
#include "copies.h"

#include <fmt/format.h>

#include <chrono>

#include "base/log.h"
#include "server/session.h"
#include "support/must.h"
#include "support/sql.h"

namespace bench {

using support::must;

base::Deadline patience() { return base::Deadline::after(std::chrono::minutes(5)); }

double milliseconds_of(const std::function<void()>& deed) {
    const auto begin = std::chrono::steady_clock::now();
    deed();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

pg::Connection manager_on(const Stand& stand, const std::string& database) {
    base::Log log(base::LogLevel::warning, base::LogFormat::text);
    return must(server::open_session(stand.login(), database, server::Acting::as_manager,
                                     "reviewdb/bench", patience(), log));
}

std::vector<int> majors_here() {
    std::vector<int> majors{k_usual_major};
    constexpr int k_newest = 18;
    if (!support::reason_without_postgres(k_newest)) majors.push_back(k_newest);
    return majors;
}

namespace {

void run_each(pg::Connection& session, const std::vector<std::string>& statements) {
    for (const auto& sql : statements) must(session.run({sql}, patience()));
}

// Made, filled by a superuser, and closed.
void make_template(const Stand& stand, const std::string& name, const std::string& tablespace,
                   const std::vector<std::string>& contents) {
    auto root = support::connect(stand.superuser("postgres"));
    run_each(root, {fmt::format("CREATE DATABASE {} TEMPLATE template0 OWNER reviewdb_manager {}",
                                name, tablespace.empty() ? "" : "TABLESPACE " + tablespace)});
    auto inside = support::connect(stand.superuser(name));
    run_each(inside, contents);
    std::move(inside).close_and_wait(patience());
    run_each(root, {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)});
}

}  // namespace

void make_template_of_size(const Stand& stand, const std::string& name, int megabytes,
                           const std::string& tablespace) {
    constexpr int k_rows_in_a_megabyte = 1024;
    make_template(stand, name, tablespace,
                  {fmt::format("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 30) AS x FROM "
                               "generate_series(1, {}) i",
                               megabytes * k_rows_in_a_megabyte),
                   "VACUUM FREEZE t"});
}

void make_template_of_tables(const Stand& stand, const std::string& name, const std::string& owner,
                             int count) {
    auto manager = manager_on(stand);
    run_each(manager, {fmt::format("CREATE ROLE {} NOLOGIN", owner)});
    make_template(
        stand, name, "",
        {fmt::format("ALTER SCHEMA public OWNER TO {}", owner), fmt::format("SET ROLE {}", owner),
         // In parts, so that the locks of one transaction fit.
         "SET client_min_messages = warning",
         fmt::format("DO $$ BEGIN FOR i IN 1..{} LOOP EXECUTE format('CREATE TABLE t%s (id serial "
                     "PRIMARY KEY, x text)', i); IF i % 200 = 0 THEN COMMIT; END IF; END LOOP; "
                     "END $$",
                     count),
         "RESET ROLE", "VACUUM"});
}

void make_copy(const Stand& stand, const std::string& original, const std::string& name) {
    auto manager = manager_on(stand);
    run_each(manager,
             {fmt::format("CREATE ROLE {} LOGIN", name),
              fmt::format("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, original),
              fmt::format("GRANT CREATE, CONNECT ON DATABASE {0} TO {0}", name),
              fmt::format("GRANT CONNECT ON DATABASE {} TO SESSION_USER", name)});
}

void drop_copy(const Stand& stand, const std::string& name) {
    auto manager = manager_on(stand);
    run_each(manager, {fmt::format("DROP DATABASE {}", name), fmt::format("DROP ROLE {}", name)});
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include "support/former_registry.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "environment/credential.h"
#include "pg/quoting.h"
#include "server/migrations.h"
#include "server/registration.h"
#include "support/must.h"
#include "support/soon.h"
#include "support/sql.h"

namespace support {

namespace {

void run(const pg::ConnectionInfo& login, const std::vector<std::string>& statements) {
    auto session = connect(login);
    for (const auto& one : statements) must(session.run({one}, soon()));
}

// As far as the program reads them.
std::vector<std::string> first_rows(const Cluster& cluster) {
    const auto key = environment::Key::random(1);
    std::vector<std::string> rows{
        "INSERT INTO registry.installation (schema_version, oldest_program_allowed, operator) "
        "VALUES (1, 1, 'reviewdb_operator')",
        fmt::format("INSERT INTO registry.key (number, fingerprint, location, bytes) VALUES (1, "
                    "'{}', 'registry', decode('{}', 'hex'))",
                    key.fingerprint(), base::to_hex(key.bytes().reveal()))};
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"host", "127.0.0.1"},
                                            {"port", std::to_string(cluster.port())},
                                            {"sslmode", "disable"},
                                            {"connection_limit", "10"}}) {
        rows.push_back(fmt::format(
            "INSERT INTO registry.policy (project, key, value, set_by) VALUES ('*', '{}', '{}', "
            "'tester')",
            name, value));
    }
    rows.emplace_back(
        "DO $do$ BEGIN EXECUTE (SELECT format('COMMENT ON DATABASE reviewdb IS %L', 'reviewdb/1 "
        "control ' || id || ' 0') FROM registry.installation); END $do$");
    return rows;
}

}  // namespace

pg::ConnectionInfo prepare_as_before(const Cluster& cluster,
                                     const pg::ConnectionInfo& administrator) {
    const auto* options = cluster.major() >= 16 ? " WITH INHERIT FALSE, SET TRUE" : "";
    run(administrator,
        {"CREATE ROLE reviewdb_manager NOLOGIN CREATEDB CREATEROLE INHERIT",
         "COMMENT ON ROLE reviewdb_manager IS 'reviewdb/1 manager'",
         "CREATE ROLE reviewdb_operator LOGIN NOINHERIT PASSWORD 'chosen'",
         "COMMENT ON ROLE reviewdb_operator IS 'reviewdb/1 operator'",
         fmt::format("GRANT reviewdb_manager TO reviewdb_operator{}", options),
         fmt::format("GRANT reviewdb_manager TO CURRENT_USER{}", options),
         "SET ROLE reviewdb_manager",
         "CREATE DATABASE reviewdb TEMPLATE template0 ALLOW_CONNECTIONS false",
         "REVOKE ALL ON DATABASE reviewdb FROM PUBLIC",
         "GRANT CONNECT ON DATABASE reviewdb TO reviewdb_operator",
         fmt::format("GRANT CONNECT ON DATABASE reviewdb TO {}",
                     pg::identifier(administrator.get("user"))),
         "ALTER DATABASE reviewdb ALLOW_CONNECTIONS true",
         "CREATE DATABASE reviewdb_template_0 TEMPLATE template0 ALLOW_CONNECTIONS false "
         "IS_TEMPLATE true",
         "REVOKE ALL ON DATABASE reviewdb_template_0 FROM PUBLIC",
         "COMMENT ON DATABASE reviewdb_template_0 IS 'reviewdb/1 template'"});
    const auto login = cluster.login("reviewdb_operator", base::Secret("chosen"), "reviewdb");
    std::vector<std::string> statements{"SET ROLE reviewdb_manager", "SET search_path = pg_catalog",
                                        server::migration_statement(server::migrations()[0].sql)};
    for (const auto& one : first_rows(cluster)) statements.push_back(one);
    run(administrator.with("dbname", "reviewdb"), statements);
    return login;
}

}  // namespace support

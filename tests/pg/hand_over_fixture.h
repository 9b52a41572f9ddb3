// SPDX-License-Identifier: Apache-2.0
//
// Databases that are copied and handed over: made by the manager, filled by a role's own login, and
// looked at as a superuser.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "pg/quoting.h"
#include "server/hand_over.h"
#include "server/session.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"

class HandOverTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        make_role(from_);
        make_role(to_);
        make_role(reader_);
    }

    // The server that all of this is on.
    virtual const support::Cluster& cluster() const { return support::shared_cluster(); }
    virtual const pg::ConnectionInfo& login() const { return support::prepared_operator(); }

    pg::ConnectionInfo root(const std::string& database = "postgres") const {
        return cluster().superuser(database);
    }
    pg::ConnectionInfo login_of(const std::string& role, const std::string& database) const {
        return cluster().login(role, base::Secret("the password of a test"), database);
    }
    pg::Connection manager(const std::string& database) const {
        base::Log log{base::LogLevel::warning, base::LogFormat::text};
        return support::must(server::open_session(login(), database, server::Acting::as_manager,
                                                  "reviewdb/test", support::soon(), log));
    }
    void as_manager(const std::string& database, const std::vector<std::string>& statements) const {
        auto session = manager(database);
        for (const auto& sql : statements) support::must(session.run({sql}, support::soon()));
    }

    void make_role(const std::string& role, const std::string& attributes = "LOGIN") const {
        as_manager("reviewdb", {fmt::format("CREATE ROLE {} {} PASSWORD 'the password of a test'",
                                            pg::identifier(role), attributes)});
    }
    // A copy of `original` as reviewdb secures one, with the manager's way in.
    void make_database(const std::string& name, const std::string& original,
                       const std::string& role) const {
        as_manager("reviewdb", {fmt::format("CREATE DATABASE {} TEMPLATE {}", name, original),
                                fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", name),
                                fmt::format("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}",
                                            name, pg::identifier(role)),
                                fmt::format("GRANT CONNECT ON DATABASE {} TO SESSION_USER", name)});
    }
    // An environment of `from`, filled by its login with these.
    void make_original(const std::vector<std::string>& statements) const {
        make_database(original_, "reviewdb_template_0", from_);
        support::execute(root(original_),
                         fmt::format("ALTER SCHEMA public OWNER TO {}", pg::identifier(from_)));
        run_as(from_, original_, statements);
    }
    void run_as(const std::string& role, const std::string& database,
                const std::vector<std::string>& statements) const {
        auto session = support::connect(login_of(role, database));
        for (const auto& sql : statements) {
            const auto rows = session.run({filled(sql)}, support::soon());
            ASSERT_TRUE(rows) << sql << ": " << rows.error().message;
        }
    }
    std::string filled(std::string sql) const {
        for (const auto& [word, role] :
             {std::pair{"{me}", from_}, std::pair{"{reader}", reader_}}) {
            for (auto at = sql.find(word); at != std::string::npos; at = sql.find(word, at)) {
                sql.replace(at, std::string_view(word).size(), pg::identifier(role));
            }
        }
        return sql;
    }
    static std::vector<std::string> statements_of(const std::string& file) {
        const auto folder = std::filesystem::path(REVIEWDB_APPLICATION_SQL).parent_path();
        auto rest = support::must(base::read_file(folder / file)).value();
        std::vector<std::string> statements;
        for (auto end = rest.find("\n\n"); end != std::string::npos; end = rest.find("\n\n")) {
            statements.push_back(rest.substr(0, end));
            rest.erase(0, end + 2);
        }
        statements.push_back(rest);
        return statements;
    }
    // Creates tables t1 to t<count>. Each takes five locks: the table, its index, its TOAST table
    // with an index, and its sequence. A commit after each hundred keeps within the lock table.
    static std::string tables(int count) {
        return fmt::format(
            "DO $$ BEGIN FOR i IN 1..{} LOOP EXECUTE format('CREATE TABLE %I (id serial PRIMARY "
            "KEY, x text)', 't' || i); IF i % 100 = 0 THEN COMMIT; END IF; END LOOP; END $$",
            count);
    }
    void fill_with_everything() const {
        make_original({"DROP SCHEMA public CASCADE", "CREATE SCHEMA public"});
        run_as(from_, original_, statements_of("application.sql"));
        run_as(from_, original_, statements_of("hand_over.sql"));
    }

    base::Result<void> hand_over(const std::string& database) const {
        auto inside = manager(database);
        return server::hand_over(inside, from_, to_, support::soon());
    }
    std::vector<std::string> not_owned(const std::string& database, const std::string& role) const {
        auto inside = support::connect(login_of(role, database));
        return support::must(server::not_owned_by(inside, role, support::soon()));
    }
    std::vector<std::string> others_named(const std::string& database,
                                          const std::string& role) const {
        auto inside = support::connect(login_of(role, database));
        return support::must(server::roles_named_besides(inside, role, support::soon()));
    }
    std::string seen(const std::string& database, const std::string& expression) const {
        return support::ask(root(database),
                            "SELECT coalesce((" + expression + ")::text, '') AS value");
    }
    // How many memberships of these roles there are, but those that CREATE ROLE gives its caller.
    std::string memberships() const {
        return seen("postgres", fmt::format("SELECT count(*) FROM pg_auth_members WHERE {1} = ANY "
                                            "(ARRAY[roleid, member]) AND grantor <> 10 OR {0} = "
                                            "ANY (ARRAY[roleid, member]) AND grantor <> 10",
                                            oid_of(from_), oid_of(to_)));
    }
    static std::string oid_of(const std::string& role) {
        return fmt::format("(SELECT oid FROM pg_roles WHERE rolname = {})", pg::literal(role));
    }

    std::string from_ = support::unique_name("from");
    std::string to_ = support::unique_name("to");
    std::string reader_ = support::unique_name("reader");
    std::string original_ = support::unique_name("original");
    std::string copy_ = support::unique_name("copy");
};

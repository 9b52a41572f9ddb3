// SPDX-License-Identifier: Apache-2.0
//
// What survives a process, without a Postgres: the registry, the server's catalog, the secret store
// and the server's clock, as values. Copying it copies a whole server. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "environment/facts.h"

namespace support {

inline constexpr const char* k_fake_manager = "reviewdb_manager";
// Who logs in to act as the manager.
inline constexpr const char* k_fake_operator = "reviewdb_operator";
// Who owns schema public of a database that nobody handed over.
inline constexpr const char* k_database_owner = "pg_database_owner";

struct FakeLogin {
    std::uint32_t oid = 0;
    base::Secret password;  // empty where it has none
    bool can_login = true;
    bool may_create = false;  // CREATEDB or CREATEROLE
    bool superuser = false;
    bool expired = false;  // VALID UNTIL is there, and has passed
    int connection_limit = -1;
    std::string comment;
    bool named_elsewhere = false;   // somebody's grants name it, so that it cannot be dropped
    std::set<std::string> members;  // who may act as it, but for the manager
};

struct FakeDatabase {
    std::uint32_t oid = 0;
    std::string owner = k_fake_manager;
    bool accepts_connections = true;
    bool half_dropped = false;
    bool open_to_public = true;
    bool is_template = false;
    bool operator_may_connect = false;
    int connection_limit = -1;
    std::set<std::string> may_use;  // the roles with all three rights
    std::string comment;
    std::vector<std::string> settings;
    std::string schema_owner = k_database_owner;  // of schema public; empty where it is gone
    std::string content;                          // what somebody put in; empty where nobody did
    std::string content_owner;                    // whose all of that is
    std::vector<std::string> extensions;
    std::vector<std::string> sessions;  // the role of each
    std::string locked_by;              // the role of a session that has a lock on it
};

struct EnvironmentRow {
    environment::EnvironmentRecord record;
    std::optional<base::Uuid> next_instance;
    int retired = 0;  // in which order; 0: not
    bool is_released = false;
};

struct InstanceRow {
    environment::InstanceRecord record;
    std::optional<base::Uuid> role;
    int let_go = 0;  // in which order; 0: not
    environment::Time let_go_at = {};
    std::string project = {};
    std::string purpose = "environment";  // or pool, or template
    int made = 0;                         // in which order
    environment::Time made_at = {};
    std::int64_t size_bytes = 0;  // 0: never measured
};

struct TemplateRow {
    environment::TemplateRecord record;
    std::optional<base::Uuid> next_instance;
};

// How many bytes an empty database takes.
inline constexpr std::int64_t k_fake_size = 8'000'000;

struct FakeWorld {
    // With a key in the registry, and with other people's databases and roles.
    FakeWorld();

    environment::Installation installation;
    std::int64_t writes = 0;          // as the registry counts them
    std::int64_t counted_writes = 0;  // as the control database's comment does
    std::vector<environment::PolicyRow> policy;
    environment::Time now;

    std::map<base::Uuid, EnvironmentRow> environments;
    std::map<base::Uuid, InstanceRow> instances;
    std::map<base::Uuid, environment::RoleRecord> roles;
    std::map<base::Uuid, TemplateRow> templates;
    // How many warm ones there are to be, of a project and template.
    std::map<std::pair<std::string, std::string>, int> pool;
    std::vector<environment::HistoryEntry> history;
    // How many branches a source knew the last time, of a project and repository.
    std::map<std::pair<std::string, std::string>, int> sweeps;

    std::map<std::string, FakeDatabase> databases;
    std::map<std::string, FakeLogin> logins;
    std::map<std::string, base::Secret> secrets;

    // Which session has it: those of an environment, a template, an instance, and the row of an
    // instance while somebody claims it.
    std::map<std::string, int> locks;
    // Whether the advertised address leads to this server; it matters once installation.doubt is
    // set.
    bool is_original = true;
    int connections = 0;  // of other people
    int most_connections = 100;
    std::uint32_t last_oid = 16384;
    int last_let_go = 0;
    int last_made = 0;
    int last_session = 0;
    // The oids of the databases and roles that steps changed or dropped.
    std::set<std::uint32_t> touched;

    EnvironmentRow* find_environment(std::string_view project, std::string_view name);
    // That is not gone.
    TemplateRow* find_template(std::string_view project, std::string_view name);
    const TemplateRow* find_template(std::string_view project, std::string_view name) const;
    FakeDatabase* find_database(const std::string& name);
    FakeLogin* find_login(const std::string& name);
    // Whether a grant, or something in a database, names the role, so that it cannot be dropped.
    bool is_named(const std::string& role) const;
    // Whether it is a template's version.
    bool is_in_service(const base::Uuid& instance) const;
    // Whether it was begun for the pool or for a template, and nobody has put it to use.
    bool is_unfinished(const InstanceRow& row) const;
    // The name of the database that has the oid; empty where none has.
    std::string name_of(std::uint32_t oid) const;
    std::uint32_t next_oid() { return ++last_oid; }

    // Everything in it but locks and counters, as text: the same text, the same world.
    std::string to_text() const;
};

// A failure as Postgres gives it: the kind follows from the SQLSTATE.
tl::unexpected<base::Error> postgres_error(std::string_view sqlstate, std::string message);

}  // namespace support

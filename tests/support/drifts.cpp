// SPDX-License-Identifier: Apache-2.0
#include "support/drifts.h"

namespace support {

namespace {

std::string name_of_database(FakeWorld& world, const EnvironmentRow& row) {
    if (!row.record.instance) return {};
    const auto& record = world.instances.at(*row.record.instance).record;
    if (world.databases.contains(record.database)) return record.database;
    return record.oid ? world.name_of(*record.oid) : std::string();
}

template <auto Change>
void on_database(FakeWorld& world, EnvironmentRow& row) {
    if (auto* database = database_of(world, row)) Change(*database);
}
template <auto Change>
void on_login(FakeWorld& world, EnvironmentRow& row) {
    if (auto* login = login_of(world, row)) Change(*login);
}

void drop_role(FakeWorld& world, EnvironmentRow& row) {
    if (!row.record.role) return;
    const auto name = world.roles.at(*row.record.role).name;
    if (world.logins.erase(name) == 0) return;
    for (auto& [called, database] : world.databases) {
        database.may_use.erase(name);
        if (database.schema_owner == name) database.schema_owner = k_fake_manager;
    }
}

void drop_database(FakeWorld& world, EnvironmentRow& row) {
    world.databases.erase(name_of_database(world, row));
}

// One that was renamed before its oid was recorded is nobody's.
void rename_database(FakeWorld& world, EnvironmentRow& row) {
    if (!row.record.instance || !world.instances.at(*row.record.instance).record.oid) return;
    auto node = world.databases.extract(name_of_database(world, row));
    if (node.empty()) return;
    node.key() = "renamed_by_hand";
    world.databases.insert(std::move(node));
}

void revoke(FakeWorld& world, EnvironmentRow& row) {
    auto* database = database_of(world, row);
    if (database != nullptr) database->may_use.clear();
}

void lose_secret(FakeWorld& world, EnvironmentRow& row) { world.secrets.erase(row.record.secret); }

// The same value with one word in it changed.
void alter_secret(FakeWorld& world, EnvironmentRow& row, std::string_view from,
                  std::string_view to) {
    const auto found = world.secrets.find(row.record.secret);
    if (found == world.secrets.end()) return;
    auto text = found->second.reveal();
    const auto at = text.find(from);
    if (at == std::string::npos) return;
    found->second = base::Secret(text.replace(at, from.size(), to));
}

void spoil_secret(FakeWorld& world, EnvironmentRow& row) {
    alter_secret(world, row, R"("password":")", R"("password":"not-)");
}

void move_secret(FakeWorld& world, EnvironmentRow& row) {
    alter_secret(world, row, R"("host":"db.example")", R"("host":"old.example")");
}

std::string name_of_next(const FakeWorld& world, const EnvironmentRow& row) {
    return row.next_instance ? world.instances.at(*row.next_instance).record.database
                             : std::string();
}

void drop_next(FakeWorld& world, EnvironmentRow& row) {
    world.databases.erase(name_of_next(world, row));
}

void half_drop_next(FakeWorld& world, EnvironmentRow& row) {
    auto* database = world.find_database(name_of_next(world, row));
    if (database != nullptr) database->half_dropped = true;
}

// The registry was made to name a database that is another's.
void point_at(FakeWorld& world, EnvironmentRow& row, const std::string& name) {
    if (!row.record.instance) return;
    auto& record = world.instances.at(*row.record.instance).record;
    record.database = name;
    record.oid = world.databases.at(name).oid;
}
void point_at_foreign(FakeWorld& world, EnvironmentRow& row) { point_at(world, row, "app"); }
void point_at_neighbour(FakeWorld& world, EnvironmentRow& row) {
    point_at(world, row, "review_neighbour");
}

void take_name(FakeWorld& world, EnvironmentRow& row) {
    const auto [database, made] = world.databases.try_emplace("review_" + row.record.name);
    if (!made) return;
    database->second.oid = world.next_oid();
    database->second.owner = "app";
}

}  // namespace

FakeDatabase* database_of(FakeWorld& world, const EnvironmentRow& row) {
    return world.find_database(name_of_database(world, row));
}

FakeLogin* login_of(FakeWorld& world, const EnvironmentRow& row) {
    if (!row.record.role) return nullptr;
    return world.find_login(world.roles.at(*row.record.role).name);
}

std::span<const Drift> drifts() {
    static const std::vector<Drift> k_drifts{
        {"no role",
         drop_role,
         {"REASSIGN OWNED BY {1} TO reviewdb_manager", "DROP OWNED BY {1}", "DROP ROLE {1}"},
         true},
        {"no login",
         on_login<[](auto& login) { login.can_login = false; }>,
         {"ALTER ROLE {1} NOLOGIN"}},
        {"privileged",
         on_login<[](auto& login) { login.may_create = true; }>,
         {"ALTER ROLE {1} CREATEDB"}},
        {"role limit",
         on_login<[](auto& login) { login.connection_limit = 1; }>,
         {"ALTER ROLE {1} CONNECTION LIMIT 1"}},
        {"expired",
         on_login<[](auto& login) { login.expired = true; }>,
         {"ALTER ROLE {1} VALID UNTIL '2001-01-01'"}},
        {"role stamp",
         on_login<[](auto& login) { login.comment = "mine"; }>,
         {"COMMENT ON ROLE {1} IS 'mine'"}},
        {"password",
         on_login<[](auto& login) { login.password = base::Secret("another"); }>,
         {"ALTER ROLE {1} PASSWORD 'another'"}},
        {"no database", drop_database, {"DROP DATABASE {0}"}},
        {"half dropped",
         on_database<[](auto& database) {
             database.half_dropped = true;
             database.is_template = false;
         }>,
         {"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{0}'"}},
        {"renamed", rename_database, {"ALTER DATABASE {0} RENAME TO renamed_by_hand"}},
        {"closed",
         on_database<[](auto& database) { database.accepts_connections = false; }>,
         {"ALTER DATABASE {0} ALLOW_CONNECTIONS false"}},
        {"public",
         on_database<[](auto& database) { database.open_to_public = true; }>,
         {"GRANT CONNECT ON DATABASE {0} TO PUBLIC"}},
        {"no rights", revoke, {"REVOKE ALL ON DATABASE {0} FROM {1}"}},
        {"a foreign role's right",
         on_database<[](auto& database) { database.may_use.insert("pg_monitor"); }>,
         {"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {0} TO pg_monitor"}},
        {"granted to a foreign role",
         on_login<[](auto& login) { login.members.insert("pg_monitor"); }>,
         {"GRANT {1} TO pg_monitor GRANTED BY reviewdb_manager"}},
        {"database limit",
         on_database<[](auto& database) { database.connection_limit = 0; }>,
         {"ALTER DATABASE {0} CONNECTION LIMIT 0"}},
        {"template",
         on_database<[](auto& database) { database.is_template = !database.half_dropped; }>,
         {"ALTER DATABASE {0} IS_TEMPLATE true"}},
        {"database stamp",
         on_database<[](auto& database) { database.comment = "mine"; }>,
         {"COMMENT ON DATABASE {0} IS 'mine'"}},
        {"settings",
         on_database<[](auto& database) { database.settings = {"lock_timeout=1"}; }>,
         {"ALTER DATABASE {0} RESET ALL", "ALTER DATABASE {0} SET lock_timeout = 1"}},
        {"schema",
         on_database<[](auto& database) { database.schema_owner = k_database_owner; }>,
         {"ALTER SCHEMA public OWNER TO pg_database_owner"},
         true},
        {"no schema",
         on_database<[](auto& database) { database.schema_owner.clear(); }>,
         {"DROP SCHEMA public CASCADE"},
         true},
        {"no secret", lose_secret},
        {"spoilt secret", spoil_secret},
        {"moved secret", move_secret},
        {"no next", drop_next},
        {"half dropped next", half_drop_next},
        {"foreign of its name", take_name},
        {"registry names a foreign one", point_at_foreign},
        {"registry names a neighbour's", point_at_neighbour}};
    return k_drifts;
}

}  // namespace support

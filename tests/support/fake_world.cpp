// SPDX-License-Identifier: Apache-2.0
#include "support/fake_world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "pg/sql_state.h"

namespace support {

namespace {

std::string uuid_text(const std::optional<base::Uuid>& id) { return id ? id->to_string() : "-"; }

std::int64_t seconds_of(const environment::Time& time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

void append(std::string& text, const EnvironmentRow& row) {
    const auto& record = row.record;
    text += fmt::format(
        "environment {} {}/{} {} instance {} next {} role {} secret '{}' shielded {} closed '{}' "
        "epoch {} expires {} repository '{}' ref '{}' pull {} commit '{}' labels {} last {}\n",
        record.id.to_string(), record.project, record.name, to_text(record.state),
        uuid_text(record.instance), uuid_text(row.next_instance), uuid_text(record.role),
        record.secret, record.shielded, record.closed_because, record.epoch,
        record.expires_at ? seconds_of(*record.expires_at) : 0, record.origin.repository,
        record.origin.ref, record.origin.pull_request.value_or(0), record.origin.commit,
        record.labels, seconds_of(record.last_create_at));
}

void append(std::string& text, const std::string& name, const FakeDatabase& database) {
    text += fmt::format(
        "database {} oid {} owner {} open {} half {} public {} template {} operator {} limit {} "
        "users {} settings {} schema {} content '{}' of '{}' sessions {} comment '{}'\n",
        name, database.oid, database.owner, database.accepts_connections, database.half_dropped,
        database.open_to_public, database.is_template, database.operator_may_connect,
        database.connection_limit, database.may_use, database.settings, database.schema_owner,
        database.content, database.content_owner, database.sessions, database.comment);
}

void append(std::string& text, const base::Uuid& id, const InstanceRow& row) {
    const auto& record = row.record;
    text += fmt::format("instance {} {} {} oid {} role {} for {} from {} {} shape '{}'\n",
                        id.to_string(), environment::to_text(record.state), record.database,
                        record.oid.value_or(0), uuid_text(row.role), row.purpose,
                        record.database_template, uuid_text(record.template_version), record.shape);
}

void append(std::string& text, const TemplateRow& row) {
    const auto& record = row.record;
    text += fmt::format("template {} {}/{} {} source '{}' digest '{}' instance {} next {}\n",
                        record.id.to_string(), record.project, record.name,
                        environment::to_text(record.state), record.source, record.digest,
                        uuid_text(record.instance), uuid_text(row.next_instance));
}

void append(std::string& text, const std::string& name, const FakeLogin& login) {
    text += fmt::format(
        "login {} oid {} password {} login {} create {} super {} expired {} limit "
        "{} members {} comment '{}'\n",
        name, login.oid, login.password.reveal(), login.can_login, login.may_create,
        login.superuser, login.expired, login.connection_limit, login.members, login.comment);
}

}  // namespace

FakeWorld::FakeWorld() {
    installation.id = base::Uuid::random();
    installation.schema_version = 1;
    installation.oldest_program_allowed = 1;
    installation.server_version = 150000;
    installation.keys.push_back({1, {}, "registry", base::Secret(std::string(32, 'k'))});
    now = environment::Time(std::chrono::seconds(1'800'000'000));
    FakeDatabase theirs;
    theirs.owner = "app";
    for (const auto* name : {"app", "postgres"}) {
        theirs.oid = next_oid();
        databases[name] = theirs;
    }
    FakeDatabase of_init;
    of_init.open_to_public = false;
    for (const auto* name : {"reviewdb", "reviewdb_template_0"}) {
        of_init.oid = next_oid();
        of_init.accepts_connections = std::string_view(name) == "reviewdb";
        databases[name] = of_init;
    }
    logins["app"].oid = next_oid();
    logins["app"].password = base::Secret("theirs");
    secrets["theirs"] = base::Secret("{}");
}

EnvironmentRow* FakeWorld::find_environment(std::string_view project, std::string_view name) {
    for (auto& [id, row] : environments) {
        const bool lives = row.record.state != environment::EnvironmentState::gone;
        if (lives && row.record.project == project && row.record.name == name) return &row;
    }
    return nullptr;
}
const TemplateRow* FakeWorld::find_template(std::string_view project, std::string_view name) const {
    for (const auto& [id, row] : templates) {
        const bool lives = row.record.state != environment::TemplateState::gone;
        if (lives && row.record.project == project && row.record.name == name) return &row;
    }
    return nullptr;
}
TemplateRow* FakeWorld::find_template(std::string_view project, std::string_view name) {
    return const_cast<TemplateRow*>(std::as_const(*this).find_template(project, name));
}
bool FakeWorld::is_named(const std::string& role) const {
    const auto login = logins.find(role);
    if (login != logins.end() && login->second.named_elsewhere) return true;
    return std::ranges::any_of(databases, [&](const auto& one) {
        const auto& database = one.second;
        return database.may_use.contains(role) || database.schema_owner == role ||
               database.content_owner == role;
    });
}
bool FakeWorld::is_in_service(const base::Uuid& instance) const {
    return std::ranges::any_of(
        templates, [&](const auto& one) { return one.second.record.instance == instance; });
}
bool FakeWorld::is_unfinished(const InstanceRow& row) const {
    using environment::InstanceState;
    const auto state = row.record.state;
    return row.purpose != "environment" && !is_in_service(row.record.id) &&
           (state == InstanceState::building || state == InstanceState::frozen);
}
FakeDatabase* FakeWorld::find_database(const std::string& name) {
    const auto found = databases.find(name);
    return found == databases.end() ? nullptr : &found->second;
}
FakeLogin* FakeWorld::find_login(const std::string& name) {
    const auto found = logins.find(name);
    return found == logins.end() ? nullptr : &found->second;
}
std::string FakeWorld::name_of(std::uint32_t oid) const {
    for (const auto& [name, database] : databases) {
        if (database.oid == oid) return name;
    }
    return {};
}

std::string FakeWorld::to_text() const {
    std::string text;
    for (const auto& [id, row] : environments) append(text, row);
    for (const auto& [id, row] : instances) append(text, id, row);
    for (const auto& [id, row] : templates) append(text, row);
    for (const auto& [of, target] : pool) {
        text += fmt::format("pool {}/{} {}\n", of.first, of.second, target);
    }
    for (const auto& [id, row] : roles) {
        text += fmt::format("role {} {} {} version {} key {}\n", id.to_string(), row.name,
                            environment::to_text(row.state), row.password_version, row.key_number);
    }
    for (const auto& [name, database] : databases) append(text, name, database);
    for (const auto& [name, login] : logins) append(text, name, login);
    for (const auto& [name, secret] : secrets) {
        text += fmt::format("secret {} {}\n", name, secret.reveal());
    }
    return text + fmt::format("history {}\n", history.size());
}

tl::unexpected<base::Error> postgres_error(std::string_view sqlstate, std::string message) {
    return base::fail(
        base::Error{pg::kind_of(sqlstate), std::move(message), {}, std::string(sqlstate)});
}

}  // namespace support

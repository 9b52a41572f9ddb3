// SPDX-License-Identifier: Apache-2.0
#include "support/supply_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "environment/key_ring.h"
#include "environment/stamp.h"
#include "support/must.h"

namespace support {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

namespace {

class Inspection {
   public:
    explicit Inspection(const FakeWorld& world) : world_(world) {}

    std::string inspect() {
        expect(world_.locks.empty(), "a lock is held");
        for (const auto& [id, row] : world_.environments) inspect(row.record);
        for (const auto& [id, row] : world_.templates) inspect(row);
        for (const auto& [id, row] : world_.instances) inspect(row);
        for (const auto& [of, target] : world_.pool) inspect_pool(of.second, target);
        for (const auto& [name, database] : world_.databases) {
            const bool of_init = name == "reviewdb" || name == "reviewdb_template_0";
            if (of_init || database.owner != k_fake_manager) continue;
            expect(databases_.contains(name), "nobody's database " + name);
        }
        for (const auto& [name, login] : world_.logins) {
            expect(!name.starts_with("review_") || roles_.contains(name), "nobody's role " + name);
        }
        return wrong_;
    }

   private:
    void expect(bool right, const std::string& what) {
        if (!right) wrong_ += what + "\n";
    }

    // A living row with its database, that nothing else uses.
    const FakeDatabase* take(const base::Uuid& instance, const std::string& whose) {
        const auto& record = world_.instances.at(instance).record;
        expect(used_.insert(instance).second, whose + " has what another has");
        databases_.insert(record.database);
        const auto found = world_.databases.find(record.database);
        if (found == world_.databases.end()) {
            expect(false, whose + " has no database " + record.database);
            return nullptr;
        }
        const auto& database = found->second;
        expect(database.oid == record.oid, whose + " has a database of another oid");
        expect(
            database.comment.starts_with(DatabaseStamp::prefix(world_.installation.id, instance)),
            whose + " has a database of another stamp");
        expect(!database.open_to_public && !database.operator_may_connect && !database.half_dropped,
               whose + " has a database that others may enter");
        return &database;
    }

    const RoleRecord* role_of(const base::Uuid& instance, const std::string& whose) {
        const auto& id = world_.instances.at(instance).role;
        if (!id) {
            expect(false, whose + " has no role");
            return nullptr;
        }
        const auto& role = world_.roles.at(*id);
        expect(roles_.insert(role.name).second, whose + " has the role of another");
        expect(role.state != RoleState::gone, whose + " has a role that is gone");
        return &role;
    }

    void expect_inside(const FakeDatabase& database, const std::string& owner,
                       const std::string& whose) {
        expect(database.schema_owner == owner, whose + " has a schema of " + database.schema_owner);
        expect(database.content.empty() || database.content_owner == owner,
               whose + " has data of " + database.content_owner);
    }

    void expect_login(const RoleRecord& role, const std::string& whose) {
        const auto login = world_.logins.find(role.name);
        if (login == world_.logins.end()) return expect(false, whose + " has no login");
        const auto key = must(find_key(world_.installation, role.key_number, {}));
        expect(login->second.can_login &&
                   login->second.password == key.password(role.id, role.password_version),
               whose + " cannot log in");
    }

    // Its role may log in, to that database alone, and owns what is in it.
    void expect_ready_to_use(const base::Uuid& instance, const std::string& whose) {
        const auto* database = take(instance, whose);
        const auto* role = role_of(instance, whose);
        if (database == nullptr || role == nullptr) return;
        expect(database->may_use == std::set<std::string>{role->name}, whose + " lets others in");
        expect_inside(*database, role->name, whose);
        expect_login(*role, whose);
    }

    void inspect(const EnvironmentRecord& record) {
        if (record.state == EnvironmentState::gone) return;
        const auto whose = "environment " + record.name;
        expect(record.state == EnvironmentState::ready, whose + " is not ready");
        expect_ready_to_use(*record.instance, whose);
        const auto& row = world_.instances.at(*record.instance);
        expect(row.record.state == InstanceState::serving && row.purpose == "environment",
               whose + " is not served");
        expect(row.role == record.role, whose + " has two roles");
        const auto found = world_.databases.find(row.record.database);
        if (found == world_.databases.end()) return;
        expect(found->second.accepts_connections && !found->second.is_template,
               whose + " is closed");
    }

    void inspect(const TemplateRow& row) {
        if (row.record.state == TemplateState::gone) return;
        const auto whose = "template " + row.record.name;
        expect(!row.next_instance, whose + " has a next");
        expect(row.record.state == TemplateState::ready && row.record.instance,
               whose + " is not ready");
        if (!row.record.instance) return;
        const auto& version = *row.record.instance;
        const auto* database = take(version, whose);
        const auto* role = role_of(version, whose);
        const auto& record = world_.instances.at(version).record;
        expect(record.state == InstanceState::frozen && record.database == frozen_name(version),
               whose + " is not frozen");
        if (database == nullptr || role == nullptr) return;
        expect(!database->accepts_connections && database->is_template && database->may_use.empty(),
               whose + " is not locked");
        expect_inside(*database, role->name, whose);
        const auto login = world_.logins.find(role->name);
        expect(login != world_.logins.end() && !login->second.can_login &&
                   login->second.password.empty(),
               whose + " has an owner who may log in");
    }

    void inspect(const InstanceRow& row) {
        const auto state = row.record.state;
        if (state == InstanceState::gone || state == InstanceState::serving ||
            state == InstanceState::frozen) {
            return;
        }
        expect(state == InstanceState::warm,
               fmt::format("instance {} is {}", row.record.database, environment::to_text(state)));
        if (state != InstanceState::warm) return;
        const auto whose = "warm " + row.record.database;
        expect_ready_to_use(row.record.id, whose);
        const auto found = world_.databases.find(row.record.database);
        if (found == world_.databases.end()) return;
        expect(!found->second.accepts_connections &&
                   row.record.database == building_name(row.record.id),
               whose + " is open");
    }

    void inspect_pool(const std::string& name, int target) {
        const auto* model = world_.find_template("review", name);
        const auto version = model == nullptr ? std::nullopt : model->record.instance;
        const auto there = std::ranges::count_if(world_.instances, [&](const auto& one) {
            const auto& record = one.second.record;
            return record.state == InstanceState::warm && record.database_template == name &&
                   record.template_version == version;
        });
        expect(there == target, fmt::format("{} warm of {} and not {}", there, name, target));
    }

    const FakeWorld& world_;
    std::string wrong_;
    std::set<base::Uuid> used_;
    std::set<std::string> databases_;
    std::set<std::string> roles_;
};

}  // namespace

std::string wrong_with(const FakeWorld& world) { return Inspection(world).inspect(); }

std::string supply_of(const FakeWorld& world) {
    std::set<std::string> lines;
    const auto content_of = [&](const std::optional<base::Uuid>& instance) -> std::string {
        if (!instance) return "nothing";
        const auto found = world.databases.find(world.instances.at(*instance).record.database);
        if (found == world.databases.end()) return "nothing";
        return fmt::format("'{}' of {}", found->second.content,
                           world.instances.at(*instance).record.database_template);
    };
    for (const auto& [id, row] : world.environments) {
        if (row.record.state == EnvironmentState::gone) continue;
        lines.insert(fmt::format("environment {} {} with {}, secret {}", row.record.name,
                                 environment::to_text(row.record.state),
                                 content_of(row.record.instance),
                                 world.secrets.contains(row.record.secret)));
    }
    for (const auto& [id, row] : world.templates) {
        if (row.record.state == TemplateState::gone) continue;
        lines.insert(fmt::format("template {} {} with {} digest {}", row.record.name,
                                 environment::to_text(row.record.state),
                                 content_of(row.record.instance), row.record.digest));
    }
    std::map<std::string, int> counts;
    for (const auto& [id, row] : world.instances) {
        const auto state = row.record.state;
        if (state == InstanceState::gone) continue;
        ++counts[fmt::format("{} with {}", environment::to_text(state), content_of(id))];
    }
    for (const auto& [what, count] : counts) lines.insert(fmt::format("{} {}", count, what));
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    return text +
           fmt::format("databases {} logins {}\n", world.databases.size(), world.logins.size());
}

}  // namespace support

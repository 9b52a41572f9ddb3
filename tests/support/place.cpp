// SPDX-License-Identifier: Apache-2.0
#include "support/place.h"

#include <fmt/format.h>

#include <algorithm>

#include "environment/key_ring.h"
#include "environment/manager.h"
#include "environment/secret_value.h"
#include "environment/stamp.h"
#include "support/drifts.h"
#include "support/must.h"

namespace support {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

namespace {

// What is left of its project beside the environment itself: rows that live, databases, roles.
std::string remains(const FakeWorld& world) {
    const auto living = [](const auto& rows, auto gone, auto state_of) {
        return std::ranges::count_if(rows,
                                     [&](const auto& one) { return state_of(one.second) != gone; });
    };
    const auto instances =
        living(world.instances, InstanceState::gone, [](auto& row) { return row.record.state; });
    const auto roles = living(world.roles, RoleState::gone, [](auto& row) { return row.state; });
    const auto ours = std::ranges::count_if(
        world.databases, [](const auto& one) { return one.second.owner == k_fake_manager; });
    return fmt::format("instances {} roles {} databases {} logins {} secrets {}\n", instances,
                       roles, ours, world.logins.size(), world.secrets.size());
}

class Description {
   public:
    Description(const FakeWorld& world, const EnvironmentRow& row)
        : world_(world),
          record_(row.record),
          role_(world.roles.at(*row.record.role)),
          instance_(world.instances.at(*row.record.instance).record),
          key_(must(find_key(world.installation, role_.key_number, {}))) {}

    std::string environment(const Start& start) const {
        const auto expires =
            record_.expires_at ? record_.expires_at->time_since_epoch().count() : 0;
        const bool kept = start.data && !world_.name_of(*start.data).empty();
        return fmt::format("{} shielded {} reason {} expires {} password later {} data kept {}\n",
                           to_text(record_.state), record_.shielded,
                           !record_.closed_because.empty(), expires,
                           role_.password_version > start.password_version, kept);
    }
    std::string login() const {
        const auto found = world_.logins.find(role_.name);
        if (found == world_.logins.end()) return "no login\n";
        const auto& login = found->second;
        return fmt::format(
            "login {} create {} expired {} limit {} members {} stamp {} password {}\n",
            login.can_login, login.may_create, login.expired, login.connection_limit,
            login.members.size(), login.comment == role_stamp(world_.installation.id, role_.id),
            login.password == key_.password(role_.id, role_.password_version));
    }
    std::string database() const {
        const auto found = world_.databases.find(instance_.database);
        if (found == world_.databases.end()) return "no database\n";
        const auto& database = found->second;
        return fmt::format(
            "role {} instance {} database {} recorded {} open {} half {} public {} template {} "
            "operator {} "
            "limit {} used by role {} by others {} settings {} schema {} stamp {}\n",
            to_text(role_.state), to_text(instance_.state), name_kind(),
            instance_.oid == database.oid, database.accepts_connections, database.half_dropped,
            database.open_to_public, database.is_template, database.operator_may_connect,
            database.connection_limit, database.may_use.contains(role_.name),
            database.may_use.size() - database.may_use.count(role_.name),
            fmt::join(database.settings, ","), database.schema_owner == role_.name,
            database.comment == stamp());
    }
    std::string secret() const {
        const auto found = world_.secrets.find(record_.secret);
        if (found == world_.secrets.end()) return "no secret\n";
        const auto policy = Policy::from_rows(*Project::parse(record_.project), world_.policy);
        const ConnectionFacts facts{policy.host(),
                                    policy.port(),
                                    policy.sslmode(),
                                    role_.name,
                                    key_.password(role_.id, role_.password_version),
                                    instance_.database};
        return fmt::format("secret {}\n",
                           found->second == make_secret_value(facts, record_.id, std::nullopt));
    }

   private:
    std::string name_kind() const {
        if (instance_.database == building_name(instance_.id)) return "building";
        if (instance_.database == dropping_name(instance_.id)) return "dropping";
        return instance_.database.starts_with("review_" + record_.name) ? "final" : "another";
    }
    std::string stamp() const {
        return DatabaseStamp{world_.installation.id,
                             instance_.id,
                             role_.id,
                             role_.password_version,
                             record_.project,
                             record_.shielded,
                             key_.seal(instance_.id, record_.name)}
            .to_text();
    }

    const FakeWorld& world_;
    const EnvironmentRecord& record_;
    const RoleRecord& role_;
    const InstanceRecord& instance_;
    Key key_;
};

const EnvironmentRow* row_of(const FakeWorld& world, const std::string& name) {
    for (const auto& [id, row] : world.environments) {
        if (row.record.name == name && row.record.state != EnvironmentState::gone) return &row;
    }
    return nullptr;
}

}  // namespace

Start start_of(const FakeWorld& world, const std::string& name) {
    Start start;
    const auto* row = row_of(world, name);
    if (row == nullptr) return start;
    start.password_version = world.roles.at(*row->record.role).password_version;
    const auto& instance = world.instances.at(*row->record.instance).record;
    // What nobody was ever let into has no data.
    if (instance.state == InstanceState::serving) start.data = instance.oid;
    return start;
}

Place place_of(const FakeWorld& world, const std::string& name, const Start& start) {
    const auto* row = row_of(world, name);
    if (row == nullptr) return {"nothing\n", remains(world)};
    const Description description(world, *row);
    return {description.environment(start),
            description.login() + description.database() + description.secret() +
                (row->next_instance ? "next\n" : "") + remains(world)};
}

}  // namespace support

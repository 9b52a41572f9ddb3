// SPDX-License-Identifier: Apache-2.0
#include "support/facts_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "environment/name.h"
#include "environment/stamp.h"

namespace support {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

namespace {

std::string kind_of_name(const std::string& name, const base::Uuid& instance) {
    if (name == building_name(instance)) return "building";
    if (name == dropping_name(instance)) return "dropping";
    if (name == frozen_name(instance)) return "frozen";
    return "final";
}

std::string stamp_text(const std::string& comment, const InstanceRecord& instance,
                       const Facts& facts) {
    const auto stamp = DatabaseStamp::parse(comment);
    if (!stamp) return "'" + comment + "'";
    return fmt::format(
        "installation {} instance {} role {} version {} project {} shielded {} name {}",
        stamp->installation == facts.installation.id, stamp->instance == instance.id,
        facts.role && stamp->role == facts.role->id, stamp->password_version, stamp->project,
        stamp->shielded, !stamp->sealed_name.empty());
}

std::string instance_text(const InstanceRecord& record,
                          const std::optional<DatabaseFacts>& database, const Facts& facts) {
    auto text = fmt::format("instance {} {} oid {} template {} version {} of somebody {}\n",
                            to_text(record.state), kind_of_name(record.database, record.id),
                            !record.oid                                ? "none"
                            : database && *record.oid == database->oid ? "its"
                                                                       : "another",
                            record.database_template, record.template_version.has_value(),
                            !record.former_owner.empty());
    if (!database) return text;
    return text + fmt::format(
                      "database {} ours {} open {} half {} public {} role {} foreign {} template "
                      "{} limit {} "
                      "settings {} stamp {}\n",
                      kind_of_name(database->name, record.id), database->owned_by_manager,
                      database->accepts_connections, database->half_dropped,
                      database->open_to_public, database->role_may_use,
                      database->foreign_grantees.size(), database->is_template,
                      database->connection_limit, database->settings,
                      stamp_text(database->comment, record, facts));
}

std::string role_text(const RoleRecord& role) {
    return fmt::format("role {} version {} key {}\n", to_text(role.state), role.password_version,
                       role.key_number);
}

std::string source_text(const CloneSource& source) {
    return fmt::format("{} version {} database {} owner {} size {}\n", source.name,
                       source.version.has_value(),
                       source.version ? kind_of_name(source.database, *source.version) : "none",
                       !source.owner.empty(), source.size_bytes > 0);
}

std::string model_text(const TemplateRecord& model) {
    return fmt::format("template {} {} {} source '{}' digest '{}' version {} refreshed {}\n",
                       model.project, model.name, to_text(model.state), model.source, model.digest,
                       model.instance.has_value(), model.refreshed_at.has_value());
}

std::string environment_text(const EnvironmentRecord& record, const Facts& facts) {
    const auto in = [&](const Time& time) {
        return std::chrono::round<std::chrono::hours>(time - facts.now).count();
    };
    return fmt::format(
        "environment {} {} epoch {} shielded {} closed '{}' secret {} repository '{}' ref '{}' "
        "commit '{}' labels {} made {} renewed {} expires {}\n",
        record.project, to_text(record.state), record.epoch, record.shielded, record.closed_because,
        !record.secret.empty(), record.origin.repository, record.origin.ref, record.origin.commit,
        record.labels, in(record.created_at), in(record.last_create_at),
        record.expires_at ? in(*record.expires_at) : 0);
}

}  // namespace

std::string to_text(const Facts& facts) {
    std::string text = fmt::format("behind {} leftovers {}\n", facts.installation.is_behind,
                                   facts.installation.has_leftovers);
    if (facts.environment) text += environment_text(*facts.environment, facts);
    if (facts.role) text += role_text(*facts.role);
    if (facts.login) {
        text += fmt::format("login {} privileged {} expires {} limit {} stamp {}\n",
                            facts.login->can_login, facts.login->privileged, facts.login->expires,
                            facts.login->connection_limit,
                            facts.role && facts.login->comment ==
                                              role_stamp(facts.installation.id, facts.role->id));
    }
    if (facts.instance) text += instance_text(*facts.instance, facts.database, facts);
    if (facts.next) text += "next " + instance_text(*facts.next, facts.next_database, facts);
    if (facts.next_role) text += role_text(*facts.next_role);
    if (facts.source) text += "source " + source_text(*facts.source);
    if (facts.warm) {
        text += "warm " + instance_text(facts.warm->instance, std::nullopt, facts) +
                role_text(facts.warm->role);
    }
    if (facts.model) text += model_text(*facts.model);
    return text + fmt::format("warm there {} name held {}\n", facts.warm_there,
                              static_cast<int>(facts.final_name));
}

std::string to_text(const PoolFacts& facts) {
    std::string text;
    for (const auto& target : facts.targets) {
        text += fmt::format("{} of {} from {}", target.target, target.database_template,
                            target.source ? source_text(*target.source) : "nothing\n");
    }
    for (const auto& pooled : facts.instances) {
        const auto& record = pooled.instance;
        text +=
            fmt::format("pooled {} {} of {} version {} shape {} sound {} abandoned {} with {}",
                        to_text(record.state), kind_of_name(record.database, record.id),
                        record.database_template, record.template_version.has_value(), record.shape,
                        pooled.is_sound, pooled.abandoned, role_text(pooled.role));
    }
    return text;
}

std::string to_text(const std::vector<TemplateDescription>& templates) {
    std::string text;
    for (const auto& one : templates) {
        text += fmt::format("clones {} warm {} default {} measured {} {}", one.clones, one.warm,
                            one.is_default, one.size_bytes > 0, model_text(one.record));
    }
    return text;
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
//
// Reading what is made before anybody asks: templates, and the pool.
#include <fmt/format.h>

#include "server/live_server.h"
#include "server/locks.h"
#include "server/observation_sql.h"
#include "server/row_reading.h"
#include "server/supply_sql.h"

namespace server {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Facts;

Result<Facts> LiveServer::observe_template(const environment::TemplateSubject& subject,
                                           environment::Purpose purpose, Deadline deadline) {
    BASE_TRY(connect(deadline));
    auto statements =
        reading(subject.project, {template_sql(), {subject.project.text(), subject.name}});
    std::vector<pg::Rows> answers;
    if (purpose == environment::Purpose::work) {
        const auto what =
            fmt::format("the template '{}' of project {}", subject.name, subject.project.text());
        BASE_TRY_ASSIGN(
            answers, locked_reading(template_lock(subject), what, std::move(statements), deadline));
    } else {
        BASE_TRY_ASSIGN(answers, session_->run_all(statements, deadline));
    }
    BASE_TRY_ASSIGN(auto facts, common_facts(subject.project, answers, deadline));
    if (answers[3].empty()) return facts;
    read_observation(answers[3][0], facts);
    facts.environment.reset();
    facts.model = read_template(answers[3][0]);
    return facts;
}

Result<std::vector<environment::TemplateDescription>> LiveServer::templates(
    const environment::Project& project, Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(const auto answers,
                    session_->run_all(
                        reading(project, {std::string(k_templates), {project.text()}}), deadline));
    BASE_TRY_ASSIGN(const auto common, common_facts(project, answers, deadline));
    std::vector<environment::TemplateDescription> found;
    for (int i = 0; i < answers[3].size(); ++i) {
        const auto row = answers[3][i];
        environment::TemplateDescription one;
        one.record = read_template(row);
        one.size_bytes = row.integer("size");
        one.clones = static_cast<int>(row.integer("clones"));
        one.warm = static_cast<int>(row.integer("warm"));
        one.is_default = common.policy.value("template") == one.record.name;
        found.push_back(std::move(one));
    }
    return found;
}

Result<environment::PoolFacts> LiveServer::observe_pool(const environment::Project& project,
                                                        Deadline deadline) {
    BASE_TRY(connect(deadline));
    auto statements = reading(project, {std::string(k_pool_targets), {project.text()}, true});
    statements.push_back({std::string(k_headroom), {}, true});
    BASE_TRY_ASSIGN(const auto answers, session_->run_all(statements, deadline));
    environment::PoolFacts facts;
    BASE_TRY_ASSIGN(facts.common, common_facts(project, answers, deadline));
    for (int i = 0; i < answers[3].size(); ++i) {
        const auto row = answers[3][i];
        environment::PoolTarget target{row.text("template"),
                                       static_cast<int>(row.integer("target")), std::nullopt};
        if (row.boolean("there")) {
            target.source = environment::CloneSource{
                target.database_template, optional_uuid(row, "version"),
                row.optional_text("database").value_or(""), row.optional_text("owner").value_or(""),
                row.integer("size")};
        }
        facts.targets.push_back(std::move(target));
    }
    const auto room = answers[4][0];
    facts.headroom = {static_cast<int>(room.integer("connections")),
                      static_cast<int>(room.integer("usable")), room.integer("bytes")};
    // After the targets: what was built since counts.
    BASE_TRY_ASSIGN(const auto instances,
                    session_->run({pool_instances_sql(),
                                   {project.text(), facts.common.installation.id.to_string()},
                                   true},
                                  deadline));
    for (int i = 0; i < instances.size(); ++i) {
        const auto row = instances[i];
        environment::PooledInstance pooled{*read_instance(row, 'i'), *read_role(row, 'r'),
                                           row.boolean("sound"), row.boolean("abandoned")};
        pooled.instance.template_version = optional_uuid(row, "i_version");
        pooled.instance.shape = row.text("i_shape");
        facts.instances.push_back(std::move(pooled));
    }
    return facts;
}

Result<void> LiveServer::set_pool(const environment::Project& project,
                                  const std::string& database_template, int target,
                                  const environment::Actor& actor, Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{"INSERT INTO registry.pool (project, template, target) SELECT $1, $2, $3::integer "
              "WHERE $2 = 'empty' OR $3::integer = 0 OR EXISTS (SELECT FROM registry.template "
              "WHERE project = $1 AND name = $2 AND state = 'ready') "
              "ON CONFLICT (project, template) DO UPDATE SET target = excluded.target RETURNING 1",
              {project.text(), database_template, std::to_string(target)}},
             {"INSERT INTO registry.history (project, name, event, reason, actor, door, program) "
              "SELECT $1, '', 'pool', $2, $3, $4, $5 WHERE EXISTS (SELECT FROM registry.pool "
              "WHERE project = $1 AND template = $6)",
              {project.text(), fmt::format("{} of template {}", target, database_template),
               actor.name, actor.door, actor.program, database_template}}},
            deadline));
    if (!answers[0].empty()) return {};
    return base::fail(
        ErrorKind::not_found,
        fmt::format("there is no template '{}' in project {}", database_template, project.text()),
        "'reviewdb template list' shows those that there are");
}

Result<std::vector<environment::Project>> LiveServer::pooled_projects(Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({"SELECT project FROM registry.pool UNION SELECT project FROM "
                                   "registry.instance WHERE state = 'warm' ORDER BY 1"},
                                  deadline));
    std::vector<environment::Project> projects;
    for (int i = 0; i < rows.size(); ++i) {
        auto project = environment::Project::parse(rows[i].text("project"));
        if (project) projects.push_back(*std::move(project));
    }
    return projects;
}

}  // namespace server

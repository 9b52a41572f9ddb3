// SPDX-License-Identifier: Apache-2.0
//
// Steps of a template: its next version is recorded, frozen once it is filled, and published.
#include <fmt/format.h>

#include <algorithm>

#include "environment/name.h"
#include "pg/quoting.h"
#include "server/hand_over.h"
#include "server/live_server.h"
#include "server/locks.h"
#include "server/session.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

std::string list_of(const std::vector<std::string>& words) {
    constexpr std::size_t k_most = 5;
    std::string text;
    for (std::size_t i = 0; i < words.size() && i < k_most; ++i) {
        text += (i == 0 ? "" : ", ") + words[i];
    }
    if (words.size() > k_most) text += fmt::format(" and {} more", words.size() - k_most);
    return text;
}

bool allows(const std::vector<std::string>& extensions, const std::string& name) {
    const auto lists = [&](std::string_view word) {
        return std::ranges::find(extensions, word) != extensions.end();
    };
    return lists("*") || lists(name) || name == "plpgsql";
}

pg::Statement tell(std::string_view event, const environment::TemplateRecord& model,
                   std::string_view reason, const environment::Actor& actor) {
    return {
        "INSERT INTO registry.history (project, name, event, reason, actor, door, program) "
        "VALUES ($1, '', $2, $3, $4, $5, $6)",
        {model.project, fmt::format("template {}", event),
         fmt::format("{}: {}", model.name, reason), actor.name, actor.door, actor.program}};
}

}  // namespace

Result<std::string> LiveServer::record_template(const Work& work) {
    const auto& [model, instance, role] =
        std::tie(work.target.model, work.target.instance, work.target.role);
    BASE_TRY(run({{"SELECT registry.count_write()"},
                  {"INSERT INTO registry.role (id, name, state, password_version, key_number) "
                   "VALUES ($1::uuid, $2, 'building', $3::integer, $4::integer)",
                   {role.id.to_string(), role.name, std::to_string(role.password_version),
                    std::to_string(role.key_number)}},
                  insert_instance(work, "template"),
                  {"INSERT INTO registry.template (id, project, name, state, next_instance) VALUES "
                   "($1::uuid, $2, $3, 'building', $4::uuid) ON CONFLICT (id) DO UPDATE "
                   "SET next_instance = excluded.next_instance",
                   {model.id.to_string(), model.project, model.name, instance.id.to_string()}},
                  try_instance_lock(instance.id)},
                 work.deadline));
    return std::string();
}

// As the manager, in a database that foreign SQL has filled: the catalog is read, nothing is
// called.
Result<void> LiveServer::examine_inside(const Work& work) {
    const auto& role = work.target.role.name;
    BASE_TRY_ASSIGN(auto inside,
                    open_session(login_, work.target.instance.database, Acting::as_manager,
                                 application_, work.deadline, log_));
    auto extensions = inside.run({"SELECT extname FROM pg_extension ORDER BY 1"}, work.deadline);
    auto foreign = not_owned_by(inside, role, work.deadline);
    std::move(inside).close_and_wait(work.deadline);
    if (!extensions) return base::fail(std::move(extensions).error());
    if (!foreign) return base::fail(std::move(foreign).error());
    if (!foreign->empty()) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("not everything in the template belongs to its role: {}",
                                      list_of(*foreign)),
                          "what fills a template must make everything by its own login");
    }
    for (int i = 0; i < extensions->size(); ++i) {
        const auto name = (*extensions)[i].text("extname");
        if (allows(work.target.extensions, name)) continue;
        return base::fail(
            ErrorKind::denied,
            fmt::format("the policy 'extensions' does not allow the extension {}", name),
            "reviewdb config set extensions='… " + name + "'");
    }
    return {};
}

Result<std::string> LiveServer::freeze(const Work& work) {
    const auto& instance = work.target.instance;
    const auto name = pg::identifier(work.target.role.name);
    const auto frozen = environment::frozen_name(instance.id);
    const auto& role = work.target.role.name;
    BASE_TRY(despite_locks({"", role}, work.deadline, [&] {
        return run({wait_briefly(),
                    {fmt::format("ALTER ROLE {} NOLOGIN PASSWORD NULL", name)},
                    {fmt::format("ALTER ROLE {} RESET ALL", name)}},
                   work.deadline);
    }));
    BASE_TRY(end_sessions(work));
    BASE_TRY(examine_inside(work));
    const auto database = pg::identifier(instance.database);
    const auto final_name = pg::identifier(frozen);
    auto done = despite_locks({instance.database, role}, work.deadline, [&] {
        return run({wait_briefly(),
                    {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", database)},
                    {fmt::format("REVOKE ALL ON DATABASE {} FROM {}", database, name)},
                    {fmt::format("REVOKE CONNECT ON DATABASE {} FROM SESSION_USER", database)},
                    {fmt::format("ALTER DATABASE {} RENAME TO {}", database, final_name)},
                    must_be(frozen, instance, work.credentials.stamp_prefix()),
                    {"UPDATE registry.instance SET state = 'frozen', database = $2, "
                     "size_bytes = pg_database_size($2::name), size_measured_at = now(), "
                     "oid = (SELECT oid FROM pg_database WHERE datname = $2) WHERE id = $1::uuid",
                     {instance.id.to_string(), frozen}}},
                   work.deadline);
    });
    if (!done) return base::fail(std::move(done).error());
    return std::string();
}

Result<std::string> LiveServer::publish(const Work& work) {
    const auto& [model, instance] = std::tie(work.target.model, work.target.instance);
    const auto database = pg::identifier(environment::frozen_name(instance.id));
    BASE_TRY(run({{"SELECT registry.count_write()"},
                  {"UPDATE registry.instance SET state = 'dropping', let_go_at = now() WHERE id = "
                   "(SELECT instance FROM registry.template WHERE id = $1::uuid)",
                   {model.id.to_string()}},
                  {"UPDATE registry.template SET instance = $2::uuid, next_instance = NULL, "
                   "state = 'ready', source = $3, recipe = $4::jsonb, digest = $5, "
                   "refreshed_at = now() WHERE id = $1::uuid",
                   {model.id.to_string(), instance.id.to_string(), model.source,
                    model.recipe.empty() ? std::string("{}") : model.recipe, model.digest}},
                  {"UPDATE registry.role SET state = 'serving' WHERE id = $1::uuid",
                   {work.target.role.id.to_string()}},
                  {fmt::format("ALTER DATABASE {} IS_TEMPLATE true", database)},
                  tell(to_text(work.plan.outcome), model, model.source, work.actor)},
                 work.deadline));
    return std::string();
}

Result<std::string> LiveServer::forget_template(const Work& work) {
    const auto& model = work.target.model;
    BASE_TRY(run({{"SELECT registry.count_write()"},
                  {"UPDATE registry.template SET state = 'gone' WHERE id = $1::uuid",
                   {model.id.to_string()}},
                  {"UPDATE registry.instance SET state = 'dropping', let_go_at = now() WHERE id = "
                   "(SELECT instance FROM registry.template WHERE id = $1::uuid) "
                   "OR (state = 'warm' AND project = $2 AND template = $3)",
                   {model.id.to_string(), model.project, model.name}},
                  {"UPDATE registry.template SET instance = NULL WHERE id = $1::uuid",
                   {model.id.to_string()}},
                  {"DELETE FROM registry.pool WHERE project = $1 AND template = $2",
                   {model.project, model.name}},
                  tell("deleted", model, work.step.reason, work.actor)},
                 work.deadline));
    return std::string();
}

}  // namespace server

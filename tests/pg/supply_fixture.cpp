// SPDX-License-Identifier: Apache-2.0
#include "supply_fixture.h"

#include <fmt/format.h>

#include "support/agreement.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using base::Result;
using environment::Answer;
using environment::Execution;
using support::ask;
using support::execute;
using support::must;
using support::soon;

}  // namespace

void SupplyTest::SetUp() {
    EnvironmentTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    execute(root("reviewdb"), "DELETE FROM registry.policy WHERE project = 'supply'");
}

void SupplyTest::TearDown() {
    if (IsSkipped()) return;
    execute(root("reviewdb"), "DELETE FROM registry.policy WHERE project = 'supply'");
    auto names = support::connect(root("reviewdb"));
    const auto all = [&](const std::string& sql) { return must(names.run({sql}, soon())); };
    const auto environments = all("SELECT name FROM registry.environment WHERE state <> 'gone'");
    for (int i = 0; i < environments.size(); ++i) must(remove(environments[i].text("name")));
    const auto templates = all("SELECT name FROM registry.template WHERE state <> 'gone'");
    for (int i = 0; i < templates.size(); ++i) must(forget_template(templates[i].text("name")));
    must(in_a_process(std::nullopt,
                      [&](auto& manager) { return manager.drain_pool(project(), {}, soon()); }));
    execute(root("reviewdb"), "DELETE FROM registry.pool");
    finish_leftovers();
    expect_nothing_left();
}

void SupplyTest::set_pool(const std::string& of, int target) const {
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
    must(live.set_pool(project(), of, target, support::k_tester, soon()));
}

Result<environment::PoolReport> SupplyTest::fill(std::optional<int> steps, OnStep on_step) const {
    constexpr int k_all = 1000;
    return in_a_process(
        steps, [&](auto& manager) { return manager.fill_pool(project(), k_all, soon()); },
        std::move(on_step));
}

Result<Answer> SupplyTest::make_template(const std::string& name, const std::string& sql,
                                         std::optional<int> steps, OnStep on_step) const {
    const environment::TemplateWish wish{{project(), name}, "a test", "{}", sql};
    const environment::Filler filler =
        [&](const environment::Target& target, const environment::Credentials& credentials,
            base::Deadline deadline) -> Result<std::vector<std::string>> {
        const auto login = support::shared_cluster().login(target.role.name, credentials.password,
                                                           target.instance.database);
        BASE_TRY_ASSIGN(auto session, pg::Connection::open(login, deadline));
        BASE_TRY(session.run({sql}, deadline));
        return std::vector<std::string>();
    };
    return in_a_process(
        steps,
        [&](auto& manager) {
            return manager.make_template(wish, filler, Execution::carry_out, soon());
        },
        std::move(on_step));
}

Result<Answer> SupplyTest::forget_template(const std::string& name,
                                           std::optional<int> steps) const {
    return in_a_process(steps, [&](auto& manager) {
        return manager.forget_template({project(), name}, Execution::carry_out, soon());
    });
}

Result<Answer> SupplyTest::create_from(const std::string& name, const std::string& of,
                                       std::optional<int> steps, OnStep on_step) const {
    environment::CreateWish wish{
        project(), must(environment::Name::parse(name)), {}, {}, std::nullopt};
    wish.wanted_template = of;
    return in_a_process(
        steps, [&](auto& manager) { return manager.create(wish, Execution::carry_out, soon()); },
        std::move(on_step));
}

Result<Answer> SupplyTest::reset(const std::string& name, const std::string& of,
                                 std::optional<int> steps, OnStep on_step) const {
    const environment::Wish wish{project(), must(environment::Name::parse(name)), {}, "test", of};
    return in_a_process(
        steps, [&](auto& manager) { return manager.reset(wish, Execution::carry_out, soon()); },
        std::move(on_step));
}

void SupplyTest::set_policy(const std::string& key, const std::string& value) const {
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
    must(live.set_policy(project_name_, key, value, support::k_tester, soon()));
}

int SupplyTest::warm(const std::string& of) {
    return std::stoi(ask(
        root("reviewdb"),
        fmt::format("SELECT count(*)::text AS value FROM registry.instance i WHERE state = 'warm' "
                    "AND template = '{0}' AND template_version IS NOT DISTINCT FROM (SELECT "
                    "instance FROM registry.template WHERE name = '{0}' AND state = 'ready')",
                    of)));
}

int SupplyTest::pooled() {
    return std::stoi(ask(root("reviewdb"),
                         "SELECT count(*)::text AS value FROM registry.instance WHERE state = "
                         "'warm' OR (state = 'building' AND purpose = 'pool')"));
}

std::string SupplyTest::disagreement() const {
    return support::disagreement(root("reviewdb"), project_name_);
}

void SupplyTest::finish_leftovers() const {
    must(in_a_process(std::nullopt, [](auto& manager) { return manager.finish_pending(soon()); }));
}

void SupplyTest::expect_agreement() const {
    finish_leftovers();
    EXPECT_EQ(disagreement(), "");
}

void SupplyTest::end_our_sessions() {
    execute(root(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
            "'reviewdb_operator' AND datname = 'reviewdb'");
}

// SPDX-License-Identifier: Apache-2.0
//
// The server in memory behaves as a real one also in what is built ahead: the same calls on both,
// with the same deaths and after the same drifts, step by step, with the same facts after each.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/environment_test.h"
#include "support/fake_process.h"
#include "support/fake_secret_store.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"
#include "support/watched_server.h"

namespace {

using base::Result;
using environment::Execution;
using environment::Filler;
using environment::Manager;
using support::execute;
using support::FakeServer;
using support::FakeWorld;
using support::must;
using support::soon;
using support::WatchedServer;

// A call, and what it came to.
using Act = std::function<Result<std::string>(Manager&, const Filler&)>;

class SupplyContractTest : public support::EnvironmentTest {
   protected:
    SupplyContractTest() { project_name_ = "review"; }

    void SetUp() override {
        EnvironmentTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        const auto policy = must(live.policy(project(), soon()));
        for (const auto& value : policy.values()) {
            world_.policy.push_back({"*", value.key, value.value});
        }
    }
    void TearDown() override {
        if (IsSkipped()) return;
        execute(root("reviewdb"), "DELETE FROM registry.policy WHERE project = 'review'");
        for (const auto& name : {name_, other_}) must(remove(name));
        must(in_a_process(std::nullopt, [&](auto& manager) {
            return manager.drain_pool(project(), {}, soon());
        }));
        for (const auto* name : {"data", "more"}) {
            must(in_a_process(std::nullopt, [&](auto& manager) {
                return manager.forget_template({project(), name}, Execution::carry_out, soon());
            }));
        }
        empty_trash();
        execute(root("reviewdb"), "DELETE FROM registry.pool");
        must(in_a_process(std::nullopt,
                          [](auto& manager) { return manager.finish_pending(soon()); }));
        expect_nothing_left();
    }

    // The call on both, on each dying after so many steps; what each wrote down has to be the same.
    void on_both(const std::string& title, const Act& act,
                 std::optional<int> steps = std::nullopt) {
        if (HasFatalFailure()) return;
        SCOPED_TRACE(title);
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        std::vector<std::string> on_live;
        {
            server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
            server::LiveServer other(support::prepared_operator(), "reviewdb/watch", log);
            on_live = seen(live, other, act, live_filler(), steps);
        }
        wait_for_the_dead();
        support::Fate fate;
        support::Fate other_fate;
        std::vector<std::string> on_fake;
        {
            FakeServer fake(world_, fate);
            FakeServer other(world_, other_fate);
            on_fake = seen(fake, other, act, fake_filler(), steps);
        }
        ASSERT_FALSE(on_live.empty());
        for (std::size_t i = 0; i < std::max(on_live.size(), on_fake.size()); ++i) {
            ASSERT_EQ(i < on_fake.size() ? on_fake[i] : "nothing",
                      i < on_live.size() ? on_live[i] : "nothing");
        }
    }

    void set_pool(const std::string& of, int target) {
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        support::Fate fate;
        FakeServer fake(world_, fate);
        const auto on_live = live.set_pool(project(), of, target, support::k_tester, soon());
        const auto on_fake = fake.set_pool(project(), of, target, support::k_tester, soon());
        ASSERT_EQ(on_live.has_value(), on_fake.has_value());
        if (on_live) return;
        EXPECT_EQ(on_live.error().kind, on_fake.error().kind);
    }
    void set_policy(const std::string& key, const std::string& value) {
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        support::Fate fate;
        FakeServer fake(world_, fate);
        must(live.set_policy("review", key, value, support::k_tester, soon()));
        must(fake.set_policy("review", key, value, support::k_tester, soon()));
    }
    // To every database that is called so, and the same on both.
    void drift(const std::string& prefix, const std::string& sql,
               const std::function<void(support::FakeDatabase&)>& change) {
        auto names = support::connect(root());
        const auto rows = must(names.run(
            {"SELECT datname FROM pg_database WHERE starts_with(datname, $1)", {prefix}}, soon()));
        EXPECT_GT(rows.size(), 0);
        for (int i = 0; i < rows.size(); ++i) {
            execute(root(), fmt::format(fmt::runtime(sql), rows[i].text("datname")));
        }
        for (auto& [name, database] : world_.databases) {
            if (name.starts_with(prefix)) change(database);
        }
    }

    Act create(const std::string& name, const std::string& of = {}) const {
        environment::CreateWish wish{
            project(), must(environment::Name::parse(name)), {}, {}, std::nullopt};
        wish.wanted_template = of;
        return [wish](Manager& manager, const Filler&) -> Result<std::string> {
            BASE_TRY_ASSIGN(const auto answer, manager.create(wish, Execution::carry_out, soon()));
            return fmt::format("{} warm {}", to_text(answer.outcome), answer.warm);
        };
    }
    Act reset(const std::string& name, const std::string& of = {}) const {
        const environment::Wish wish{
            project(), must(environment::Name::parse(name)), {}, "test", of};
        return [wish](Manager& manager, const Filler&) -> Result<std::string> {
            BASE_TRY_ASSIGN(const auto answer, manager.reset(wish, Execution::carry_out, soon()));
            return fmt::format("{} warm {}", to_text(answer.outcome), answer.warm);
        };
    }
    Act removal(const std::string& name) const {
        const environment::Wish wish{project(), must(environment::Name::parse(name)), {}, "test"};
        return [wish](Manager& manager, const Filler&) -> Result<std::string> {
            BASE_TRY_ASSIGN(const auto answer, manager.remove(wish, Execution::carry_out, soon()));
            return std::string(to_text(answer.outcome));
        };
    }
    Act fill() const {
        return [project = project()](Manager& manager, const Filler&) -> Result<std::string> {
            constexpr int k_all = 100;
            BASE_TRY_ASSIGN(const auto report, manager.fill_pool(project, k_all, soon()));
            return fmt::format("{} built, {} retired", report.built, report.retired);
        };
    }
    Act make_template(const std::string& name, const std::string& digest) const {
        const environment::TemplateWish wish{{project(), name}, "a test", "{}", digest};
        return [wish](Manager& manager, const Filler& filler) -> Result<std::string> {
            BASE_TRY_ASSIGN(const auto answer,
                            manager.make_template(wish, filler, Execution::carry_out, soon()));
            return std::string(to_text(answer.outcome));
        };
    }
    Act forget_template(const std::string& name) const {
        const environment::TemplateSubject subject{project(), name};
        return [subject](Manager& manager, const Filler&) -> Result<std::string> {
            BASE_TRY_ASSIGN(const auto answer,
                            manager.forget_template(subject, Execution::carry_out, soon()));
            return std::string(to_text(answer.outcome));
        };
    }

    FakeWorld world_;
    std::string other_ = support::unique_name();

   private:
    static Filler live_filler() {
        return [](const environment::Target& target, const environment::Credentials& credentials,
                  base::Deadline deadline) -> Result<std::vector<std::string>> {
            const auto login = support::shared_cluster().login(
                target.role.name, credentials.password, target.instance.database);
            BASE_TRY_ASSIGN(auto session, pg::Connection::open(login, deadline));
            BASE_TRY(session.run({"CREATE TABLE fruit (name text)"}, deadline));
            return std::vector<std::string>();
        };
    }
    Filler fake_filler() {
        return [this](const environment::Target& target, const environment::Credentials&,
                      base::Deadline) -> Result<std::vector<std::string>> {
            auto& database = world_.databases.at(target.instance.database);
            database.content = "fruit";
            database.content_owner = target.role.name;
            return std::vector<std::string>();
        };
    }

    std::vector<std::string> seen(environment::Server& server, environment::Server& other,
                                  const Act& act, const Filler& filler,
                                  std::optional<int> steps) const {
        support::StopAfter dying(server, steps.value_or(0));
        auto& inner = steps ? static_cast<environment::Server&>(dying) : server;
        WatchedServer watched(inner, other, {project(), must(environment::Name::parse(name_))});
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        Manager::Surroundings surroundings{
            support::k_tester,
            {},
            {},
            [](const environment::Policy&) -> Result<std::unique_ptr<environment::SecretStore>> {
                return std::unique_ptr<environment::SecretStore>();
            }};
        Manager manager(watched, std::move(surroundings), log);
        const auto told = act(manager, filler);
        auto all = watched.seen();
        all.push_back(
            told ? *told
                 : fmt::format("{} {}", facts_of(told.error().kind).name, told.error().sqlstate));
        return all;
    }
};

TEST_F(SupplyContractTest, holds_through_templates_and_the_pool) {
    set_pool("empty", 2);
    set_pool("data", 1);  // which is not there yet
    on_both("fill", fill());
    on_both("fill again", fill());
    on_both("claim", create(name_));
    on_both("create again", create(name_));
    on_both("make", make_template("data", "one"));
    on_both("make again", make_template("data", "one"));
    set_pool("data", 2);
    on_both("fill", fill());
    on_both("claim of a template", create(other_, "data"));
    on_both("a template that is not there", create(support::unique_name(), "more"));
    on_both("remove", removal(other_));
    on_both("reset from the pool", reset(name_, "data"));
    on_both("reset by a clone", reset(name_, "data"));
    on_both("fill", fill());
    on_both("refresh", make_template("data", "two"));
    on_both("clone", create(other_, "data"));
    on_both("fill anew", fill());
    on_both("reset to the newer", reset(name_));
    set_policy("template", "data");
    on_both("forget the default", forget_template("data"));
    set_policy("template", "empty");
    on_both("forget", forget_template("data"));
    on_both("forget again", forget_template("data"));
    on_both("reset without its template", reset(name_));
    set_pool("empty", 0);
    on_both("fill", fill());
    on_both("remove", removal(name_));
    on_both("remove", removal(other_));
}

TEST_F(SupplyContractTest, holds_where_what_is_warm_is_not_as_it_should_be) {
    set_pool("empty", 1);
    on_both("fill", fill());
    drift("reviewdb_b_", "ALTER DATABASE {} ALLOW_CONNECTIONS true",
          [](auto& database) { database.accepts_connections = true; });
    on_both("fill after it was opened", fill());
    drift("reviewdb_b_", "ALTER DATABASE {} CONNECTION LIMIT 1",
          [](auto& database) { database.connection_limit = 1; });
    on_both("fill after it was limited", fill());
    drift("reviewdb_b_", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{}'",
          [](auto& database) { database.half_dropped = true; });
    on_both("fill after it was half dropped", fill());
    set_policy("connection_limit", "7");
    on_both("create by other limits", create(name_));
    on_both("fill by other limits", fill());
    on_both("reset", reset(name_));
}

TEST_F(SupplyContractTest, holds_where_somebody_else_has_the_name) {
    set_pool("empty", 1);
    on_both("fill", fill());
    execute(root(), fmt::format("CREATE DATABASE review_{} OWNER pg_monitor", name_));
    support::FakeDatabase theirs;
    theirs.owner = "pg_monitor";
    theirs.oid = world_.next_oid();
    world_.databases["review_" + name_] = theirs;
    on_both("claim", create(name_));
    execute(root(), fmt::format("DROP DATABASE review_{}", name_));
    world_.databases.erase("review_" + name_);
    on_both("claim", create(name_));
}

// Every call that has several steps, dying after each of them, and then once more; every day one or
// two of the calls at each number of steps, and each of the calls at every third number.
TEST_F(SupplyContractTest, holds_through_every_death) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    constexpr int k_longest = 12;
    struct Death {
        std::string call;
        Act act;
        std::vector<std::pair<std::string, Act>> before = {};
        std::vector<std::pair<std::string, Act>> after = {};
    };
    on_both("make", make_template("data", "one"));
    on_both("create", create(name_));
    set_pool("data", 1);
    for (int steps = 0; steps < k_longest; ++steps) {
        const auto digest = std::to_string(steps);
        const auto refresh = make_template("data", digest);
        const std::array deaths{
            Death{"fill", fill(), {{"claim", create(other_, "data")}, {"remove", removal(other_)}}},
            Death{"reset", reset(name_, "data"), {{"fill", fill()}}},
            Death{"refresh", refresh, {{"fill", fill()}}},
            Death{"clone",
                  create(other_, "data"),
                  {{"refresh", refresh}},
                  {{"remove", removal(other_)}}},
            Death{"forget", forget_template("data"), {}, {{"make", refresh}}}};
        for (std::size_t i = 0; i < deaths.size(); ++i) {
            if (!support::is_of_every_day(steps + static_cast<int>(i), 3)) continue;
            const auto& death = deaths.at(i);
            for (const auto& [title, act] : death.before) on_both(title, act);
            on_both(fmt::format("{} dies at {}", death.call, steps), death.act, steps);
            on_both(death.call, death.act);
            for (const auto& [title, act] : death.after) on_both(title, act);
            if (death.call == "forget") set_pool("data", 1);
        }
        if (HasFatalFailure()) return;
    }
}

}  // namespace

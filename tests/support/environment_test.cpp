// SPDX-License-Identifier: Apache-2.0
#include "support/environment_test.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "server/prepare.h"
#include "support/must.h"
#include "support/sql.h"

namespace support {

using base::Result;
using environment::Answer;

pg::ConnectionInfo prepare_operator(const Cluster& cluster) {
    base::Log log{base::LogLevel::warning, base::LogFormat::text};
    server::Preparation wish;
    wish.loopback_allowed = true;
    wish.actor = k_tester;
    auto login =
        *must(server::prepare(cluster.make_administrator(), wish, soon(), log)).operator_login;
    cluster.make_login_quick(login);
    return login;
}

const pg::ConnectionInfo& prepared_operator() {
    static const auto k_login = prepare_operator(shared_cluster());
    return k_login;
}

void EnvironmentTest::SetUp() {
    PgTest::SetUp();
    if (!IsSkipped() && !HasFailure()) prepared_operator();
}

pg::ConnectionInfo EnvironmentTest::root(const std::string& database) {
    return shared_cluster().superuser(database);
}

environment::Manager::Surroundings EnvironmentTest::surroundings() {
    return {k_tester,
            {},
            {},
            [](const environment::Policy&) -> Result<std::unique_ptr<environment::SecretStore>> {
                return std::unique_ptr<environment::SecretStore>();
            }};
}

environment::Project EnvironmentTest::project() const {
    return must(environment::Project::parse(project_name_));
}

Result<Answer> EnvironmentTest::create(const std::string& name, std::optional<int> steps) const {
    const environment::CreateWish wish{
        project(), must(environment::Name::parse(name)), {}, {}, std::nullopt};
    return in_a_process(steps, [&](auto& manager) {
        return manager.create(wish, environment::Execution::carry_out, soon());
    });
}

Result<Answer> EnvironmentTest::remove(const std::string& name, std::optional<int> steps) const {
    environment::Wish wish{project(), must(environment::Name::parse(name)), {}, "test"};
    wish.purges = true;
    return in_a_process(steps, [&](auto& manager) {
        return manager.remove(wish, environment::Execution::carry_out, soon());
    });
}

Result<Answer> EnvironmentTest::repair(const std::string& name) const {
    const environment::Wish wish{project(), must(environment::Name::parse(name))};
    return in_a_process(std::nullopt, [&](auto& manager) {
        return manager.repair(wish, environment::Execution::carry_out, soon());
    });
}

pg::ConnectionInfo EnvironmentTest::login(const Answer& answer) {
    return shared_cluster().login(answer.description->role, answer.description->password,
                                  answer.description->database);
}

void EnvironmentTest::empty_trash() const {
    in_a_process(std::nullopt, [&](auto& manager) {
        must(manager.empty_trash({project(), std::nullopt, {}}, "test",
                                 environment::Execution::carry_out, soon()));
        return 0;
    });
}

void EnvironmentTest::wait_for_the_dead() {
    for (int i = 0; i < 500; ++i) {
        if (ask(root(),
                "SELECT count(*)::text AS value FROM pg_stat_activity WHERE usename = "
                "'reviewdb_operator'") == "0") {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "a session of the operator stays";
}

void EnvironmentTest::expect_nothing_left() const {
    EXPECT_EQ(what_is_left(root(), project_name_), "");
}

void EnvironmentTest::remove_all(const std::string& name) const {
    must(remove(name));
    expect_nothing_left();
}

}  // namespace support

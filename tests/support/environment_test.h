// SPDX-License-Identifier: Apache-2.0
//
// The fixture of every test that makes environments through the Manager on a real server: an
// administrator who is no superuser prepared it, and the operator's login does all the work. Each
// test has a project of its own, so that what it leaves behind can be counted.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "environment/manager.h"
#include "server/live_server.h"
#include "support/caller.h"
#include "support/pg_test.h"
#include "support/soon.h"
#include "support/sql.h"
#include "support/stop_after.h"

namespace support {

// Prepares the cluster as an administrator who is no superuser would, and answers the operator's
// login. Throws std::runtime_error.
pg::ConnectionInfo prepare_operator(const Cluster& cluster);

// The same on the shared cluster, which the first call prepares.
const pg::ConnectionInfo& prepared_operator();

class EnvironmentTest : public PgTest {
   protected:
    using Answer = environment::Answer;

    void SetUp() override;

    static pg::ConnectionInfo root(const std::string& database = "postgres");

    // Runs `deed` with a manager and a session of its own, as a process would: nothing is kept from
    // one call to the next. With `steps` the process dies after so many; `on_step` is told of each
    // as it begins.
    template <typename Deed>
    auto in_a_process(std::optional<int> steps, const Deed& deed,
                      std::function<void(const environment::Step&)> on_step = {}) const {
        base::Log log{base::LogLevel::error, base::LogFormat::text};
        server::LiveServer live(prepared_operator(), "reviewdb/test", log);
        StopAfter dying(live, steps.value_or(0));
        environment::Server& server = steps ? static_cast<environment::Server&>(dying) : live;
        auto around = surroundings();
        around.on_step = std::move(on_step);
        environment::Manager manager(server, std::move(around), log);
        return deed(manager);
    }
    // The same with two sessions, for what is done beside.
    template <typename Deed>
    auto in_a_process_of_two(std::optional<int> steps, const Deed& deed) const {
        base::Log log{base::LogLevel::error, base::LogFormat::text};
        server::LiveServer live(prepared_operator(), "reviewdb/test", log);
        server::LiveServer live_beside(prepared_operator(), "reviewdb/test", log);
        StopAfter dying(live, steps.value_or(0));
        StopAfter dying_beside(live_beside, dying);
        using environment::Server;
        environment::Manager manager(steps ? static_cast<Server&>(dying) : live, surroundings(),
                                     log);
        environment::Manager beside(steps ? static_cast<Server&>(dying_beside) : live_beside,
                                    surroundings(), log);
        return deed(manager, beside);
    }
    base::Result<Answer> create(const std::string& name,
                                std::optional<int> steps = std::nullopt) const;
    // For good.
    base::Result<Answer> remove(const std::string& name,
                                std::optional<int> steps = std::nullopt) const;
    base::Result<Answer> repair(const std::string& name) const;
    // Of the test's project, for good.
    void empty_trash() const;

    // The environment's own login; with the address by which tests reach the cluster.
    static pg::ConnectionInfo login(const Answer& answer);
    // The server ends the session of a process that died a moment after it.
    static void wait_for_the_dead();
    // No database, role or living row of the test's project.
    void expect_nothing_left() const;
    // Removes the environment and expects that nothing of it is left.
    void remove_all(const std::string& name) const;

    environment::Project project() const;

    std::string name_ = unique_name();
    std::string project_name_ = "life";

   private:
    static environment::Manager::Surroundings surroundings();

    KeptSessions kept_;
};

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
//
// A migration tool at work on an environment: always through `reviewdb exec`, so as the
// environment's role, in a folder of its own with a copy of the tool's files from tests/e2e/tools.
// REVIEWDB_TEST_TOOLS is where ./dev test has installed the tools.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "base/uuid.h"
#include "e2e/cli_fixture.h"

namespace e2e {

class ToolsTest : public CliTest {
   protected:
    explicit ToolsTest(const std::string& tool) : folder_(home() / tool) {}

    void SetUp() override {
        const char* tools = getenv("REVIEWDB_TEST_TOOLS");  // NOLINT(concurrency-mt-unsafe)
        if (tools == nullptr) {
            // NOLINTNEXTLINE(concurrency-mt-unsafe)
            if (getenv("CI") != nullptr) FAIL() << "CI tests with them, but there are no tools";
            GTEST_SKIP() << "Skipped: no migration tools (REVIEWDB_TEST_TOOLS is not set)";
        }
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        std::filesystem::copy(std::filesystem::path(REVIEWDB_TOOLS_SOURCE) / folder_.filename(),
                              folder_, std::filesystem::copy_options::recursive);
        std::filesystem::create_directory_symlink(std::filesystem::path(tools) / "node_modules",
                                                  home() / "node_modules");
        make({"create", name_, "-o", "json"});
    }

    // In place of the empty environment, one that has what `command` puts into a template: a clone
    // of that, or with `built` one that was cloned before anybody asked.
    enum class Built { on_the_spot, ahead };
    void begin_with(const std::string& command, Built built, Variables variables = {}) {
        output({"delete", "--purge", name_});
        name_ = support::unique_name("feature/");
        variables.emplace("REVIEWDB_SERVER", operator_url());
        variables.emplace("PATH", "/usr/bin:/bin");
        const auto made = call(home().path(), {"template", "create", template_, "--run", command},
                               std::move(variables), folder_);
        ASSERT_EQ(made.exit_code, 0) << made.out << made.err;
        const auto in_pool = [&](const char* number) {
            output({"pool", "set", number, "--template", template_});
            output({"pool", "fill"});
        };
        if (built == Built::ahead) in_pool("1");
        make({"create", name_, "--template", template_, "-o", "json"});
        EXPECT_EQ(made_.at("warm").as_bool(), built == Built::ahead);
        if (built == Built::ahead) in_pool("0");
    }
    // The template is of no use to others.
    void remove_template() const { output({"template", "delete", template_, "--yes"}); }

    // Runs a program of the tools in the tool's folder.
    base::Finished run(const std::string& program, const Words& words,
                       Variables variables = {}) const {
        Words all{"exec", name_, "--", (home() / "node_modules/.bin" / program).string()};
        all.insert(all.end(), words.begin(), words.end());
        variables.emplace("REVIEWDB_SERVER", operator_url());
        return call(folder_, all, std::move(variables));
    }
    pg::ConnectionInfo login() const { return login_of(url_); }
    std::string ask(const std::string& sql) const { return support::ask(login(), sql); }
    std::string count(const std::string& what) const {
        return ask("SELECT count(*)::text AS value FROM " + what);
    }
    void execute(const std::string& sql) const { support::execute(login(), sql); }

    // Waits until so many sessions in the environment's database wait for a lock of this kind.
    void wait_for_waiters(const std::string& kind, const std::string& how_many) const {
        auto watch = support::connect(login());
        const auto deadline = base::Deadline::after(std::chrono::seconds(30));
        while (!deadline.passed()) {
            if (support::ask(watch,
                             "SELECT count(*)::text AS value FROM pg_locks JOIN pg_database ON "
                             "database = pg_database.oid WHERE NOT granted AND datname = "
                             "current_database() AND locktype = '" +
                                 kind + "'") == how_many) {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        FAIL() << "not " << how_many << " sessions wait for a lock of kind " << kind;
    }

    // Whatever the tool did, the environment is as `create` wants it, `survivor` (a question of
    // count) is still `so_many`, all belongs to the role, and `delete` leaves nothing.
    void expect_whole_and_remove(const std::string& survivor, const std::string& so_many) const {
        EXPECT_EQ(json({"create", name_, "-o", "json"}).at("outcome").as_string(), "unchanged");
        EXPECT_EQ(output({"url", name_}), url_);
        EXPECT_EQ(count(survivor), so_many);
        EXPECT_EQ(count("pg_class WHERE relowner <> current_user::regrole AND relnamespace >= "
                        "16384 OR relnamespace = 'public'::regnamespace AND relowner <> "
                        "current_user::regrole"),
                  "0");
        output({"delete", "--purge", name_});
        const auto superuser = support::shared_cluster().superuser();
        EXPECT_EQ(support::ask(superuser,
                               "SELECT count(*)::text AS value FROM pg_database WHERE datname ~ "
                               "'^reviewdb_[bx]_' OR datname = '" +
                                   std::string(made_.at("database").as_string()) + "'"),
                  "0");
        EXPECT_EQ(support::ask(superuser,
                               "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = '" +
                                   std::string(made_.at("role").as_string()) + "'"),
                  "0");
    }

    const std::filesystem::path& folder() const { return folder_; }

   private:
    void make(const Words& words) {
        made_ = json(words);
        url_ = output({"url", name_});
    }

    std::string template_ = "t" + base::Uuid::random().short_name();
    std::string name_ = support::unique_name("feature/");
    std::filesystem::path folder_;
    boost::json::value made_;
    std::string url_;
};

}  // namespace e2e

// SPDX-License-Identifier: Apache-2.0
//
// An application's data out of its environment and in again with Postgres' own programs, as the
// role of the environment.
#include <algorithm>
#include <sstream>
#include <utility>

#include "base/subprocess.h"
#include "pg/application_fixture.h"

namespace {

using support::must;

// The lines of a dump, without the word that newer minors choose by chance.
std::vector<std::string> lines_of(const std::string& dump) {
    std::istringstream stream(dump);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ")) continue;
        lines.push_back(line);
    }
    return lines;
}

void expect_equal(const std::string& dump, const std::string& other) {
    const auto lines = lines_of(dump);
    const auto other_lines = lines_of(other);
    EXPECT_GT(lines.size(), 500U);
    EXPECT_EQ(lines.size(), other_lines.size());
    for (std::size_t i = 0; i < std::min(lines.size(), other_lines.size()); ++i) {
        ASSERT_EQ(lines[i], other_lines[i]) << "line " << i;
    }
}

class DumpTest : public ApplicationTest {
   protected:
    // What a program of Postgres printed, run as the role of an environment.
    static std::string output_of(const pg::ConnectionInfo& login,
                                 std::vector<std::string> arguments, std::string input = "") {
        arguments.front() = support::shared_cluster().programs() / arguments.front();
        base::Command command{.arguments = std::move(arguments),
                              .inherits = base::Environment::bare,
                              .input = std::move(input)};
        for (const auto& [variable, keyword] : {std::pair{"PGHOST", "host"},
                                                {"PGPORT", "port"},
                                                {"PGUSER", "user"},
                                                {"PGDATABASE", "dbname"}}) {
            command.environment[variable] = login.get(keyword);
        }
        command.environment["PGPASSWORD"] = login.password().reveal();
        const auto finished = must(base::run(command, support::soon()));
        EXPECT_EQ(finished.exit_code, 0) << command.arguments.front() << ": " << finished.err;
        return finished.out;
    }
};

// Owner and grants name roles, and each environment has its own: without them the dump fits any.
TEST_F(DumpTest, takes_everything_from_one_environment_into_another) {
    run(application());
    const auto other_name = support::unique_name();
    const auto other = must(create(other_name));
    const auto other_login = EnvironmentTest::login(other);
    const std::vector<std::string> dump{"pg_dump", "--no-owner", "--no-privileges"};
    const auto before = output_of(login(), dump);
    output_of(other_login, {"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"}, before);
    expect_equal(output_of(other_login, dump), before);
    EXPECT_EQ(support::ask(other_login, "SELECT films()::text AS value"), "3");
    EXPECT_EQ(must(create(other_name)).outcome, environment::Outcome::unchanged);
    must(remove(other_name));
    expect_whole_and_remove("SELECT films()", "3");
}

TEST_F(DumpTest, restores_an_environment_from_its_own_archive) {
    run(application());
    const auto before = output_of(login(), {"pg_dump"});
    const auto archive = output_of(login(), {"pg_dump", "--format=custom"});
    run({"DROP SCHEMA library, public CASCADE", "CREATE SCHEMA public",
         "GRANT USAGE ON SCHEMA public TO PUBLIC", "DROP PUBLICATION changes",
         "SELECT lo_unlink(4711)",
         "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC"});
    output_of(login(),
              {"pg_restore", "--exit-on-error", "--dbname", std::string(login().get("dbname"))},
              archive);
    expect_equal(output_of(login(), {"pg_dump"}), before);
    expect_all_is_the_roles();
    expect_whole_and_remove("SELECT films()", "3");
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Names that trip programs which make SQL, files or arguments of them: each is an environment like
// any other.
#include <set>

#include "e2e/cli_fixture.h"

namespace {

using support::ask;

constexpr const char* k_project = "names";

class NameTest : public e2e::CliTest {
   protected:
    static std::vector<std::string> names() {
        const std::string first_63(63, 'n');
        return {"o'hara \"quoted\" \"; DROP ROLE x; --",
                "größe/œuvre/日本",
                "🚀 rocket 🧑‍🚀",
                std::string(255, 'a'),
                std::string(254, 'a') + "b",
                first_63 + "1",
                first_63 + "2",
                "feature/Login",
                "feature/login",
                "feature-login",
                "postgres",
                "template1",
                "public",
                "none",
                "all",
                "user",
                "pg_x",
                "reviewdb",
                "reviewdb_manager",
                "-rf",
                "--help",
                "100%",
                "%s%n%1$s",
                "{0}",
                "../../etc",
                ".",
                " ",
                "*",
                "$(id) `id` \\"};
    }
    std::string speak(std::string verb, const std::string& name,
                      const e2e::Words& more = {}) const {
        e2e::Words words{std::move(verb), "--project", k_project};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"--", name});
        return output(words);
    }
    static std::set<std::string> databases() {
        const auto text =
            ask(support::shared_cluster().superuser(),
                "SELECT coalesce(string_agg(datname, E'\\n'), '') AS value FROM pg_database "
                "WHERE datname ~ '^names_'");
        std::set<std::string> found;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) found.insert(line);
        return found;
    }
};

TEST_F(NameTest, EachHasADatabaseAndARoleOfItsOwnAndDeletesOnlyItself) {
    std::map<std::string, std::string> made;
    std::set<std::string> expected;
    std::set<std::string> roles;
    for (const auto& name : names()) {
        SCOPED_TRACE(testing::PrintToString(name));
        const auto one = boost::json::parse(speak("create", name, {"-o", "json"}));
        EXPECT_EQ(one.at("name").as_string(), name);
        made[name] = std::string(one.at("database").as_string());
        EXPECT_TRUE(expected.insert(made[name]).second);
        EXPECT_TRUE(roles.insert(std::string(one.at("role").as_string())).second);
        const auto login = e2e::login_of(speak("url", name));
        EXPECT_EQ(ask(login, "SELECT current_database() AS value"), made[name]);
        EXPECT_EQ(support::refusal(login, "CREATE TABLE mine (n int)"), "") << "another's table";
    }
    EXPECT_EQ(databases(), expected);
    const auto listed = json({"list", "--project", k_project, "-o", "json"});
    EXPECT_EQ(listed.at("environments").as_array().size(), names().size());
    for (const auto& name : names()) {
        SCOPED_TRACE(testing::PrintToString(name));
        speak("delete", name);
        output({"trash", "empty", "--project", k_project});
        expected.erase(made[name]);
        EXPECT_EQ(databases(), expected);
    }
    EXPECT_EQ(ask(support::shared_cluster().superuser(),
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname ~ '^names_'"),
              "0");
}

}  // namespace

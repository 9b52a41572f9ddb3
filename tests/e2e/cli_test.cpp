// SPDX-License-Identifier: Apache-2.0
//
// What the program does when all is well: an environment's life from init to delete, and what of it
// is seen from outside.
#include <sys/stat.h>

#include <algorithm>

#include "e2e/cli_fixture.h"
#include "support/tcp_proxy.h"

namespace {

using e2e::CliTest;
using e2e::login_of;
using support::ask;
using support::unique_name;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string who_am_i(const std::string& url) {
    return ask(login_of(url), "SELECT current_user AS value");
}

TEST_F(CliTest, InitByTheAdministratorPrintsOneConnectionStringOnce) {
    const auto& first = e2e::prepared().first;
    EXPECT_THAT(first.out, StartsWith("postgresql://"));
    EXPECT_EQ(std::ranges::count(first.out, '\n'), 1);
    EXPECT_EQ(who_am_i(first.out), std::string(login_of(first.out).get("user")));
    EXPECT_NE(who_am_i(first.out),
              std::string(login_of(e2e::prepared().administrator).get("user")));
    const auto& second = e2e::prepared().second;
    EXPECT_EQ(second.exit_code, 0) << second.err;
    EXPECT_EQ(second.out, "");
    EXPECT_THAT(second.err, Not(HasSubstr("postgresql://")));
}

TEST_F(CliTest, AnEnvironmentIsCreatedShownAndListed) {
    const auto name = unique_name("feature/");
    const auto made = json({"create", name, "--label", "team=web", "-o", "json"});
    EXPECT_EQ(made.at("name").as_string(), name);
    EXPECT_EQ(made.at("outcome").as_string(), "created");
    EXPECT_EQ(made.at("state").as_string(), "ready");
    EXPECT_EQ(made.at("host").as_string(), "127.0.0.1");
    EXPECT_EQ(made.at("port").as_int64(), port());
    EXPECT_EQ(made.at("labels").at("team").as_string(), "web");

    EXPECT_EQ(json({"create", name, "-o", "json"}).at("outcome").as_string(), "unchanged");
    EXPECT_EQ(json({"get", name, "-o", "json"}).at("database"), made.at("database"));
    EXPECT_THAT(output({"list"}), HasSubstr(name));
    EXPECT_THAT(output({"ls", "-q"}), HasSubstr(name + "\n"));
    const auto listed = json({"list", "-o", "json"});
    const auto& all = listed.at("environments").as_array();
    EXPECT_EQ(std::ranges::count_if(
                  all, [&](const auto& one) { return one.at("name").as_string() == name; }),
              1);
}

TEST_F(CliTest, TheUrlLogsInAsTheRoleIntoTheDatabase) {
    const auto name = unique_name();
    const auto made = json({"create", name, "-o", "json"});
    const auto url = output({"url", name});
    EXPECT_EQ(who_am_i(url), std::string(made.at("role").as_string()));
    EXPECT_EQ(ask(login_of(url), "SELECT current_database() AS value"),
              std::string(made.at("database").as_string()));
    EXPECT_EQ(output({"create", name, "-o", "url"}), url);
}

TEST_F(CliTest, EnvPrintsLinesThatAShellReads) {
    const auto name = unique_name();
    output({"create", name});
    const auto lines = output({"env", name});
    base::Command shell{.arguments = {"sh", "-c", lines + "printf '%s\\n' \"$DATABASE_URL\""},
                        .inherits = base::Environment::bare};
    const auto finished =
        support::must(base::run(shell, base::Deadline::after(std::chrono::seconds(30))));
    EXPECT_EQ(finished.out, output({"url", name}));
}

TEST_F(CliTest, DeleteRemovesDatabaseAndRoleAndHistoryTellsWhy) {
    const auto name = unique_name();
    const auto made = json({"create", name, "-o", "json"});
    const auto removed =
        json({"delete", name, "--purge", "--reason", "branch merged", "-o", "json"});
    EXPECT_EQ(removed.at("outcome").as_string(), "deleted");

    const auto superuser = support::shared_cluster().superuser();
    const auto database = std::string(made.at("database").as_string());
    const auto role = std::string(made.at("role").as_string());
    EXPECT_EQ(ask(superuser, "SELECT count(*)::text AS value FROM pg_database WHERE datname = '" +
                                 database + "'"),
              "0");
    EXPECT_EQ(ask(superuser,
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = '" + role + "'"),
              "0");
    EXPECT_THAT(output({"list", "-q"}), Not(HasSubstr(name)));
    EXPECT_THAT(output({"history", name}), HasSubstr("branch merged"));
    EXPECT_FALSE(json({"history", name, "-o", "json"}).at("history").as_array().empty());
}

TEST_F(CliTest, WhatIsGoneAlreadyIsAbsentAndOnlyASurpriseToWhoAskedForIt) {
    const auto name = unique_name();
    output({"create", name});
    output({"delete", name});
    EXPECT_EQ(json({"delete", name, "-o", "json"}).at("outcome").as_string(), "absent");
    EXPECT_THAT(output({"delete", name}), HasSubstr("absent"));
    const auto finished = reviewdb({"delete", name, "--must-exist"});
    EXPECT_EQ(finished.exit_code, 3);
    EXPECT_EQ(finished.out, "");
}

TEST_F(CliTest, ANameIsDataAndNeverSqlOrShell) {
    const auto superuser = support::shared_cluster().superuser();
    const auto role = unique_name("x");
    support::execute(superuser, "CREATE ROLE " + role);
    const std::string name = unique_name() + "'\"; DROP ROLE " + role + ";-- $(false) \\ %s {0}";
    const auto made = json({"create", name, "-o", "json"});
    EXPECT_EQ(made.at("name").as_string(), name);
    EXPECT_EQ(json({"get", name, "-o", "json"}).at("name").as_string(), name);
    EXPECT_EQ(who_am_i(output({"url", name})), std::string(made.at("role").as_string()));
    EXPECT_EQ(json({"delete", name, "-o", "json"}).at("outcome").as_string(), "deleted");
    EXPECT_EQ(ask(superuser,
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = '" + role + "'"),
              "1");
    support::execute(superuser, "DROP ROLE " + role);
}

TEST_F(CliTest, ThroughATunnelTheAdvertisedAddressStays) {
    const support::TcpProxy proxy(port());
    const auto tunnel = login_of(operator_url())
                            .with("host", "localhost")
                            .with("hostaddr", "127.0.0.1")
                            .with("port", std::to_string(proxy.port()))
                            .to_uri()
                            .reveal();
    const auto name = unique_name();
    output({"create", name}, {{"REVIEWDB_SERVER", tunnel}});
    EXPECT_GT(proxy.connections(), 0U);
    const auto url = output({"url", name}, {{"REVIEWDB_SERVER", tunnel}});
    EXPECT_EQ(login_of(url).get("host"), "127.0.0.1");
    EXPECT_EQ(login_of(url).get("port"), std::to_string(port()));
    EXPECT_EQ(url, output({"url", name}));
    const auto own = output({"url", name, "--via", "connection"}, {{"REVIEWDB_SERVER", tunnel}});
    EXPECT_EQ(login_of(own).get("port"), std::to_string(proxy.port()));
}

TEST_F(CliTest, ExecGivesTheUrlToTheCommandAndTakesItsExitCode) {
    const auto name = unique_name();
    output({"create", name});
    const auto finished = reviewdb(
        {"exec", name, "--", "sh", "-c",
         "printf '%s\\n' \"$DATABASE_URL\"; test -z \"$REVIEWDB_SERVER\" || exit 9; exit 7"});
    EXPECT_EQ(finished.exit_code, 7) << finished.err;
    EXPECT_EQ(finished.out, output({"url", name}));
}

TEST_F(CliTest, ThePasswordIsInNoOutputThatDoesNotPromiseItAndInNoLog) {
    const auto name = unique_name();
    const e2e::Variables trace{{"REVIEWDB_LOG_LEVEL", "trace"}};
    std::string said;
    const auto note = [&](const e2e::Words& words) {
        const auto finished = reviewdb(words, trace);
        EXPECT_EQ(finished.exit_code, 0) << words.front() << ": " << finished.err;
        said += finished.out + finished.err;
    };
    note({"create", name, "-o", "json"});
    note({"create", name});
    const auto shown = reviewdb({"url", name}, trace);
    const auto password = login_of(shown.out).password().reveal();
    ASSERT_GT(password.size(), 15U);
    said += shown.err;
    note({"get", name});
    note({"list"});
    note({"list", "-o", "json", "--size"});
    note({"history", name});
    note({"history", name, "-o", "json"});
    note({"config"});
    note({"doctor"});
    note({"delete", name});
    EXPECT_THAT(said, Not(HasSubstr(password)));
    EXPECT_THAT(said, Not(HasSubstr(login_of(operator_url()).password().reveal())));

    const auto log = support::shared_cluster().server_log();
    EXPECT_THAT(log, HasSubstr("CREATE DATABASE"));
    EXPECT_EQ(log.find(password), std::string::npos);
    EXPECT_EQ(log.find(login_of(operator_url()).password().reveal()), std::string::npos);
}

TEST_F(CliTest, ASecretInAFileLogsInAndGoesWithItsEnvironment) {
    const auto folder = home() / "secrets";
    const std::string project = "vault";
    output({"config", "set", "secrets=file:" + folder.string(), "--project", project});
    const auto made = json({"create", "x", "--project", project, "-o", "json"});
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    ASSERT_EQ(files.size(), 1U);
    struct stat facts {};
    ASSERT_EQ(stat(files[0].c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    ASSERT_EQ(stat(folder.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0700U);

    std::ifstream stream(files[0]);
    const auto secret = boost::json::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
    EXPECT_EQ(secret.at("engine").as_string(), "postgres");
    EXPECT_EQ(secret.at("username"), made.at("role"));
    EXPECT_EQ(secret.at("dbname"), made.at("database"));
    const auto url = std::string(secret.at("url").as_string());
    EXPECT_EQ(who_am_i(url), std::string(made.at("role").as_string()));
    EXPECT_EQ(secret.at("password").as_string(), login_of(url).password().reveal());

    output({"delete", "x", "--project", project});
    EXPECT_FALSE(std::filesystem::exists(files[0]));
}

TEST_F(CliTest, WhatAKilledWriterLeftOfASecretGoesWithTheNextCreateOrDelete) {
    const auto folder = home() / "secrets";
    const std::string project = "killed";
    const auto files = [&] {
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            found.push_back(entry.path());
        }
        return found;
    };
    output({"config", "set", "secrets=file:" + folder.string(), "--project", project});
    output({"create", "x", "--project", project});
    ASSERT_EQ(files().size(), 1U);
    const auto secret = files()[0];
    std::filesystem::rename(secret, secret.string() + ".new-abcdefgh");
    output({"create", "x", "--project", project});
    EXPECT_EQ(files(), std::vector{secret});
    std::filesystem::rename(secret, secret.string() + ".new-abcdefgh");
    output({"delete", "x", "--project", project});
    EXPECT_TRUE(files().empty());
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Where a password must not be seen: in what other programs on the machine can read of ours, in the
// server's log, and in errors.
#include <algorithm>
#include <set>

#include "base/file.h"
#include "e2e/process.h"

namespace {

using e2e::Process;
using e2e::Words;
using testing::HasSubstr;
using testing::Not;

// Empty for what is not there, or not there any more.
std::string file_text(const std::filesystem::path& path) {
    const auto text = base::read_file(path);
    return text ? text->value_or("") : "";
}

pid_t parent_of(const std::string& pid) {
    const auto status = file_text("/proc/" + pid + "/status");
    const auto place = status.find("PPid:\t");
    return place == std::string::npos ? 0 : std::stoi(status.substr(place + 6));
}

// What could be read of a process and its children while it ran, each text once.
struct Sight {
    std::set<std::string> arguments;
    std::set<std::string> childrens_environments;
    bool holds(const std::string& text) const {
        const auto has = [&](const std::string& seen) { return seen.find(text) != seen.npos; };
        return std::ranges::any_of(arguments, has) ||
               std::ranges::any_of(childrens_environments, has);
    }
};

void look(pid_t process, Sight& sight) {
    std::set<pid_t> family{process};
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto pid = entry.path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        const bool child = family.contains(parent_of(pid));
        if (child) family.insert(std::stoi(pid));
        if (!child && std::stoi(pid) != process) continue;
        sight.arguments.insert(file_text(entry.path() / "cmdline"));
        if (child) sight.childrens_environments.insert(file_text(entry.path() / "environ"));
    }
}

class SecrecyTest : public e2e::CliTest {
   protected:
    static void SetUpTestSuite() { e2e::prepared(); }

    void watch(const Words& words, Sight& sight) const {
        Process process(home().path(), words,
                        {{"REVIEWDB_SERVER", operator_url()}, {"REVIEWDB_LOG_LEVEL", "trace"}});
        while (!process.ended()) look(process.pid(), sight);
        EXPECT_EQ(process.wait(), 0) << process.output();
        said_ += process.output();
    }
    std::string password_of(const std::string& name) const {
        return e2e::login_of(output({"url", name})).password().reveal();
    }
    static void as_superuser(const std::string& sql) {
        support::execute(support::shared_cluster().superuser(), sql);
    }

    mutable std::string said_;
};

TEST_F(SecrecyTest, NothingOfAPasswordIsInArgumentsOrInAChildsEnvironment) {
    const auto name = support::unique_name();
    const auto operators = e2e::login_of(operator_url()).password().reveal();
    Sight sight;
    watch({"create", name}, sight);
    const auto password = password_of(name);
    const auto role = std::string(json({"get", name, "-o", "json"}).at("role").as_string());
    as_superuser("ALTER ROLE " + role + " PASSWORD 'other'");
    watch({"create", name}, sight);
    // The one process that was seen is ours, with its arguments.
    EXPECT_THAT(sight.arguments, testing::Contains(HasSubstr(name)));
    EXPECT_FALSE(sight.holds(password));
    for (const auto& arguments : sight.arguments) EXPECT_THAT(arguments, Not(HasSubstr(operators)));
    EXPECT_THAT(said_, Not(HasSubstr(password)));
    EXPECT_THAT(said_, Not(HasSubstr(operators)));

    // Whoever runs a command asks for the password in that command's environment, and only there.
    Sight run;
    watch({"exec", name, "--", "sleep", "0.2"}, run);
    for (const auto& arguments : run.arguments) EXPECT_THAT(arguments, Not(HasSubstr(password)));
}

TEST_F(SecrecyTest, TheLocalServersPasswordsAreInNobodysArgumentsOrEnvironment) {
    // A server that root starts runs as somebody else, who has to get in.
    const support::TempFolder home("reviewdb-test-", 0755);
    Sight sight;
    Process process(home.path(), {"local", "start"}, {{"REVIEWDB_LOG_LEVEL", "trace"}});
    while (!process.ended()) look(process.pid(), sight);
    EXPECT_EQ(process.wait(), 0) << process.output();
    const auto state = home / "state" / "reviewdb";
    const auto administrator = file_text(state / "administrator");
    const auto operators = e2e::login_of(file_text(state / "operator")).password().reveal();
    EXPECT_EQ(e2e::call(home.path(), {"local", "remove"}, {}).exit_code, 0);
    EXPECT_THAT(sight.arguments, testing::Contains(HasSubstr("initdb")));
    for (const auto& password : {administrator, operators}) {
        ASSERT_GT(password.size(), 15U);
        EXPECT_FALSE(sight.holds(password));
        EXPECT_THAT(process.output(), Not(HasSubstr(password)));
    }
}

TEST_F(SecrecyTest, AStatementThatFailsPutsNoPasswordIntoTheServersLog) {
    support::shared_cluster().restart(
        {{"log_statement", "all"}, {"log_min_duration_statement", "0"}});
    const auto name = support::unique_name();
    const auto made = json({"create", name, "-o", "json"});
    const auto password = password_of(name);
    const std::string role(made.at("role").as_string());
    as_superuser("ALTER ROLE " + role + " PASSWORD 'other'");
    as_superuser("ALTER ROLE reviewdb_manager NOCREATEROLE");
    const auto failed = reviewdb({"create", name}, {{"REVIEWDB_LOG_LEVEL", "trace"}});
    const auto also = reviewdb({"create", name + "x"}, {{"REVIEWDB_LOG_LEVEL", "trace"}});
    as_superuser("ALTER ROLE reviewdb_manager CREATEROLE");
    EXPECT_EQ(failed.exit_code, 5) << failed.err;
    EXPECT_EQ(also.exit_code, 5) << also.err;
    const auto mended = json({"create", name, "-o", "json"});
    EXPECT_EQ(mended.at("outcome").as_string(), "repaired");
    EXPECT_EQ(password_of(name), password);
    output({"create", name + "x"});

    const auto log = support::shared_cluster().server_log();
    EXPECT_THAT(log, HasSubstr("STATEMENT:  ALTER ROLE \"" + role + "\" PASSWORD 'SCRAM-SHA-256$"));
    EXPECT_THAT(log, HasSubstr("STATEMENT:  CREATE ROLE"));
    for (const auto& secret :
         {password, password_of(name + "x"), e2e::login_of(operator_url()).password().reveal()}) {
        EXPECT_EQ(log.find(secret), std::string::npos);
        EXPECT_THAT(failed.err + failed.out + also.err + also.out, Not(HasSubstr(secret)));
    }
}

TEST_F(SecrecyTest, AWrongPasswordIsRefusedWithoutBeingRepeated) {
    const std::string wrong = "Wr0ng-p4ssw0rd";
    const auto login = e2e::login_of(operator_url());
    const auto url =
        login.with_login(std::string(login.get("user")), base::Secret(wrong)).to_uri().reveal();
    for (const Words& words : {Words{"create", "x"}, {"list"}, {"doctor"}, {"config"}}) {
        const auto finished =
            reviewdb(words, {{"REVIEWDB_SERVER", url}, {"REVIEWDB_LOG_LEVEL", "trace"}});
        EXPECT_NE(finished.exit_code, 0) << words[0];
        EXPECT_THAT(finished.err + finished.out, HasSubstr("password"));
        EXPECT_THAT(finished.err + finished.out, Not(HasSubstr(wrong)));
    }
    EXPECT_EQ(reviewdb({"create", "x"}, {{"REVIEWDB_SERVER", url}}).exit_code, 5);
}

TEST_F(SecrecyTest, AConnectionStringThatCannotBeReadIsAMistakeInTheCallAndNotRepeated) {
    const std::string secret = "S3cr3t-w0rd";
    for (const std::string& text :
         {"postgresql://u:" + secret + "%zz@127.0.0.1/db", "postgresql://u:%" + secret + "@h/db",
          "postgresql://u:a@" + secret + "@127.0.0.1/db", "postgresql://u:" + secret + "/x@h/db",
          "postgresql://u:12/" + secret + "@127.0.0.1/db", "postgresql://" + secret + "/@/",
          "postgresql://u:" + secret + "@127.0.0.1/db?sslmode", "postgre://u:" + secret + "@h/db",
          "postgresql:/u:" + secret + "@h/db?a=b", "u:" + secret + "@h/db",
          "https://u:" + secret + "@h/db", "secret:postgresql://u:" + secret + "@h/db",
          "secret:a?password=" + secret, "host=127.0.0.1 password='" + secret,
          "host=127.0.0.1 password=a " + secret, "host=127.0.0.1 secret=" + secret, secret}) {
        SCOPED_TRACE(text);
        const e2e::Variables trace{{"REVIEWDB_SERVER", text}, {"REVIEWDB_LOG_LEVEL", "trace"}};
        for (const Words& words : {Words{"create", "x"}, {"init"}, {"list", "-o", "json"}}) {
            const auto finished = reviewdb(words, trace);
            EXPECT_EQ(finished.exit_code, 2) << finished.err;
            EXPECT_THAT(finished.err + finished.out, Not(HasSubstr(secret)));
        }
        const auto shown = reviewdb({"doctor"}, trace);
        EXPECT_THAT(shown.err + shown.out, Not(HasSubstr(secret)));
        std::ofstream(home() / "reviewdb.toml") << "server = \"" << text << "\n";
        const auto file = e2e::call(home().path(), {"list"}, {});
        EXPECT_EQ(file.exit_code, 2);
        EXPECT_THAT(file.err, Not(HasSubstr(secret)));
        std::filesystem::remove(home() / "reviewdb.toml");
    }
}

TEST_F(SecrecyTest, AConnectionStringInTheWrongPlaceIsNotRepeated) {
    const std::string url = "postgresql://u:S3cr3t-w0rd@127.0.0.1/db";
    for (const Words& words : {Words{"create", "x", url},
                               {url, "create", "x"},
                               {url},
                               {"--server" + url, "list"},
                               {"list", "--servr=" + url},
                               {"--project", url, "list"},
                               {"local", url},
                               {"config", "set", url},
                               {"config", "set", "secrets=" + url},
                               {"config", url},
                               {"list", "--log-level", url},
                               {"list", "--deadline", url},
                               {"list", "-o", url},
                               {"list", "--state", url},
                               {"init", "--advertise", url},
                               {"url", "x", "--via", url},
                               {"init", "--key", url},
                               {"init", "--sslmode", url}}) {
        SCOPED_TRACE(testing::PrintToString(words));
        const auto finished = reviewdb(words);
        EXPECT_NE(finished.exit_code, 0);
        EXPECT_THAT(finished.err + finished.out, Not(HasSubstr("S3cr3t-w0rd")));
    }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// What is printed for shells and other programs, read by them.
#include "e2e/cli_fixture.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class OutputsTest : public e2e::CliTest {
   protected:
    // Runs `script` with `program`, with the built program as $REVIEWDB.
    base::Finished in_shell(const e2e::Words& shell, const std::string& script,
                            e2e::Variables variables = {}) const {
        base::Command command{.arguments = shell, .inherits = base::Environment::bare};
        command.arguments.push_back(script);
        variables.emplace("HOME", home().path().string());
        variables.emplace("REVIEWDB", REVIEWDB_PROGRAM);
        variables.emplace("REVIEWDB_SERVER", operator_url());
        command.environment = std::move(variables);
        return support::must(base::run(command, base::Deadline::after(std::chrono::seconds(90))));
    }
    std::string role_of(const std::string& name) const {
        return std::string(json({"get", name, "-o", "json"}).at("role").as_string());
    }
};

TEST_F(OutputsTest, EnvMakesPsqlWorkInTheNextLineOfEveryShell) {
    output({"create", "shells"});
    const auto role = role_of("shells") + "\n";
    const std::string query = "psql -XAtc 'select current_user'";
    const e2e::Variables misleading{{"PGHOSTADDR", "192.0.2.1"}, {"PGSERVICE", "nowhere"}};
    for (const auto* shell : {"sh", "dash", "bash", "zsh"}) {
        if (!base::find_program(shell)) continue;
        const auto told =
            in_shell({shell, "-euc"}, "eval \"$($REVIEWDB env shells)\"\n" + query, misleading);
        EXPECT_EQ(told.out, role) << shell << told.err;
        const auto later =
            in_shell({shell, "-c"}, "eval \"$($REVIEWDB env shells)\"; $REVIEWDB get shells -q");
        EXPECT_EQ(later.out, "shells\n") << shell << later.err;
    }
    if (base::find_program("fish")) {
        const auto told =
            in_shell({"fish", "-c"}, "$REVIEWDB env shells -o fish | source\n" + query, misleading);
        EXPECT_EQ(told.out, role) << told.err;
    }
    output({"delete", "shells", "--yes"});
}

TEST_F(OutputsTest, AnEnvrcGivesDirenvTheVariables) {
    if (!base::find_program("direnv")) GTEST_SKIP() << "no direnv here";
    output({"create", "rc"});
    std::ofstream(home() / ".envrc") << "eval \"$($REVIEWDB env rc)\"\n";
    const auto told = in_shell({"sh", "-ec"},
                               "cd \"$HOME\"; direnv allow; direnv exec . psql -XAtc 'select "
                               "current_user'");
    EXPECT_EQ(told.out, role_of("rc") + "\n") << told.err;
    output({"delete", "rc", "--yes"});
}

TEST_F(OutputsTest, AnEnvFileHasBareLinesAndJsonHasTheSameValues) {
    output({"create", "files"});
    const auto url = output({"url", "files"});
    const auto object = json({"env", "files", "-o", "json"});
    EXPECT_EQ(std::string(object.at("DATABASE_URL").as_string()) + "\n", url);
    for (const auto* format : {"dotenv", "gitlab"}) {
        const auto text = output({"env", "files", "-o", format});
        EXPECT_THAT(text, HasSubstr("DATABASE_URL=" + url));
        EXPECT_THAT(text, Not(testing::ContainsRegex("['\" ]|export")));
        EXPECT_EQ(output({"create", "files", "-o", format}), text);
        std::size_t lines = 0;
        for (const auto& [name, value] : object.as_object()) {
            EXPECT_THAT(text,
                        HasSubstr(std::string(name) + "=" + std::string(value.as_string()) + "\n"));
            ++lines;
        }
        EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), lines);
    }
    EXPECT_EQ(output({"create", "files", "-o", "fish"}), output({"env", "files", "-o", "fish"}));
    output({"delete", "files", "--yes"});
}

TEST_F(OutputsTest, GithubIsToldToMaskEveryFormBeforeTheFirstIsPrinted) {
    output({"create", "masked"});
    const auto login = e2e::login_of(output({"url", "masked"}));
    const auto file = home() / "github_env";
    e2e::Variables job{{"GITHUB_ACTIONS", "true"}, {"GITHUB_ENV", file.string()}};
    const auto told = reviewdb({"env", "masked", "-o", "github"}, job);
    EXPECT_EQ(told.out, "");
    EXPECT_THAT(told.err, AllOf(HasSubstr("::add-mask::" + login.password().reveal()),
                                HasSubstr("::add-mask::" + login.to_uri().reveal())));
    // The next step of the job has all of these, and the operator's password in its own variable.
    std::ifstream lines(file);
    const std::string written((std::istreambuf_iterator<char>(lines)), {});
    EXPECT_THAT(written, AllOf(HasSubstr("PGPASSWORD"), HasSubstr("DATABASE_URL")));
    output({"delete", "masked", "--yes"});
}

TEST_F(OutputsTest, ACommandThatCannotBeRunEndsAsInAShell) {
    output({"create", "runs"});
    EXPECT_EQ(reviewdb({"exec", "runs", "--", "no-such-program"}).exit_code, 127);
    EXPECT_EQ(reviewdb({"exec", "runs", "--", "/no/such/program"}).exit_code, 127);
    const auto plain = home() / "plain";
    std::ofstream(plain) << "no program";
    EXPECT_EQ(reviewdb({"exec", "runs", "--", plain.string()}).exit_code, 126);
    EXPECT_EQ(reviewdb({"exec", "runs", "--", home().path().string()}).exit_code, 126);
    const auto lost = home() / "lost";
    std::ofstream(lost) << "#!/no/such/interpreter\n";
    std::filesystem::permissions(lost, std::filesystem::perms::owner_all);
    EXPECT_EQ(reviewdb({"exec", "runs", "--", lost.string()}).exit_code, 126);
    EXPECT_EQ(reviewdb({"exec", "runs", "--", "sh", "-c", "exit 42"}).exit_code, 42);
    EXPECT_EQ(reviewdb({"create", "runs", "--exec", "--", "no-such-program"}).exit_code, 127);
    EXPECT_EQ(reviewdb({"exec", "is-not-there", "--", "true"}).exit_code, 3);
    output({"delete", "runs", "--yes"});
}

TEST_F(OutputsTest, AClosedEnvironmentIsToBeOpened) {
    output({"create", "shut"});
    output({"close", "shut"});
    for (const e2e::Words& words :
         {e2e::Words{"url", "shut"}, {"env", "shut"}, {"exec", "shut", "--", "true"}}) {
        const auto refused = reviewdb(words);
        EXPECT_EQ(refused.exit_code, 4) << refused.err;
        EXPECT_THAT(refused.err, HasSubstr("reviewdb open 'shut'"));
    }
    EXPECT_EQ(json({"get", "shut", "-o", "json"}).at("state").as_string(), "closed");
    EXPECT_THAT(output({"doctor", "shut"}), HasSubstr("every login is refused"));
    output({"open", "shut"});
    output({"delete", "shut", "--yes"});
}

TEST_F(OutputsTest, WhatIsNotThereIsLookedForInTheTrashAndAmongSimilarNames) {
    output({"create", "feature/lookup"});
    EXPECT_THAT(reviewdb({"get", "feature/lokup"}).err,
                AllOf(HasSubstr("'feature/lookup'"), HasSubstr("reviewdb create 'feature/lokup'")));
    EXPECT_THAT(reviewdb({"url", "nothing-like-it"}).err,
                HasSubstr("reviewdb create 'nothing-like-it'"));
    output({"delete", "feature/lookup", "--yes"});
    EXPECT_THAT(reviewdb({"get", "feature/lookup"}).err,
                HasSubstr("reviewdb restore 'feature/lookup'"));
}

TEST_F(OutputsTest, DoctorExplainsWhatOneEnvironmentIsRefused) {
    output({"create", "ailing", "--project", "ail"});
    const auto fine = reviewdb({"doctor", "ailing", "--project", "ail"});
    EXPECT_EQ(fine.exit_code, 0) << fine.err;
    EXPECT_THAT(fine.out, AllOf(HasSubstr("cannot create, rename or drop a database"),
                                HasSubstr("0 of "), HasSubstr("state: ready")));
    const auto login = e2e::login_of(output({"url", "ailing", "--project", "ail"}));
    EXPECT_EQ(support::refusal(login, "CREATE DATABASE shadow"), "42501");
    support::execute(support::shared_cluster().superuser(),
                     "ALTER ROLE " + std::string(login.get("user")) + " NOLOGIN");
    const auto broken = reviewdb({"doctor", "ailing", "--project", "ail"});
    EXPECT_EQ(broken.exit_code, 7) << broken.out;
    EXPECT_THAT(broken.out, AllOf(HasSubstr("cannot log in"), HasSubstr("reviewdb repair")));
    output({"repair", "ailing", "--project", "ail"});
    output({"delete", "ailing", "--project", "ail", "--yes"});
    EXPECT_EQ(reviewdb({"doctor", "gone", "--project", "ail"}).exit_code, 3);
}

TEST_F(OutputsTest, AReleasedRoleIsOfferedNoOtherDatabase) {
    const auto name = support::unique_name();
    output({"create", name});
    const auto login = e2e::login_of(output({"url", name}));
    const std::string role(login.get("user"));
    const auto root = support::shared_cluster().superuser();
    support::execute(root, "CREATE ROLE neighbour LOGIN");
    output({"release", name});
    const e2e::Variables administrator{{"REVIEWDB_SERVER", e2e::prepared().administrator}};
    for (const e2e::Words& words : {e2e::Words{"init"}, {"doctor"}}) {
        const auto told =
            reviewdb(words, words.front() == "init" ? administrator : e2e::Variables());
        const auto all = told.out + told.err;
        EXPECT_THAT(all, HasSubstr("neighbour")) << "logins by PUBLIC alone are shown";
        EXPECT_THAT(all, Not(HasSubstr(role)));
    }
    support::execute(root, "DROP DATABASE " + std::string(login.get("dbname")));
    support::execute(root, "DROP ROLE neighbour");
    support::execute(root, "DROP ROLE " + role);
}

TEST_F(OutputsTest, DoctorShowsTheSettingsThatItWorksWith) {
    const auto told = reviewdb({"doctor", "-o", "json"}, {{"XDG_STATE_HOME", "/var/lib/x"}}).out;
    EXPECT_THAT(told, Not(HasSubstr("$XDG")));
    EXPECT_THAT(told, AllOf(HasSubstr("\"key\": \"actor\""), HasSubstr("@")));
}

TEST_F(OutputsTest, ASweepByAPathSaysWhoseBranchesTheyAreOrNothing) {
    const auto remote = home() / "remote.git";
    for (const e2e::Words& words :
         {e2e::Words{"git", "init", "-q", "-b", "main", remote.string()},
          {"git", "-C", remote.string(), "-c", "user.name=t", "-c", "user.email=t@example.org",
           "commit", "-q", "--allow-empty", "-m", "first"}}) {
        ASSERT_EQ(support::must(base::run({.arguments = words},
                                          base::Deadline::after(std::chrono::seconds(30))))
                      .exit_code,
                  0);
    }
    const auto source = "git:" + remote.string();
    const auto refused = reviewdb({"sweep", "--branches", source});
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("--repository"));
    EXPECT_EQ(
        reviewdb({"sweep", "--branches", source, "--repository", "github.com/acme/shop"}).exit_code,
        0);
}

}  // namespace

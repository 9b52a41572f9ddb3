// SPDX-License-Identifier: Apache-2.0
//
// What each program that reviewdb starts inherits: its variables and its open files, as the program
// itself finds them.
#include <sys/stat.h>

#include "base/file.h"
#include "e2e/process.h"

namespace {

using e2e::Variables;
using e2e::Words;
using std::filesystem::path;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What an operator's job may have in its environment and no child may inherit. All of it is marked.
const Variables k_secret{{"REVIEWDB_KEY", "marked-key"},
                         {"REVIEWDB_KEY_2", "marked-key-2"},
                         {"REVIEWDB_NOT_KNOWN_YET", "marked-new"},
                         {"PGPASSWORD", "marked-password"},
                         {"PGPASSFILE", "/marked/passfile"},
                         {"PGSERVICEFILE", "/marked/services"},
                         {"PGOPTIONS", "-c application_name=marked"},
                         {"PGAPPNAME", "marked-name"},
                         {"PGSSLKEY", "/marked/key"}};
const Variables k_aws{{"AWS_SECRET_ACCESS_KEY", "amazon-secret"},
                      {"AWS_SESSION_TOKEN", "amazon-token"}};

class ChildrenTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        for (const auto& folder : {programs(), programs() / "real", programs() / "seen"}) {
            std::filesystem::create_directories(folder);
            // Postgres runs as another user where root starts it.
            ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
        }
        ASSERT_EQ(chmod(home().path().c_str(), 0755), 0);
    }

    path programs() const { return home() / "programs"; }
    // A program of this name, which becomes the real one where there is one.
    void stand_in(const std::string& name, const path& real = {}) const {
        std::filesystem::copy_file(REVIEWDB_RECORDER, programs() / name);
        if (!real.empty()) std::filesystem::create_symlink(real, programs() / "real" / name);
    }
    static path postgres_program(const std::string& name) {
        return support::shared_cluster().programs() / name;
    }

    Variables marked_variables(Variables variables = {}) const {
        variables.insert(k_secret.begin(), k_secret.end());
        variables.insert(k_aws.begin(), k_aws.end());
        variables.emplace("CALLERS_OWN", "own-value");
        variables.emplace("PATH", programs().string() + ":/usr/bin:/bin");
        return variables;
    }
    base::Finished marked(const Words& words, Variables variables = {}) const {
        return reviewdb(words, marked_variables(std::move(variables)));
    }
    // What the programs of this name saw, all runs together.
    std::string seen_by(const std::string& name) const {
        std::string all;
        for (const auto& entry : std::filesystem::directory_iterator(programs() / "seen")) {
            if (entry.path().stem() != name) continue;
            all += support::must(base::read_file(entry.path())).value_or("");
        }
        return all;
    }
    std::string operators_password() const {
        return e2e::login_of(operator_url()).password().reveal();
    }
    // Nothing of reviewdb's own, and no file but the standard streams.
    void expect_clean(const std::string& name) const {
        SCOPED_TRACE(name);
        const auto seen = seen_by(name);
        EXPECT_THAT(seen, HasSubstr("PATH="));
        EXPECT_THAT(seen, AllOf(Not(HasSubstr("marked")), Not(HasSubstr(operators_password())),
                                Not(HasSubstr("REVIEWDB_"))));
        for (int file = 3; file < 64; ++file) {
            EXPECT_THAT(seen, Not(HasSubstr("open file " + std::to_string(file) + ":")));
        }
    }
    void expect_no_aws(const std::string& name) const {
        EXPECT_THAT(seen_by(name), Not(HasSubstr("amazon"))) << name;
    }

    std::string name_ = support::unique_name();
    std::string project_ = "c" + name_.substr(2);
};

TEST_F(ChildrenTest, AnApplicationGetsItsOwnVariablesAndNoneOfReviewdb) {
    stand_in("application");
    EXPECT_EQ(marked({"create", name_, "--exec", "--", "application"}).exit_code, 0);
    expect_clean("application");
    const auto made = seen_by("application");
    EXPECT_THAT(made, AllOf(HasSubstr("CALLERS_OWN=own-value"), HasSubstr("amazon-secret"),
                            HasSubstr("PGUSER=review_"), HasSubstr("DATABASE_URL=postgresql://")));
    EXPECT_EQ(marked({"exec", name_, "--", "application"}).exit_code, 0);
    expect_clean("application");
    EXPECT_GT(seen_by("application").size(), made.size());
}

TEST_F(ChildrenTest, AnApplicationKeepsTheFilesThatItsCallerOpenedForIt) {
    output({"create", name_});
    const auto script = "exec 7</dev/null; exec " REVIEWDB_PROGRAM " exec " + name_ +
                        " -- sh -c 'ls -l /proc/self/fd'";
    const auto finished = support::must(base::run(
        {.arguments = {"/bin/sh", "-c", script},
         .environment = {{"REVIEWDB_SERVER", operator_url()}, {"HOME", home().path().string()}}},
        base::Deadline::after(std::chrono::seconds(60))));
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_THAT(finished.out, AllOf(HasSubstr("7 -> /dev/null"), Not(HasSubstr("socket:"))));
}

TEST_F(ChildrenTest, PsqlGetsTheEnvironmentsLoginAndNoneOfTheOperators) {
    output({"create", name_});
    stand_in("psql");
    EXPECT_EQ(marked({"psql", name_}).exit_code, 0);
    expect_clean("psql");
    expect_no_aws("psql");
    EXPECT_THAT(seen_by("psql"), HasSubstr("PGUSER=review_"));
}

TEST_F(ChildrenTest, ACommandOfATemplateCannotReadTheProgramThatRunsIt) {
    stand_in("migrate");
    const auto read = (home() / "read").string();
    const auto words =
        Words{"template", "create",
              "app",      "--project",
              project_,   "--allow-empty",
              "--run",    "migrate; cat /proc/$PPID/environ >" + read + " 2>&1; true"};
    Words command{REVIEWDB_PROGRAM};
    if (geteuid() == 0) {
        // Root may read every process unless it gives up what allows it: CAP_SYS_PTRACE, and from
        // Linux 6.15 on CAP_PERFMON, which CAP_SYS_ADMIN implies.
        const auto* const rights = "-sys_ptrace,-perfmon,-sys_admin";
        command = {"setpriv", "--bounding-set", rights, "--inh-caps", rights, REVIEWDB_PROGRAM};
    }
    command.insert(command.end(), words.begin(), words.end());
    auto variables = marked_variables();
    variables.insert({{"REVIEWDB_SERVER", operator_url()}, {"HOME", home().path().string()}});
    const auto made = support::must(
        base::run({.arguments = command, .environment = variables, .folder = home().path()},
                  base::Deadline::after(std::chrono::seconds(60))));
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(support::must(base::read_file(read)).value_or(""), HasSubstr("Permission denied"));
    expect_clean("migrate");
    EXPECT_THAT(seen_by("migrate"), HasSubstr("amazon-secret"));
}

TEST_F(ChildrenTest, GitAndTheCommandThatNamesABranchGetNoCredentials) {
    const auto repository = (home() / "shop").string();
    const auto git = [](const Words& words) {
        const auto finished = support::must(
            base::run({.arguments = words}, base::Deadline::after(std::chrono::seconds(30))));
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
    };
    git({"git", "init", "--quiet", "--initial-branch=main", repository});
    git({"git", "-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit",
         "--quiet", "--allow-empty", "--message", "first"});
    stand_in("git", "/usr/bin/git");
    stand_in("name-branch");
    EXPECT_EQ(marked({"create", name_}).exit_code, 0);
    const auto swept =
        marked({"sweep", "--branches", "git:" + repository, "--repository", "github.com/acme/shop",
                "--ref-map", "name-branch", "--project", project_, "--dry-run"});
    // It prints no name, so nothing is swept.
    EXPECT_THAT(swept.err, HasSubstr("prints nothing"));
    for (const auto* program : {"git", "name-branch"}) {
        expect_clean(program);
        expect_no_aws(program);
        EXPECT_THAT(seen_by(program), HasSubstr("CALLERS_OWN=own-value"));
    }
}

TEST_F(ChildrenTest, PostgresAndItsToolsGetNothingButHowProgramsRunHere) {
    for (const auto* program : {"pg_dump", "pg_restore", "initdb", "postgres"}) {
        stand_in(program, postgres_program(program));
    }
    const auto source = name_ + "src";
    output({"create", source});
    const auto url = output({"url", source});
    const auto made = marked({"template", "create", "copy", "--from", url.substr(0, url.size() - 1),
                              "--project", project_, "--allow-empty"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    const Variables local{{"REVIEWDB_SERVER", "local"},
                          {"REVIEWDB_PG_BIN", programs().string()},
                          {"REVIEWDB_STATE_DIR", (home() / "local").string()}};
    const auto started = marked({"local", "start"}, local);
    EXPECT_EQ(started.exit_code, 0) << started.err;
    EXPECT_EQ(marked({"local", "remove"}, local).exit_code, 0);
    for (const auto* program : {"pg_dump", "initdb", "postgres"}) {
        expect_clean(program);
        expect_no_aws(program);
        EXPECT_THAT(seen_by(program), Not(HasSubstr("CALLERS_OWN"))) << program;
    }
}

}  // namespace

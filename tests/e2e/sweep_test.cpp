// SPDX-License-Identifier: Apache-2.0
//
// sweep, restore, trash and late events as their users call them, with a real repository of git.
#include "e2e/cli_fixture.h"

namespace {

using std::filesystem::path;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* k_repository = "github.com/example/shop";

class SweepTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        output({"config", "set", "sweep_grace=none", "sweep_limit=none", "sweep_share=none",
                "--project", project_});
        git({"init", "--quiet", "--initial-branch=main", remote().string()});
        git({"-C", remote().string(), "commit", "--quiet", "--allow-empty", "--message", "first"});
        git({"-C", remote().string(), "branch", "alive"});
        git({"-C", remote().string(), "branch", "doomed"});
    }

    static std::string next_number() {
        static int number = 0;
        return std::to_string(++number);
    }
    static void git(e2e::Words words) {
        words.insert(words.begin(),
                     {"git", "-c", "user.name=tester", "-c", "user.email=tester@example.org"});
        const auto finished = support::must(
            base::run({.arguments = words}, base::Deadline::after(std::chrono::seconds(30))));
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
    }
    path remote() const { return home() / "shop"; }

    base::Finished in_project(e2e::Words words) const {
        words.insert(words.end(), {"--project", project_});
        return reviewdb(words);
    }
    void create(const std::string& name, const std::string& ref) const {
        output({"create", name, "--repository", k_repository, "--ref", ref, "--project", project_});
    }
    base::Finished sweep(const std::string& branches, e2e::Words more = {}) const {
        e2e::Words words{"sweep", "--branches", branches, "--repository", k_repository};
        words.insert(words.end(), more.begin(), more.end());
        return in_project(words);
    }
    base::Finished sweep_git(e2e::Words more = {}) const {
        return sweep("git:" + remote().string(), std::move(more));
    }
    std::string names() const { return in_project({"list", "--quiet"}).out; }

    std::string project_ = "sweep" + next_number();
};

TEST_F(SweepTest, RemovesWhatHasNoBranchFromTheSecondTimeOnAndRestoreBringsItBack) {
    create("alive", "alive");
    create("doomed", "doomed");
    const auto url = in_project({"url", "doomed"}).out;
    support::execute(e2e::login_of(url), "CREATE TABLE kept ()");
    git({"-C", remote().string(), "branch", "-D", "doomed"});

    const auto first = sweep_git();
    EXPECT_EQ(first.exit_code, 7) << first.err;
    EXPECT_THAT(first.err, HasSubstr("the first sweep"));
    EXPECT_THAT(first.out, AllOf(HasSubstr("doomed"), HasSubstr("left:"), Not(HasSubstr("alive"))));
    const auto would = sweep_git({"--dry-run"});
    EXPECT_EQ(would.exit_code, 7);
    EXPECT_THAT(would.out, HasSubstr("would be dealt with"));
    EXPECT_EQ(names(), "alive\ndoomed\n");
    const auto second = sweep_git({"-o", "json"});
    EXPECT_EQ(second.exit_code, 0) << second.err << second.out;
    const auto report = boost::json::parse(second.out);
    EXPECT_EQ(report.at("left").as_int64(), 0);
    EXPECT_EQ(report.at("found").at(0).at("kind").as_string(), "branch_gone");
    EXPECT_EQ(names(), "alive\n");
    EXPECT_EQ(sweep_git().exit_code, 0);

    EXPECT_THAT(in_project({"history", "doomed"}).out,
                AllOf(HasSubstr("swept"), HasSubstr("the branch doomed is gone")));
    EXPECT_THAT(in_project({"trash", "list"}).out,
                AllOf(HasSubstr("doomed"), HasSubstr("swept"), Not(HasSubstr("deleted"))));
    const auto back = in_project({"restore", "doomed"});
    EXPECT_EQ(back.exit_code, 0) << back.err;
    EXPECT_THAT(back.out, HasSubstr("restored"));
    EXPECT_EQ(in_project({"url", "doomed"}).out, url);
    support::execute(e2e::login_of(url), "SELECT * FROM kept");
}

TEST_F(SweepTest, RemovesNothingForASourceThatFailsOrSaysTooLittle) {
    create("alive", "alive");
    create("doomed", "gone");
    EXPECT_EQ(sweep_git().exit_code, 7);
    EXPECT_NE(sweep("git:" + (home() / "nowhere").string()).exit_code, 0);
    EXPECT_NE(sweep("-").exit_code, 0);  // nothing on standard input
    EXPECT_EQ(sweep("svn:somewhere").exit_code, 2);
    EXPECT_EQ(in_project({"sweep", "--ref-map", "cat"}).exit_code, 2);
    // Another repository's branches say nothing about these.
    const auto others = in_project({"sweep", "--branches", "git:" + remote().string(),
                                    "--repository", "github.com/example/other"});
    EXPECT_EQ(others.exit_code, 0) << others.out;
    EXPECT_THAT(others.err, HasSubstr("2 environments"));
    EXPECT_EQ(names(), "alive\ndoomed\n");
}

TEST_F(SweepTest, JudgesStagesOnlyByTheMapThatMakesThem) {
    output({"create", "stage-alive", "--ref", "", "--project", project_});
    output({"create", "stage-gone", "--ref", "", "--project", project_});
    EXPECT_EQ(sweep_git().exit_code, 0);
    EXPECT_EQ(names(), "stage-alive\nstage-gone\n");
    std::ofstream(home() / "stage") << "#!/bin/sh\necho stage-\"$1\"\n";
    std::filesystem::permissions(home() / "stage", std::filesystem::perms::owner_all);
    const auto mapped = sweep_git({"--ref-map", (home() / "stage").string()});
    EXPECT_EQ(mapped.exit_code, 0) << mapped.err << mapped.out;
    EXPECT_EQ(names(), "stage-alive\n");
}

TEST_F(SweepTest, TellsACreateThatComesLate) {
    const auto create_at = [&](const std::string& time, e2e::Words more = {}) {
        e2e::Words words{"create", "late", "--event-time", time};
        words.insert(words.end(), more.begin(), more.end());
        return in_project(words);
    };
    EXPECT_EQ(create_at("2026-01-01T10:00:00Z").exit_code, 0);
    EXPECT_EQ(in_project({"delete", "late", "--event-time", "2026-01-01T09:00:00Z"}).exit_code, 4);
    EXPECT_EQ(in_project({"delete", "late", "--event-time", "2026-01-01T11:00:00Z"}).exit_code, 0);
    const auto late = create_at("2026-01-01T10:30:00Z", {"-o", "json"});
    EXPECT_EQ(late.exit_code, 4) << late.out;
    EXPECT_THAT(late.err, AllOf(HasSubstr("2026-01-01T11:00:00Z"), HasSubstr("--force")));
    EXPECT_EQ(names(), "");
    EXPECT_EQ(create_at("2026-01-01T10:30:00Z", {"--force"}).exit_code, 0);
    EXPECT_THAT(in_project({"history", "late"}).out, HasSubstr("forced"));
    EXPECT_EQ(create_at("soon").exit_code, 2);
    // A close that comes before anything was made is remembered as well.
    EXPECT_EQ(in_project({"delete", "never", "--event-time", "2026-01-01T11:00:00Z"}).exit_code, 0);
    EXPECT_EQ(in_project({"create", "never", "--event-time", "2026-01-01T10:00:00Z"}).exit_code, 4);
    EXPECT_EQ(in_project({"create", "never"}).exit_code, 0);
}

TEST_F(SweepTest, KeepsNothingWherePurgeSaysSo) {
    create("one", "alive");
    create("two", "alive");
    EXPECT_EQ(in_project({"delete", "one", "--purge"}).exit_code, 0);
    EXPECT_EQ(in_project({"delete", "two"}).exit_code, 0);
    EXPECT_EQ(in_project({"trash", "list", "--quiet"}).out, "two\n");
    EXPECT_EQ(in_project({"restore", "one"}).exit_code, 3);
    const auto emptied = in_project({"trash", "empty", "two", "--reason", "personal data"});
    EXPECT_EQ(emptied.exit_code, 0) << emptied.err;
    EXPECT_EQ(in_project({"restore", "two"}).exit_code, 3);
    EXPECT_THAT(in_project({"history", "two"}).out, HasSubstr("personal data"));
    EXPECT_EQ(in_project({"trash", "burn"}).exit_code, 2);
    EXPECT_EQ(in_project({"restore"}).exit_code, 2);
}

}  // namespace

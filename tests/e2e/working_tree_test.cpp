// SPDX-License-Identifier: Apache-2.0
//
// A working tree that others wrote: what its files may say, and what a recipe that others stored on
// the server may run here.
#include <sys/stat.h>

#include "base/uuid.h"
#include "e2e/cli_fixture.h"

namespace {

using e2e::Variables;
using e2e::Words;
using std::filesystem::path;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class WorkingTreeTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        std::filesystem::create_directories(tree());
    }
    path tree() const { return home() / "tree"; }
    void write(const path& file, const std::string& text) const {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
        ASSERT_EQ(chmod(file.c_str(), 0644), 0);
    }
    base::Finished in_tree(const Words& words, Variables variables = {}) const {
        variables.emplace("REVIEWDB_SERVER", operator_url());
        variables.emplace("PATH", "/usr/bin:/bin");
        return e2e::call(home().path(), words, std::move(variables), tree());
    }

    std::string project_ = "w" + base::Uuid::random().short_name();
};

TEST_F(WorkingTreeTest, ItsFileRedirectsNoCallAndSaysWhereToPutTheSetting) {
    for (const std::string& line :
         {std::string("server = \"host=127.0.0.1 port=1 sslmode=disable\""),
          std::string("server = \"secret:x?host=evil.example.org\""),
          "state_dir = \"" + (tree() / "data").string() + "\"",
          std::string("actor = \"somebody else\"")}) {
        SCOPED_TRACE(line);
        write(tree() / "reviewdb.toml", line + "\n");
        for (const Words& words :
             {Words{"list"}, {"create", "x"}, {"local", "start"}, {"delete", "x", "--yes"}}) {
            const auto refused = in_tree(words, {{"PGPASSWORD", "hush"}});
            EXPECT_EQ(refused.exit_code, 2) << refused.err;
            EXPECT_THAT(refused.err, AllOf(HasSubstr("cannot be set in the working tree"),
                                           HasSubstr(".config/reviewdb/reviewdb.toml")));
        }
        EXPECT_FALSE(std::filesystem::exists(tree() / "data"));
    }
}

TEST_F(WorkingTreeTest, ItsHarmlessKeysCount) {
    write(tree() / "reviewdb.toml", "project = \"" + project_ + "\"\ndeadline = \"2m\"\n");
    const auto made = in_tree({"create", "one", "-o", "json"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(boost::json::parse(made.out).at("project").as_string(), project_);
    EXPECT_EQ(in_tree({"list", "--quiet"}).out, "one\n");
}

TEST_F(WorkingTreeTest, ItDoesNotChooseWhereSomethingIsDestroyed) {
    output({"create", "one", "--project", project_});
    write(tree() / "reviewdb.toml", "project = \"" + project_ + "\"\n");
    for (const Words& words : {Words{"delete", "one", "--yes"},
                               {"reset", "one", "--yes"},
                               {"release", "one", "--yes"},
                               {"trash", "empty", "--yes"}}) {
        const auto refused = in_tree(words);
        EXPECT_EQ(refused.exit_code, 2) << words[0] << ": " << refused.err;
        EXPECT_THAT(refused.err, HasSubstr("--project " + project_));
    }
    EXPECT_EQ(in_tree({"delete", "one", "--yes", "--project", project_}).exit_code, 0);
    output({"create", "two", "--project", project_});
    EXPECT_EQ(in_tree({"delete", "two", "--yes"}, {{"REVIEWDB_PROJECT", project_}}).exit_code, 0);
}

TEST_F(WorkingTreeTest, InCiItDoesNotChooseTheProject) {
    write(tree() / "reviewdb.toml", "project = \"" + project_ + "\"\n");
    const auto refused = in_tree({"list"}, {{"CI", "true"}});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("REVIEWDB_PROJECT=" + project_));
    EXPECT_EQ(in_tree({"list"}, {{"CI", "true"}, {"REVIEWDB_PROJECT", "other"}}).exit_code, 0);
}

TEST_F(WorkingTreeTest, TheCallersOwnFileNamesTheServerUnlessOthersCanWriteIt) {
    const auto own = home() / ".config/reviewdb/reviewdb.toml";
    write(own, "server = \"" + operator_url() + "\"\n");
    const auto call = [&] { return e2e::call(home().path(), {"list"}, {}, tree()); };
    EXPECT_EQ(call().exit_code, 0);
    ASSERT_EQ(chmod(own.c_str(), 0666), 0);
    const auto refused = call();
    EXPECT_EQ(refused.exit_code, 5) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("is not trusted"), Not(HasSubstr("postgresql:"))));
}

TEST_F(WorkingTreeTest, ABareRepositoryInItSaysNothingOfWhoseWorkItIs) {
    const auto git = [](Words words) {
        words.insert(words.begin(), "git");
        const auto finished = support::must(
            base::run({.arguments = words}, base::Deadline::after(std::chrono::seconds(30))));
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
    };
    git({"init", "--quiet", tree().string()});
    git({"-C", tree().string(), "remote", "add", "origin", "https://github.com/acme/shop"});
    const auto planted = tree() / "docs";
    git({"init", "--quiet", "--bare", planted.string()});
    git({"-C", planted.string(), "config", "remote.origin.url", "https://github.com/other/one"});
    const auto create = [&](const std::string& name, const path& folder) {
        const auto made =
            e2e::call(home().path(), {"create", name, "--project", project_, "-o", "json"},
                      {{"REVIEWDB_SERVER", operator_url()}, {"PATH", "/usr/bin:/bin"}}, folder);
        EXPECT_EQ(made.exit_code, 0) << made.err;
        return made.out;
    };
    EXPECT_THAT(create("one", tree()), HasSubstr("github.com/acme/shop"));
    EXPECT_THAT(create("two", planted), Not(HasSubstr("github.com/other/one")));
}

class RecipeTest : public WorkingTreeTest {
   protected:
    void SetUp() override {
        WorkingTreeTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        write(tree() / "schema.sql", "CREATE TABLE one ();\n");
        ASSERT_EQ(of_template({"create", "app", "--from", "schema.sql"}).exit_code, 0);
    }
    base::Finished of_template(Words words, const path& machine = {}) const {
        words.insert(words.begin(), "template");
        words.insert(words.end(), {"--project", project_});
        Variables variables{{"REVIEWDB_SERVER", operator_url()}, {"PATH", "/usr/bin:/bin"}};
        return e2e::call(machine.empty() ? home().path() : machine, words, variables, tree());
    }
    // As an operator can.
    void store(const std::string& recipe) const {
        support::execute(support::shared_cluster().superuser("reviewdb"),
                         "UPDATE registry.template SET recipe = '" + recipe +
                             "' WHERE project = '" + project_ + "'");
    }
};

TEST_F(RecipeTest, IsRepeatedOnTheMachineThatGaveIt) {
    EXPECT_EQ(of_template({"refresh", "app", "--anew"}).exit_code, 0);
    const auto kept = home() / "state/reviewdb/recipes";
    for (const auto& file : std::filesystem::directory_iterator(kept)) {
        EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
    }
}

TEST_F(RecipeTest, RunsNothingAndReadsNothingThatOnlyTheServerSays) {
    const auto made = (home() / "made").string();
    for (const auto& recipe : {R"({"run": ["touch )" + made + R"("]})",
                               R"({"from": ["schema.sql"], "scrub": [")" + made + R"("]})",
                               std::string(R"({"from": ["/etc/hostname"]})"),
                               std::string(R"({"from": ["schema.sql"], "digest": ["/etc"]})")}) {
        SCOPED_TRACE(recipe);
        store(recipe);
        for (const Words& words : {Words{"refresh", "app"},
                                   {"refresh", "app", "--anew"},
                                   {"refresh", "app", "--dry-run"}}) {
            const auto refused = of_template(words);
            EXPECT_EQ(refused.exit_code, 5) << refused.err;
            EXPECT_THAT(refused.err, HasSubstr("reviewdb template refresh 'app' "));
        }
        EXPECT_FALSE(std::filesystem::exists(made));
    }
    EXPECT_EQ(of_template({"refresh", "app", "--run", "touch " + made}).exit_code, 5);
    store(R"({"from": ["schema.sql"]})");
    EXPECT_EQ(of_template({"refresh", "app", "--allow-empty", "--run", "touch " + made}).exit_code,
              0);
    EXPECT_TRUE(std::filesystem::exists(made));
}

TEST_F(RecipeTest, OfAnotherMachineHasToBeRepeated) {
    const support::TempFolder other;
    const auto refused = of_template({"refresh", "app"}, other.path());
    EXPECT_EQ(refused.exit_code, 5) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("--from 'schema.sql'"));
    EXPECT_EQ(of_template({"refresh", "app", "--from", "schema.sql"}, other.path()).exit_code, 0);
    EXPECT_EQ(of_template({"refresh", "app", "--anew"}, other.path()).exit_code, 0);
}

}  // namespace

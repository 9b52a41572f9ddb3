// SPDX-License-Identifier: Apache-2.0
//
// What the program refuses, with which exit code, and that it then leaves everything as it was.
#include <algorithm>

#include "base/file.h"
#include "e2e/cli_fixture.h"

namespace {

using e2e::CliTest;
using e2e::Words;
using support::unique_name;
using testing::HasSubstr;
using testing::StartsWith;

// A mistake in the call: exit code 2, nothing on standard output, and one sentence with at most one
// hint on standard error.
void expect_usage_error(const base::Finished& finished) {
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, StartsWith("reviewdb: "));
    const auto end = finished.err.find('\n');
    ASSERT_NE(end, std::string::npos);
    const auto rest = finished.err.substr(end + 1);
    if (rest.empty()) return;
    EXPECT_THAT(rest, StartsWith("hint: "));
    EXPECT_EQ(std::ranges::count(rest, '\n'), 1) << rest;
}

bool runs_below(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        // Fails where the process has ended in between.
        const auto words = base::read_file(entry.path() / "cmdline");
        if (words && words->value_or("").find(folder.string()) != std::string::npos) return true;
    }
    return false;
}

TEST_F(CliTest, WhatIsNotThereIsNotFound) {
    const auto name = unique_name();
    for (const auto* verb : {"get", "url", "env"}) {
        const auto finished = reviewdb({verb, name});
        EXPECT_EQ(finished.exit_code, 3) << verb << ": " << finished.err;
        EXPECT_EQ(finished.out, "") << verb;
    }
    const auto finished = reviewdb({"get", name, "-o", "json", "-q"});
    EXPECT_EQ(finished.exit_code, 3);
    const auto error = boost::json::parse(finished.err).at("error");
    EXPECT_EQ(error.at("code").as_string(), "not_found");
    EXPECT_FALSE(error.at("retryable").as_bool());
}

TEST_F(CliTest, ACiJobWithoutAServerStartsNothing) {
    const e2e::Words create{"create", "x"};
    expect_usage_error(e2e::call(home().path(), create, {{"CI", "true"}}));
    expect_usage_error(e2e::call(home().path(), create, {{"CI", "true"}, {"REVIEWDB_SERVER", ""}}));
    expect_usage_error(e2e::call(home().path(), create, {{"REVIEWDB_SERVER", ""}}));
    EXPECT_FALSE(std::filesystem::exists(home() / "state"));
    EXPECT_FALSE(runs_below(home().path()));
}

TEST_F(CliTest, ABadNameIsAMistakeInTheCall) {
    const e2e::Words names{"", "a\nb", "a\x7f", std::string(256, 'a'), "bad\xff", "\xc0\xaf"};
    for (const auto& name : names) {
        SCOPED_TRACE(testing::PrintToString(name));
        expect_usage_error(reviewdb({"create", name}));
        expect_usage_error(reviewdb({"get", name}));
        expect_usage_error(reviewdb({"delete", name}));
    }
    output({"create", std::string(255, 'a')});
    output({"delete", std::string(255, 'a')});
}

TEST_F(CliTest, ABadCallIsOneSentence) {
    expect_usage_error(reviewdb({}));
    expect_usage_error(reviewdb({"creat", "x"}));
    expect_usage_error(reviewdb({"frobnicate"}));
    expect_usage_error(reviewdb({"create", "x", "--no-such-option"}));
    expect_usage_error(reviewdb({"create", "x", "--ttl", "soon"}));
    expect_usage_error(reviewdb({"create", "x", "--ttl", "-1d"}));
    expect_usage_error(reviewdb({"create", "x", "--deadline", "5"}));
    expect_usage_error(reviewdb({"create", "x", "--label", "nothing"}));
    expect_usage_error(reviewdb({"create", "x", "-o", "yaml"}));
    expect_usage_error(reviewdb({"delete"}));
    expect_usage_error(reviewdb({"delete", "x", "--current"}));
    expect_usage_error(reviewdb({"list", "--state", "frozen"}));
    expect_usage_error(reviewdb({"list", "--state", "gone"}));
    EXPECT_EQ(output({"list", "-q", "--label", "never=used"}), "");
}

TEST_F(CliTest, AnEnvironmentOfAnotherRepositoryIsAConflictAndStays) {
    const auto name = unique_name();
    output({"create", name, "--repository", "github.com/example/one"});
    const auto url = output({"url", name});
    const auto create = reviewdb({"create", name, "--repository", "github.com/example/two"});
    EXPECT_EQ(create.exit_code, 4) << create.err;
    EXPECT_EQ(create.out, "");
    EXPECT_THAT(create.err, HasSubstr("github.com/example/one"));
    const auto remove = reviewdb({"delete", name, "--repository", "github.com/example/two"});
    EXPECT_EQ(remove.exit_code, 4) << remove.err;
    EXPECT_EQ(output({"url", name}), url);
    EXPECT_EQ(support::ask(e2e::login_of(url), "SELECT 'here' AS value"), "here");
    output({"delete", name, "--repository", "github.com/example/one"});
}

TEST_F(CliTest, TheCloneSaysWhoseEnvironmentItIs) {
    const auto name = unique_name("clone");
    const auto git = [&](e2e::Words words) {
        words.insert(words.begin(), "git");
        const auto done = support::must(base::run({.arguments = words, .folder = home().path()},
                                                  base::Deadline::after(std::chrono::minutes(1))));
        ASSERT_EQ(done.exit_code, 0) << done.err;
    };
    git({"init", "--quiet"});
    git({"remote", "add", "origin", "https://github.com/example/mine.git"});
    output({"create", name});
    git({"remote", "set-url", "origin", "git@github.com:example/theirs.git"});
    for (const auto& words : {e2e::Words{"create", name}, e2e::Words{"delete", name, "--yes"}}) {
        const auto refused = reviewdb(words);
        EXPECT_EQ(refused.exit_code, 4) << refused.err;
        EXPECT_THAT(refused.err, HasSubstr("github.com/example/mine"));
    }
    output({"delete", name, "--yes", "--repository", "github.com/example/mine"});
}

TEST_F(CliTest, AProtectedEnvironmentIsNotDeleted) {
    output({"create", "main"});
    const auto url = output({"url", "main"});
    const auto finished = reviewdb({"delete", "main", "--yes"});
    EXPECT_EQ(finished.exit_code, 8) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(support::ask(e2e::login_of(url), "SELECT 'here' AS value"), "here");
}

TEST_F(CliTest, AHostWithALineEndInTheRegistryWritesNoVariables) {
    const auto github = (home().path() / "github").string();
    output({"create", "branch", "--project", "hostile"});
    const auto root = support::shared_cluster().superuser("reviewdb");
    const auto host = [&](const std::string& value) {
        support::execute(root, "DELETE FROM registry.policy WHERE project = 'hostile'");
        support::execute(root,
                         "INSERT INTO registry.policy (project, key, value, set_by) VALUES "
                         "('hostile', 'host', " +
                             value + ", 'test')");
    };
    host("E'127.0.0.1\nNODE_OPTIONS=--require=/tmp/evil.js'");
    for (const Words& words :
         {Words{"env", "branch", "-o", "github"}, Words{"create", "branch", "-o", "github"},
          Words{"url", "branch"}, Words{"exec", "branch", "--", "env"}}) {
        auto call = words;
        call.insert(call.begin() + 2, {"--project", "hostile"});
        const auto refused = reviewdb(call, {{"GITHUB_ENV", github}});
        EXPECT_EQ(refused.exit_code, 4) << refused.err;
        EXPECT_EQ(refused.out, "");
        EXPECT_THAT(refused.err, HasSubstr("reviewdb config set host=VALUE"));
    }
    EXPECT_FALSE(std::filesystem::exists(github));
    output({"config", "set", "--project", "hostile", "host=127.0.0.1"});
    output({"env", "branch", "--project", "hostile", "-o", "github"}, {{"GITHUB_ENV", github}});
    std::ifstream stream(github);
    const std::string lines{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_THAT(lines, HasSubstr("PGHOST<<reviewdb_"));
    EXPECT_THAT(lines, HasSubstr("\n127.0.0.1\n"));
}

}  // namespace

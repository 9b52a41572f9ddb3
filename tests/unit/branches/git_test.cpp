// SPDX-License-Identifier: Apache-2.0
#include "branches/git.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "branches/names.h"
#include "unit/branches/git_world.h"

namespace {

using base::ErrorKind;
using support::must;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using unit::GitOverHttp;

struct Git : unit::GitWorld {
    // The failure, which names the source and nothing secret.
    base::Error failure(const std::string& remote,
                        base::Deadline deadline = base::Deadline::after(std::chrono::seconds(60))) {
        const auto one = source(remote);
        auto answer = one->ask(deadline);
        if (!answer) {
            EXPECT_THAT(answer.error().message, StartsWith(one->name() + ": "));
            EXPECT_THAT(answer.error().message + answer.error().hint, Not(HasSubstr("hush")));
            return answer.error();
        }
        throw std::runtime_error("it was taken for the truth");
    }
};

TEST_F(Git, says_the_branches_of_a_repository) {
    branch({"main", "feature/login", "größe"});
    git({"-C", repository, "tag", "v1", "main"});
    git({"-C", repository, "update-ref", "refs/pull/7/head", "main"});
    const auto said = must(ask(repository));
    EXPECT_THAT(said.names, ElementsAre("feature/login", "größe", "main"));
    EXPECT_TRUE(said.complete);
    EXPECT_EQ(said.repository, "");
    EXPECT_EQ(said.source, "git:" + repository);
    EXPECT_THAT(said.pull_requests, IsEmpty());
    EXPECT_THAT(must(ask("file://" + repository)).names, SizeIs(3));
}

TEST_F(Git, speaks_for_the_repository_that_the_remote_means) {
    branch({"main"});
    git({"config", "--global", "url." + repository + ".insteadOf",
         "https://GitHub.com/acme/shop.git"});
    const auto tree = tree_with("upstream", "https://x:hush@GitHub.com/acme/shop.git");
    const auto deadline = base::Deadline::after(std::chrono::seconds(60));
    EXPECT_EQ(must(source("upstream", tree)->ask(deadline)).repository, "github.com/acme/shop");
    EXPECT_EQ(must(ask("https://GitHub.com/acme/shop.git")).repository, "github.com/acme/shop");
    // What the caller says counts where the remote does not say it.
    EXPECT_EQ(must(source(repository, {}, "host/a/b")->ask(deadline)).repository, "host/a/b");
    EXPECT_EQ(must(source("upstream", tree, "host/a/b")->ask(deadline)).repository,
              "github.com/acme/shop");
}

TEST_F(Git, says_faithfully_that_there_is_nothing) {
    const auto said = must(ask(repository));
    EXPECT_THAT(said.names, IsEmpty());
    EXPECT_TRUE(said.complete);
    GitOverHttp server([](const auto&) { return GitOverHttp::branches({}); });
    EXPECT_THAT(must(ask(server.url())).names, IsEmpty());
}

TEST_F(Git, says_all_of_many) {
    std::vector<std::string> names;
    names.reserve(250);
    for (int i = 0; i < 250; ++i) names.push_back("feature/" + std::to_string(i));
    GitOverHttp server([&](const auto&) { return GitOverHttp::branches(names); });
    branches::normalise(names);
    EXPECT_EQ(must(ask(server.url())).names, names);
}

TEST_F(Git, leaves_out_names_that_are_no_text_and_says_so) {
    branch({"main",
            "gr\xf6\xdf"
            "e"});
    const auto said = must(ask(repository));
    EXPECT_THAT(said.names, ElementsAre("main"));
    EXPECT_THAT(said.notes, ElementsAre(HasSubstr("left out: 1")));
    EXPECT_TRUE(said.complete);
}

TEST_F(Git, fails_with_gits_own_words) {
    const auto error = failure(folder / "nothing");
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_THAT(error.message, HasSubstr("does not appear to be a git repository"));
    EXPECT_THAT(failure("origin").message, HasSubstr("origin"));
}

TEST_F(Git, runs_nothing_that_a_remote_names) {
    const std::string made = folder / "made";
    failure("ext::sh -c touch% " + made);
    failure("ssh://-oProxyCommand=touch%20" + made + "/x");
    failure("fd::17");
    EXPECT_FALSE(std::filesystem::exists(made));
    // Where the settings would allow it.
    git({"config", "--global", "protocol.ext.allow", "always"});
    failure("ext::sh -c touch% " + made);
    EXPECT_FALSE(std::filesystem::exists(made));
}

// The settings of a repository that somebody else may have packed up.
TEST_F(Git, runs_nothing_that_the_configuration_of_a_repository_names) {
    const std::string made = folder / "made";
    const auto script = "touch " + made + "; false";
    branch({"main"});
    const std::vector<std::string> urls{"ssh://git@127.0.0.1:1/acme/shop", repository,
                                        "ext::sh -c touch% " + made, "https://127.0.0.1:1/a/b"};
    for (const auto& url : urls) {
        SCOPED_TRACE(url);
        const auto tree = tree_with("origin", url);
        const auto set = [&](const std::string& key, const std::string& value) {
            git({"-C", tree, "config", key, value});
        };
        for (const auto* key :
             {"core.sshCommand", "core.fsmonitor", "core.gitProxy", "core.pager", "core.askPass",
              "remote.origin.uploadpack", "alias.ls-remote", "core.alternateRefsCommand"}) {
            set(key, script);
        }
        set("remote.origin.vcs", "ext");
        set("credential.helper", "!" + script);
        set("protocol.allow", "always");
        set("protocol.ext.allow", "always");
        static_cast<void>(
            source("origin", tree)->ask(base::Deadline::after(std::chrono::seconds(60))));
        EXPECT_FALSE(std::filesystem::exists(made));
        std::filesystem::remove_all(tree);
    }
}

TEST_F(Git, is_not_led_elsewhere_by_the_configuration_of_a_repository) {
    branch({"planted"});
    GitOverHttp server([](const auto&) { return GitOverHttp::branches({"main"}); });
    const auto tree = tree_with("origin", server.url());
    git({"-C", tree, "config", "url." + repository + ".insteadOf", server.url()});
    git({"-C", tree, "config", "http.proxy", "http://127.0.0.1:1"});
    const auto deadline = base::Deadline::after(std::chrono::seconds(60));
    EXPECT_THAT(must(source("origin", tree)->ask(deadline)).names, ElementsAre("main"));
}

// As CI systems leave their token there.
TEST_F(Git, takes_the_headers_that_a_repository_has_for_the_host_of_its_remote) {
    GitOverHttp server([](const support::HttpRequest& request) {
        return request.header("Authorization") ? GitOverHttp::branches({"main"})
                                               : GitOverHttp::who_are_you();
    });
    const auto tree = tree_with("origin", server.url());
    const auto deadline = base::Deadline::after(std::chrono::seconds(60));
    const std::string token = "Authorization: basic dG9rZW4=";
    git({"-C", tree, "config", "http.extraheader", token});
    git({"-C", tree, "config", "http.http://127.0.0.1:1/.extraheader", token});
    EXPECT_FALSE(source("origin", tree)->ask(deadline));
    git({"-C", tree, "config", "http.http://" + server.address() + "/.extraheader", token});
    EXPECT_THAT(must(source("origin", tree)->ask(deadline)).names, ElementsAre("main"));
}

TEST_F(Git, finds_no_bare_repository_inside_a_checkout) {
    GitOverHttp server([](const auto&) { return GitOverHttp::branches({"main"}); });
    const auto planted = tree_with("origin", server.url()) + "/docs";
    git({"init", "--quiet", "--bare", planted});
    git({"-C", planted, "config", "remote.origin.url", "https://github.com/spoofed/repository"});
    EXPECT_FALSE(source("origin", planted)->ask(base::Deadline::after(std::chrono::seconds(60))));
    EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(Git, is_ended_at_the_deadline) {
    GitOverHttp server([](const auto&) {
        return support::HttpAnswer{.conduct = support::HttpAnswer::Conduct::hang};
    });
    EXPECT_EQ(failure(server.url(), base::Deadline::after(std::chrono::milliseconds(300))).kind,
              ErrorKind::deadline);
}

TEST_F(Git, takes_no_part_of_an_answer_for_the_whole) {
    const auto whole = GitOverHttp::branches({"main", "feature/a", "feature/b"});
    for (const auto cut : {10U, 40U, 100U, 150U}) {
        auto half = whole;
        half.body.resize(half.body.size() - cut);
        GitOverHttp server([&](const auto&) { return half; });
        EXPECT_EQ(failure(server.url()).kind, ErrorKind::unavailable) << cut;
    }
}

// git itself takes it for an empty repository.
TEST_F(Git, takes_no_page_for_an_answer) {
    for (const int status : {200, 404, 500, 503}) {
        GitOverHttp server([&](const auto&) {
            return support::HttpAnswer{status, {{"Content-Type", "text/html"}}, "<html></html>"};
        });
        EXPECT_EQ(failure(server.url()).kind, ErrorKind::unavailable) << status;
    }
}

TEST_F(Git, asks_nobody_who_it_is) {
    GitOverHttp server([](const auto&) { return GitOverHttp::who_are_you(); });
    EXPECT_EQ(failure(server.url()).kind, ErrorKind::unavailable);
}

// With the settings that make git write down each program that it runs, and its arguments.
TEST_F(Git, gives_the_password_of_a_url_to_its_host_and_to_no_argument) {
    const std::string log = folder / "log";
    const std::string kept = folder / "kept";
    git({"config", "--global", "trace2.eventTarget", log});
    git({"config", "--global", "credential.helper", "!cat >>" + kept + "; true"});
    GitOverHttp server([](const support::HttpRequest& request) {
        return request.header("Authorization") ? GitOverHttp::branches({"main"})
                                               : GitOverHttp::who_are_you();
    });
    const auto said =
        must(ask("http://hush-user:hush%2Fword@" + server.address() + "/acme/shop.git"));
    EXPECT_THAT(said.names, ElementsAre("main"));
    EXPECT_EQ(said.repository, "127.0.0.1/acme/shop");
    EXPECT_EQ(said.source, "git:" + server.url());
    EXPECT_EQ(server.requests().back().header("Authorization"),
              "Basic aHVzaC11c2VyOmh1c2gvd29yZA==");
    std::ifstream file(log);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, HasSubstr("ls-remote"));
    EXPECT_THAT(text, Not(HasSubstr("hush")));
    EXPECT_FALSE(std::filesystem::exists(kept));
}

TEST_F(Git, shows_no_password_that_is_refused) {
    GitOverHttp server([](const auto&) { return GitOverHttp::who_are_you(); });
    for (const auto* who : {"hush-user:hush-word", "hush-token", ":hush-word"}) {
        const auto error =
            failure("http://" + std::string(who) + "@" + server.address() + "/acme/shop.git");
        EXPECT_THAT(error.message, HasSubstr("Authentication failed"));
    }
}

TEST_F(Git, goes_on_to_the_same_repository_only) {
    GitOverHttp server([](const support::HttpRequest& request) {
        if (request.target.starts_with("/acme/shop/info")) {
            return GitOverHttp::redirect("/acme/shop.git");
        }
        if (request.target.starts_with("/acme/old.git")) {
            return GitOverHttp::redirect("/acme/shop.git");
        }
        return GitOverHttp::branches({"main"});
    });
    EXPECT_THAT(must(ask(server.url("/acme/shop"))).names, ElementsAre("main"));
    const auto error = failure(server.url("/acme/old.git"));
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_THAT(error.message, HasSubstr("has moved to " + server.url()));
}

TEST_F(Git, takes_no_password_along_to_another_host) {
    GitOverHttp elsewhere([](const support::HttpRequest& request) {
        return request.header("Authorization") ? GitOverHttp::branches({})
                                               : GitOverHttp::who_are_you();
    });
    GitOverHttp server(
        [&](const auto&) { return GitOverHttp::redirect(elsewhere.url("/acme/shop.git")); });
    failure("http://user:hush-word@" + server.address() + "/acme/shop.git");
    EXPECT_THAT(elsewhere.requests(), Not(IsEmpty()));
    for (const auto& request : elsewhere.requests()) {
        EXPECT_FALSE(request.header("Authorization"));
    }
}

}  // namespace

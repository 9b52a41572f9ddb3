// SPDX-License-Identifier: Apache-2.0
//
// Repositories of git on disk, and one that is served over HTTP, with nothing of the settings of
// whoever runs the tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/subprocess.h"
#include "base/variables.h"
#include "branches/git.h"
#include "support/aws/http_server.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace unit {

struct GitWorld : testing::Test {
    void SetUp() override {
        if (!base::find_program("git")) GTEST_SKIP() << "no git";
        git({"init", "--quiet", "--bare", repository});
    }

    std::string git(const std::vector<std::string>& arguments) const {
        base::Command command{.arguments = {"git"},
                              .environment = variables,
                              .inherits = base::Environment::bare,
                              .folder = folder.path()};
        command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
        const auto finished =
            support::must(base::run(command, base::Deadline::after(std::chrono::seconds(60))));
        if (finished.exit_code != 0) throw std::runtime_error(finished.err);
        return finished.out.substr(0, finished.out.find('\n'));
    }
    // Makes branches of one commit.
    void branch(const std::vector<std::string>& names) const {
        const auto tree = git({"-C", repository, "mktree"});
        const auto commit = git({"-C", repository, "commit-tree", "-m", "one", tree});
        for (const auto& name : names) {
            git({"-C", repository, "update-ref", "refs/heads/" + name, commit});
        }
    }
    // A working tree whose remote is called so.
    std::string tree_with(const std::string& remote, const std::string& url) const {
        std::string path = folder / "tree";
        git({"init", "--quiet", path});
        git({"-C", path, "remote", "add", remote, url});
        return path;
    }

    std::unique_ptr<branches::Source> source(const std::string& remote, const std::string& in = {},
                                             const std::string& its_repository = {}) const {
        return branches::make_git(
            remote, {variables, in.empty() ? folder.path().string() : in, its_repository});
    }
    base::Result<branches::Branches> ask(const std::string& remote) const {
        return source(remote)->ask(base::Deadline::after(std::chrono::seconds(60)));
    }

    support::TempFolder folder;
    std::string repository = folder / "shop.git";
    base::Variables variables{
        {"PATH", getenv("PATH")},     {"HOME", folder.path()},
        {"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", folder / "gitconfig"},
        {"GIT_AUTHOR_NAME", "a"},     {"GIT_AUTHOR_EMAIL", "a@example.invalid"},
        {"GIT_COMMITTER_NAME", "a"},  {"GIT_COMMITTER_EMAIL", "a@example.invalid"}};
};

// A repository behind a web server, as far as git asks for its branches.
class GitOverHttp {
   public:
    using Answer = std::function<support::HttpAnswer(const support::HttpRequest&)>;

    explicit GitOverHttp(Answer answer)
        : answer_(std::move(answer)), server_([this](const support::HttpRequest& request) {
              const std::lock_guard lock(mutex_);
              requests_.push_back(request);
              return answer_(request);
          }) {}

    std::string address() const { return server_.address(); }
    std::string url(const std::string& path = "/acme/shop.git") const {
        return "http://" + address() + path;
    }
    std::vector<support::HttpRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    // What a server says that has these branches.
    static support::HttpAnswer branches(const std::vector<std::string>& names) {
        const auto packet = [](const std::string& text) {
            constexpr std::size_t k_head = 4;
            const auto size = text.size() + k_head;
            const std::string bytes{static_cast<char>(size >> 8U), static_cast<char>(size & 0xffU)};
            return base::to_hex(bytes) + text;
        };
        std::string body = packet("# service=git-upload-pack\n") + "0000";
        bool first = true;
        for (const auto& name : names) {
            body += packet(std::string(40, '1') + " refs/heads/" + name +
                           (first ? std::string("\0agent=git/2", 12) : "") + "\n");
            first = false;
        }
        return {
            200, {{"Content-Type", "application/x-git-upload-pack-advertisement"}}, body + "0000"};
    }
    static support::HttpAnswer who_are_you() {
        return {401, {{"WWW-Authenticate", "Basic realm=\"git\""}}, "who are you?"};
    }
    static support::HttpAnswer redirect(const std::string& url) {
        return {301, {{"Location", url + "/info/refs?service=git-upload-pack"}}, ""};
    }

   private:
    const Answer answer_;
    mutable std::mutex mutex_;  // guards requests_
    std::vector<support::HttpRequest> requests_;
    support::HttpServer server_;
};

}  // namespace unit

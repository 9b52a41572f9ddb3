// SPDX-License-Identifier: Apache-2.0
//
// What stands in for a forge's REST API: one repository, its branches and pull requests, on a port
// of 127.0.0.1. Remembers every request, and misbehaves as a test wishes. Safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/aws/http_server.h"

namespace support {

struct ForgePullRequest {
    int number = 0;
    std::string branch;
    enum class From { here, fork, removed_fork } from = From::here;
    std::string commit = "1111111111111111111111111111111111111111";
};

struct ForgeState {
    std::string path = "acme/shop";
    std::int64_t id = 81;
    std::vector<std::string> former_paths = {};
    std::optional<std::string> default_branch = "main";
    std::vector<std::string> branches = {"main"};
    std::vector<ForgePullRequest> pull_requests = {};
    std::string token = {};      // the only one that it knows
    std::string job_token = {};  // GitLab's other kind
    bool open_to_all = true;     // the repository, without a token
    int requests_left = 5'000;   // before the limit
    std::int64_t limit_ends = 1'800'000'000;
    std::string origin = {};  // http://127.0.0.1:PORT
};

class ForgeStandIn {
   public:
    using Service = std::function<HttpAnswer(const HttpRequest&, ForgeState&)>;
    using Interference = std::function<std::optional<HttpAnswer>(const HttpRequest&)>;

    explicit ForgeStandIn(Service service);

    std::string origin() const { return "http://" + server_.address(); }
    // Changes what there is.
    void set(const std::function<void(ForgeState&)>& change);
    // Asked before the service; what it answers goes out instead.
    void interfere(Interference interference);
    // Called before each answer is made, and may change what there is.
    void before_each(std::function<void(const HttpRequest&, ForgeState&)> happening);

    // All requests so far, and the statuses of their answers.
    std::vector<HttpRequest> requests() const;
    std::vector<int> statuses() const;
    void forget_requests();

   private:
    HttpAnswer answer(const HttpRequest& request);

    const Service service_;
    mutable std::mutex mutex_;  // guards what follows
    ForgeState state_;
    Interference interference_;
    std::function<void(const HttpRequest&, ForgeState&)> happening_;
    std::vector<HttpRequest> requests_;
    std::vector<int> statuses_;
    HttpServer server_;  // the last: its threads use all of these
};

// The two services, as their documentation has them; strict where that leaves a choice.
HttpAnswer answer_github(const HttpRequest& request, ForgeState& state);
HttpAnswer answer_gitlab(const HttpRequest& request, ForgeState& state);

// A target taken apart.
struct Target {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;  // decoded

    std::string value(const std::string& name, const std::string& otherwise = {}) const;
    // Whether there is nothing but these in the query.
    bool has_only(const std::vector<std::string>& names) const;
};
Target parse_target(const std::string& target);

// A body with the tag that it has, or 304 where the client has it already.
HttpAnswer tagged(const HttpRequest& request, HttpAnswer answer);
HttpAnswer json_answer(int status, std::string body);

// The part of a list that a page is, and whether another comes behind it.
struct PageOf {
    std::size_t first = 0;
    std::size_t end = 0;
    std::size_t pages = 1;
};
PageOf page_of(std::size_t count, std::size_t per_page, std::size_t page);

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
//
// GitHub, from https://docs.github.com/en/rest: repositories, branches, pulls, pagination, rate
// limits, conditional requests, redirects.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "support/forge/forge_stand_in.h"

namespace support {

namespace {

using boost::json::array;
using boost::json::object;

HttpAnswer github_refusal(int status, const std::string& message) {
    return json_answer(
        status, boost::json::serialize(object{{"message", message},
                                              {"documentation_url", "https://docs.github.com/rest"},
                                              {"status", std::to_string(status)}}));
}

// What it asks of every request.
std::optional<HttpAnswer> check_form(const HttpRequest& request) {
    if (request.method != "GET") return github_refusal(404, "Not Found");
    if (request.header("User-Agent").value_or("").empty()) {
        return github_refusal(403, "Request forbidden by administrative rules.");
    }
    if (request.header("Accept") != "application/vnd.github+json") {
        return github_refusal(415, "Unsupported 'Accept' header");
    }
    if (request.header("X-GitHub-Api-Version") != "2022-11-28") {
        return github_refusal(400, "This version is not supported");
    }
    return std::nullopt;
}

void add_limits(HttpAnswer& answer, const ForgeState& state) {
    answer.headers.emplace_back("X-RateLimit-Limit", "5000");
    answer.headers.emplace_back("X-RateLimit-Remaining",
                                std::to_string(std::max(0, state.requests_left)));
    answer.headers.emplace_back("X-RateLimit-Reset", std::to_string(state.limit_ends));
}

std::optional<HttpAnswer> check_github_token(const HttpRequest& request, const ForgeState& state) {
    const auto sent = request.header("Authorization");
    if (sent && (state.token.empty() || *sent != "Bearer " + state.token)) {
        return github_refusal(401, "Bad credentials");
    }
    if (!sent && !state.open_to_all) return github_refusal(404, "Not Found");
    return std::nullopt;
}

object repository(std::int64_t id, const std::string& path) {
    return {{"id", id}, {"full_name", path}, {"private", false}};
}

array github_branches(const ForgeState& state) {
    auto names = state.branches;
    std::ranges::sort(names);
    array list;
    for (const auto& name : names) {
        list.push_back(
            object{{"name", name},
                   {"commit", object{{"sha", std::string(40, '2')}, {"url", "https://…"}}},
                   {"protected", name == state.default_branch}});
    }
    return list;
}

array list_pull_requests(const ForgeState& state) {
    using From = ForgePullRequest::From;
    array list;
    for (const auto& one : state.pull_requests) {
        object head{{"label", "acme:" + one.branch}, {"ref", one.branch}, {"sha", one.commit}};
        head["repo"] = nullptr;
        if (one.from == From::here) head["repo"] = repository(state.id, state.path);
        if (one.from == From::fork) head["repo"] = repository(4'711, "somebody/shop");
        list.push_back(object{{"id", 1'000'000 + one.number},
                              {"number", one.number},
                              {"state", "open"},
                              {"title", "A change"},
                              {"body", nullptr},
                              {"head", head},
                              {"base", object{{"ref", "main"},
                                              {"sha", std::string(40, '3')},
                                              {"repo", repository(state.id, state.path)}}}});
    }
    return list;
}

// Links lead to the repository by its number.
HttpAnswer page(const HttpRequest& request, const ForgeState& state, const std::string& what,
                const array& list, const Target& target) {
    const auto per_page = std::stoul(target.value("per_page", "30"));
    const auto number = std::stoul(target.value("page", "1"));
    if (per_page < 1 || per_page > 100 || number < 1)
        return github_refusal(422, "Validation Failed");
    const auto part = page_of(list.size(), per_page, number);
    array items;
    for (auto i = part.first; i < part.end; ++i) items.push_back(list.at(i));
    auto answer = json_answer(200, boost::json::serialize(items));
    const auto link = [&](std::size_t to, const std::string& relation) {
        return "<" + state.origin + "/repositories/" + std::to_string(state.id) + "/" + what +
               "?per_page=" + std::to_string(per_page) +
               (what == "pulls" ? "&state=" + target.value("state", "open") : "") +
               "&page=" + std::to_string(to) + ">; rel=\"" + relation + "\"";
    };
    if (number < part.pages) {
        answer.headers.emplace_back("Link",
                                    link(number + 1, "next") + ", " + link(part.pages, "last"));
    } else if (part.pages > 1) {
        answer.headers.emplace_back("Link", link(number - 1, "prev") + ", " + link(1, "first"));
    }
    return tagged(request, std::move(answer));
}

HttpAnswer serve_github(const HttpRequest& request, const ForgeState& state) {
    const auto target = parse_target(request.target);
    const auto by_number = "/repositories/" + std::to_string(state.id);
    std::string below;
    if (target.path.starts_with(by_number)) {
        below = target.path.substr(by_number.size());
    } else if (base::lower(target.path).starts_with(base::lower("/repos/" + state.path))) {
        below = target.path.substr(std::string("/repos/" + state.path).size());
    } else {
        for (const auto& former : state.former_paths) {
            if (!target.path.starts_with("/repos/" + former)) continue;
            auto moved = github_refusal(301, "Moved Permanently");
            moved.headers.emplace_back(
                "Location", state.origin + by_number +
                                request.target.substr(std::string("/repos/" + former).size()));
            return moved;
        }
        return github_refusal(404, "Not Found");
    }
    if (below.empty()) {
        auto whole = repository(state.id, state.path);
        whole["default_branch"] = state.default_branch.value_or("main");
        return tagged(request, json_answer(200, boost::json::serialize(whole)));
    }
    if (below == "/branches" && target.has_only({"per_page", "page"})) {
        return page(request, state, "branches", github_branches(state), target);
    }
    if (below == "/pulls" && target.has_only({"per_page", "page", "state"}) &&
        target.value("state", "open") == "open") {
        return page(request, state, "pulls", list_pull_requests(state), target);
    }
    return github_refusal(404, "Not Found");
}

}  // namespace

HttpAnswer answer_github(const HttpRequest& request, ForgeState& state) {
    if (auto wrong = check_form(request)) return *std::move(wrong);
    if (auto wrong = check_github_token(request, state)) return *std::move(wrong);
    if (state.requests_left <= 0) {
        auto limited = github_refusal(403, "API rate limit exceeded for user ID 1.");
        add_limits(limited, state);
        return limited;
    }
    auto answer = serve_github(request, state);
    if (answer.status != 304) --state.requests_left;
    add_limits(answer, state);
    return answer;
}

}  // namespace support

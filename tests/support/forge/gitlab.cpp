// SPDX-License-Identifier: Apache-2.0
//
// GitLab, from https://docs.gitlab.com/api: projects, branches, merge requests, pagination by keys
// and by numbers, redirects, rate limits.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/bytes.h"
#include "support/forge/forge_stand_in.h"

namespace support {

namespace {

using boost::json::array;
using boost::json::object;

constexpr std::string_view k_projects = "/api/v4/projects/";

HttpAnswer gitlab_refusal(int status, const std::string& message) {
    return json_answer(status, boost::json::serialize(object{{"message", message}}));
}

std::optional<HttpAnswer> check_gitlab_token(const HttpRequest& request, const ForgeState& state) {
    const auto sent = request.header("PRIVATE-TOKEN");
    const auto job = request.header("JOB-TOKEN");
    if (sent && (state.token.empty() || *sent != state.token)) {
        return gitlab_refusal(401, "401 Unauthorized");
    }
    if (job && (state.job_token.empty() || *job != state.job_token)) {
        return gitlab_refusal(401, "401 Unauthorized");
    }
    if (!sent && !job && !state.open_to_all) return gitlab_refusal(404, "404 Project Not Found");
    return std::nullopt;
}

array gitlab_branches(const ForgeState& state) {
    auto names = state.branches;
    std::ranges::sort(names);
    array list;
    for (const auto& name : names) {
        list.push_back(object{{"name", name},
                              {"merged", false},
                              {"default", name == state.default_branch},
                              {"commit", object{{"id", std::string(40, '2')}}}});
    }
    return list;
}

array list_merge_requests(const ForgeState& state) {
    using From = ForgePullRequest::From;
    array list;
    for (const auto& one : state.pull_requests) {
        object body{
            {"id", 1'000'000 + one.number},  {"iid", one.number},       {"state", "opened"},
            {"source_branch", one.branch},   {"target_branch", "main"}, {"project_id", state.id},
            {"target_project_id", state.id}, {"sha", one.commit}};
        body["source_project_id"] = nullptr;
        if (one.from == From::here) body["source_project_id"] = state.id;
        if (one.from == From::fork) body["source_project_id"] = 4'711;
        list.push_back(body);
    }
    return list;
}

std::string url_of(const ForgeState& state, const std::string& below) {
    return state.origin + std::string(k_projects) + base::percent_encoded(state.path) + below;
}

// Branches are cheap to page by the name of the last one.
HttpAnswer branches_by_key(const HttpRequest& request, const ForgeState& state,
                           const Target& target) {
    const auto per_page = std::stoul(target.value("per_page", "20"));
    const auto list = gitlab_branches(state);
    const auto after = target.value("page_token");
    array items;
    for (const auto& one : list) {
        const auto& name = one.at("name").get_string();
        if (std::string_view(name) > after && items.size() < per_page) items.push_back(one);
    }
    auto answer = json_answer(200, boost::json::serialize(items));
    const bool more = !items.empty() && items.back() != list.back();
    if (more) {
        const std::string last(items.back().at("name").get_string());
        answer.headers.emplace_back(
            "Link",
            "<" +
                url_of(state, "/repository/branches?page_token=" + base::percent_encoded(last) +
                                  "&pagination=keyset&per_page=" + std::to_string(per_page)) +
                ">; rel=\"next\"");
    }
    return tagged(request, std::move(answer));
}

HttpAnswer merge_requests(const HttpRequest& request, const ForgeState& state,
                          const Target& target) {
    const auto per_page = std::stoul(target.value("per_page", "20"));
    const auto number = std::stoul(target.value("page", "1"));
    const auto list = list_merge_requests(state);
    const auto part = page_of(list.size(), per_page, number);
    array items;
    for (auto i = part.first; i < part.end; ++i) items.push_back(list.at(i));
    auto answer = json_answer(200, boost::json::serialize(items));
    const bool more = number < part.pages;
    answer.headers.emplace_back("X-Total", std::to_string(list.size()));
    answer.headers.emplace_back("X-Page", std::to_string(number));
    answer.headers.emplace_back("X-Next-Page", more ? std::to_string(number + 1) : "");
    if (more) {
        answer.headers.emplace_back(
            "Link", "<" +
                        url_of(state, "/merge_requests?state=opened&scope=all&per_page=" +
                                          std::to_string(per_page) +
                                          "&page=" + std::to_string(number + 1)) +
                        ">; rel=\"next\"");
    }
    return tagged(request, std::move(answer));
}

HttpAnswer serve_gitlab(const HttpRequest& request, const ForgeState& state) {
    const auto target = parse_target(request.target);
    if (!target.path.starts_with(k_projects)) return gitlab_refusal(404, "404 Not Found");
    const auto rest = target.path.substr(k_projects.size());
    const auto project = rest.substr(0, rest.find('/'));
    const auto below = rest.substr(project.size());
    const auto number = std::to_string(state.id);
    for (const auto& former : state.former_paths) {
        if (project != base::percent_encoded(former)) continue;
        const auto to = state.origin + std::string(k_projects) + number + below;
        auto moved = gitlab_refusal(301, "This resource has been moved permanently to " + to);
        moved.headers.emplace_back("Location", to);
        return moved;
    }
    // A slash that is not encoded divides.
    if (project != base::percent_encoded(state.path) && project != number) {
        return gitlab_refusal(404, "404 Project Not Found");
    }
    if (below.empty()) {
        object body{{"id", state.id}, {"path_with_namespace", state.path}};
        body["default_branch"] = nullptr;
        if (state.default_branch) body["default_branch"] = *state.default_branch;
        return tagged(request, json_answer(200, boost::json::serialize(body)));
    }
    if (below == "/repository/branches" && target.value("pagination") == "keyset" &&
        target.has_only({"per_page", "pagination", "page_token"})) {
        return branches_by_key(request, state, target);
    }
    if (below == "/merge_requests" && target.value("state") == "opened" &&
        target.has_only({"per_page", "page", "state", "scope"})) {
        return merge_requests(request, state, target);
    }
    return gitlab_refusal(404, "404 Not Found");
}

}  // namespace

HttpAnswer answer_gitlab(const HttpRequest& request, ForgeState& state) {
    if (auto wrong = check_gitlab_token(request, state)) return *std::move(wrong);
    if (state.requests_left <= 0) {
        HttpAnswer limited{429, {{"Content-Type", "text/plain"}}, "Retry later\n"};
        limited.headers.emplace_back("Retry-After", "60");
        limited.headers.emplace_back("RateLimit-Remaining", "0");
        limited.headers.emplace_back("RateLimit-Reset", std::to_string(state.limit_ends));
        return limited;
    }
    --state.requests_left;
    return serve_gitlab(request, state);
}

}  // namespace support

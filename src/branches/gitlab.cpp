// SPDX-License-Identifier: Apache-2.0
#include "branches/gitlab.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "branches/json_read.h"
#include "branches/names.h"
#include "branches/remote_url.h"

namespace branches {

namespace {

using base::Result;
using boost::json::array;
using boost::json::object;

constexpr std::string_view k_api = "/api/v4";

// A project without a commit has no default branch.
std::optional<Described> read_project(const object& body) {
    auto path = text_in(body, "path_with_namespace");
    if (!path || path->empty()) return std::nullopt;
    return Described{*std::move(path), text_in(body, "default_branch")};
}

std::optional<PullRequest> read_merge_request(const boost::json::value& one) {
    if (!one.is_object()) return std::nullopt;
    const auto& body = one.get_object();
    const auto number = pull_request_number(body, "iid");
    const auto branch = text_in(body, "source_branch");
    const auto target = number_in(body, "target_project_id");
    if (!number || !branch || !is_branch_name(*branch) || !target) return std::nullopt;
    // Of a fork that was removed there is no number any more, and there may be no commit yet.
    return PullRequest{*number, *branch, number_in(body, "source_project_id") != target,
                       text_in(body, "sha").value_or("")};
}

std::optional<Items> read_merge_requests(const array& list) {
    Items items;
    for (const auto& one : list) {
        auto read = read_merge_request(one);
        if (!read) return std::nullopt;
        items.pull_requests.push_back(*std::move(read));
    }
    return items;
}

Result<std::string> find_gitlab(const base::Variables& variables) {
    if (const auto host = base::find_variable(variables, "GITLAB_HOST")) {
        const bool whole = host->find("://") != std::string::npos;
        BASE_TRY_ASSIGN(const auto url,
                        parse_api("GITLAB_HOST", whole ? *host : "https://" + *host));
        return url + std::string(k_api);
    }
    const auto api = base::find_variable(variables, "CI_API_V4_URL");
    return parse_api("CI_API_V4_URL", api.value_or("https://gitlab.com" + std::string(k_api)));
}

// The token of a job is for the GitLab that runs it.
bool is_jobs_own(const std::string& api, const base::Variables& variables) {
    const auto own = base::find_variable(variables, "CI_API_V4_URL");
    return own && origin_of(*own) == origin_of(api);
}

}  // namespace

Result<Forge> gitlab(const std::string& path, const base::Variables& variables) {
    Forge forge;
    forge.service = "GitLab";
    forge.source = "gitlab:" + path;
    forge.path = path;
    BASE_TRY_ASSIGN(forge.api, find_gitlab(variables));
    forge.host = host_of(forge.api);
    std::vector<std::string> names{"GITLAB_TOKEN"};
    if (is_jobs_own(forge.api, variables)) names.emplace_back("CI_JOB_TOKEN");
    BASE_TRY_ASSIGN(auto token, find_token(variables, names));
    forge.token_name = token.first.empty() ? names.front() : token.first;
    forge.token = std::move(token.second);
    forge.token_header = forge.token_name == "CI_JOB_TOKEN" ? "JOB-TOKEN" : "PRIVATE-TOKEN";
    forge.access =
        "the scope read_api and at least the role Reporter; a job's own token may need "
        "to be allowed it";
    const auto project = "/projects/" + base::percent_encoded(path);
    forge.description = project;
    // By keys: pages that are counted have been seen to be empty behind the first.
    forge.branches =
        fmt::format("{}/repository/branches?per_page={}&pagination=keyset", project, k_page);
    forge.pull_requests =
        fmt::format("{}/merge_requests?state=opened&scope=all&per_page={}", project, k_page);
    forge.read_description = &read_project;
    forge.read_branches = &read_branch_list;
    forge.read_pull_requests = &read_merge_requests;
    return forge;
}

}  // namespace branches

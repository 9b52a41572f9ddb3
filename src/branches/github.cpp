// SPDX-License-Identifier: Apache-2.0
#include "branches/github.h"

#include <fmt/format.h>

#include "branches/json_read.h"
#include "branches/names.h"
#include "branches/remote_url.h"

namespace branches {

namespace {

using base::Result;
using boost::json::array;
using boost::json::object;

constexpr std::string_view k_public = "https://api.github.com";

// A company's host has its API below itself; those that GitHub runs for one, beside it.
std::string api_of(const std::string& host) {
    if (host == "github.com") return std::string(k_public);
    if (host.ends_with(".ghe.com")) return "https://api." + host;
    return "https://" + host + "/api/v3";
}

std::string github_of(const std::string& api) {
    const auto host = host_of(api);
    const bool beside = host.starts_with("api.") && api == origin_of(api);
    return beside ? host.substr(std::string_view("api.").size()) : host;
}

std::optional<Described> read_repository(const object& body) {
    const auto path = text_in(body, "full_name");
    const auto branch = text_in(body, "default_branch");
    if (!path || path->empty() || !branch) return std::nullopt;
    return Described{*path, branch};
}

std::optional<std::int64_t> repository_in(const object& side) {
    const auto* repository = object_in(side, "repo");
    return repository == nullptr ? std::nullopt : number_in(*repository, "id");
}

std::optional<PullRequest> read_pull_request(const boost::json::value& one) {
    if (!one.is_object()) return std::nullopt;
    const auto& body = one.get_object();
    const auto number = pull_request_number(body, "number");
    const auto* head = object_in(body, "head");
    const auto* base = object_in(body, "base");
    if (!number || head == nullptr || base == nullptr) return std::nullopt;
    const auto branch = text_in(*head, "ref");
    const auto commit = text_in(*head, "sha");
    const auto target = repository_in(*base);
    if (!branch || !is_branch_name(*branch) || !commit || !target) return std::nullopt;
    // A fork that was removed has no repository any more.
    return PullRequest{*number, *branch, repository_in(*head) != target, *commit};
}

std::optional<Items> read_pull_requests(const array& list) {
    Items items;
    for (const auto& one : list) {
        auto read = read_pull_request(one);
        if (!read) return std::nullopt;
        items.pull_requests.push_back(*std::move(read));
    }
    return items;
}

Result<std::string> find_github(const base::Variables& variables) {
    if (const auto host = base::find_variable(variables, "GH_HOST")) {
        const bool whole = host->find("://") != std::string::npos;
        BASE_TRY_ASSIGN(const auto url, parse_api("GH_HOST", whole ? *host : "https://" + *host));
        return api_of(url.substr(url.find("//") + 2));
    }
    const auto api = base::find_variable(variables, "GITHUB_API_URL");
    return parse_api("GITHUB_API_URL", api.value_or(std::string(k_public)));
}

// A workflow's token is for the GitHub that runs it.
bool is_workflows_own(const std::string& api, const base::Variables& variables) {
    const auto own = base::find_variable(variables, "GITHUB_API_URL");
    return !own || origin_of(*own) == origin_of(api);
}

}  // namespace

Result<Forge> github(const std::string& path, const base::Variables& variables) {
    Forge forge;
    forge.service = "GitHub";
    forge.source = "github:" + path;
    forge.path = path;
    BASE_TRY_ASSIGN(forge.api, find_github(variables));
    forge.host = github_of(forge.api);
    std::vector<std::string> names{"GH_TOKEN"};
    if (is_workflows_own(forge.api, variables)) names.emplace_back("GITHUB_TOKEN");
    BASE_TRY_ASSIGN(auto token, find_token(variables, names));
    forge.token_name = token.first.empty() ? names.back() : token.first;
    forge.token = std::move(token.second);
    forge.token_header = "Authorization";
    forge.token_lead = "Bearer ";
    forge.headers = {{"Accept", "application/vnd.github+json"},
                     {"X-GitHub-Api-Version", "2022-11-28"}};
    forge.access = "to read contents, metadata and pull requests of the repository";
    forge.description = "/repos/" + path;
    forge.branches = fmt::format("/repos/{}/branches?per_page={}", path, k_page);
    forge.pull_requests = fmt::format("/repos/{}/pulls?state=open&per_page={}", path, k_page);
    forge.read_description = &read_repository;
    forge.read_branches = &read_branch_list;
    forge.read_pull_requests = &read_pull_requests;
    return forge;
}

}  // namespace branches

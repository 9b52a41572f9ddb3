// SPDX-License-Identifier: Apache-2.0
#include "app/cli/surroundings.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string_view>

#include "base/duration.h"
#include "base/file.h"
#include "branches/git_safety.h"
#include "environment/repository.h"

namespace cli {

namespace {

using environment::Surroundings;

base::Command asking_git(std::vector<std::string> words, const Variables& variables) {
    constexpr std::size_t k_longest = 65'536;
    words.insert(words.begin(), "git");
    return {.arguments = std::move(words),
            .environment = branches::for_reading(variables),
            .longest_output = k_longest};
}

base::Command asking_remotes(const Variables& variables) {
    return asking_git({"config", "--null", "--get-regexp", R"(^remote\..*\.url$)"}, variables);
}

// The URL of `origin`, or else of the only remote, of what asking_remotes() prints: a key, a line's
// end and a value each. The last URL of a remote counts, as for git.
std::optional<std::string> chosen_remote(std::string_view listed) {
    std::map<std::string, std::string, std::less<>> urls;
    while (!listed.empty()) {
        const auto entry = listed.substr(0, listed.find('\0'));
        listed.remove_prefix(std::min(entry.size() + 1, listed.size()));
        const auto end = std::min(entry.find('\n'), entry.size());
        const auto value = entry.substr(std::min(end + 1, entry.size()));
        if (!value.empty()) urls[std::string(entry.substr(0, end))] = std::string(value);
    }
    const auto origin = urls.find("remote.origin.url");
    if (origin != urls.end()) return origin->second;
    return urls.size() == 1 ? std::optional(urls.begin()->second) : std::nullopt;
}

std::optional<std::string> chosen_remote(const base::Result<base::Finished>& finished) {
    if (!finished || finished->exit_code != 0) return std::nullopt;
    return chosen_remote(finished->out);
}

namespace fs = std::filesystem;

// The folder of the objects of a repository at `path`, as git finds it; nothing if there is none.
std::optional<fs::path> repository_folder(const fs::path& path) {
    std::error_code absent;
    for (const auto& folder : {path / ".git", path, fs::path(path.string() + ".git")}) {
        if (fs::is_directory(folder / "objects", absent)) return fs::canonical(folder, absent);
    }
    return std::nullopt;
}

// The repository that a remote on this machine means.
std::optional<fs::path> local_remote(std::string_view url) {
    constexpr std::string_view k_scheme = "file://";
    if (url.starts_with(k_scheme)) url.remove_prefix(k_scheme.size());
    return url.starts_with('/') ? repository_folder(fs::path(url)) : std::nullopt;
}

std::string host_name() {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    return host.data();
}

std::string value_of(const Variables& variables, const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
}

// The first line that git prints; nothing when it has no answer, or is not there.
std::optional<std::string> first_line(const base::Result<base::Finished>& finished) {
    if (!finished || finished->exit_code != 0) return std::nullopt;
    auto line = finished->out.substr(0, finished->out.find('\n'));
    return line.empty() ? std::nullopt : std::optional(std::move(line));
}

Surroundings look_around(const Variables& variables) {
    Surroundings surroundings;
    surroundings.variables = variables;
    const auto event = value_of(variables, "GITHUB_EVENT_PATH");
    if (event.empty()) return surroundings;
    if (auto text = base::read_file(event); text && *text) {
        surroundings.github_event = std::move(**text);
    }
    return surroundings;
}

// What stands for a repository whose remote, if it has one, names no host. Nothing in a CI, where
// each job has another folder, and outside of a repository.
std::optional<std::string> place_of(const std::optional<std::string>& remote,
                                    const Settings& settings, const Variables& variables,
                                    base::Deadline deadline) {
    if (environment::is_ci(variables)) return std::nullopt;
    auto folder = remote ? local_remote(*remote) : std::nullopt;
    if (!folder) {
        const auto told = first_line(
            base::run(asking_git({"rev-parse", "--git-common-dir"}, variables), deadline));
        if (!told) return std::nullopt;
        std::error_code problem;
        folder = fs::canonical(*told, problem);
        if (problem) return std::nullopt;
    }
    return environment::repository_at(is_local(settings) ? std::string() : host_name(),
                                      folder->string());
}

// False only where git would find none: it looks for .git, or for what a bare repository has, in
// the current folder and in those above it. Starting git to hear that takes as long as a login.
bool may_be_in_repository(const Variables& variables) {
    if (variables.contains("GIT_DIR")) return true;
    std::error_code problem;
    for (auto folder = fs::current_path(problem); !problem; folder = folder.parent_path()) {
        if (fs::exists(folder / ".git", problem) || fs::exists(folder / "HEAD", problem))
            return true;
        if (problem || folder == folder.parent_path()) break;
    }
    return problem.operator bool();
}

void add_git_origin(Surroundings& surroundings, const Settings& settings, base::Deadline deadline) {
    if (!environment::origin_of(surroundings).repository.empty()) return;
    const auto& variables = surroundings.variables;
    if (!may_be_in_repository(variables)) return;
    surroundings.git_origin = chosen_remote(base::run(asking_remotes(variables), deadline));
    if (environment::parse_repository(surroundings.git_origin.value_or(""))) return;
    surroundings.git_place = place_of(surroundings.git_origin, settings, variables, deadline);
}

base::Result<std::optional<environment::Time>> event_time_of(const Arguments& arguments,
                                                             const Surroundings& surroundings) {
    if (!arguments.event_time) return environment::event_time_of(surroundings);
    auto time = base::parse_time(*arguments.event_time);
    if (time) return time;
    return base::fail(base::ErrorKind::invalid_input,
                      fmt::format("--event-time: '{}' is no time", *arguments.event_time),
                      "as RFC 3339 has it: 2026-11-24T12:00:00Z");
}

environment::Origin with_flags(environment::Origin origin, const Arguments& arguments) {
    if (arguments.repository) origin.repository = *arguments.repository;
    if (arguments.ref) origin.ref = *arguments.ref;
    if (arguments.pull_request) origin.pull_request = arguments.pull_request;
    if (arguments.commit) origin.commit = *arguments.commit;
    return origin;
}

}  // namespace

base::Result<Found> find_name(const Arguments& arguments, const Settings& settings,
                              const Variables& variables, Clone clone, base::Deadline deadline) {
    const bool asks_origin = clone == Clone::ask_now && !arguments.repository;
    auto surroundings = look_around(variables);
    BASE_TRY_ASSIGN(const auto event_at, event_time_of(arguments, surroundings));
    if (arguments.name) {
        if (asks_origin) add_git_origin(surroundings, settings, deadline);
        auto found = environment::named(*arguments.name, surroundings);
        found.origin = with_flags(std::move(found.origin), arguments);
        return Found{std::move(found), event_at};
    }
    auto found = environment::default_name(surroundings);
    if (!found && !environment::is_ci(variables)) {
        surroundings.git_branch = first_line(base::run(
            asking_git({"symbolic-ref", "--quiet", "--short", "HEAD"}, variables), deadline));
    }
    if (asks_origin) add_git_origin(surroundings, settings, deadline);
    BASE_TRY_ASSIGN(auto named, environment::default_name(surroundings));
    named.origin = with_flags(std::move(named.origin), arguments);
    return Found{std::move(named), event_at};
}

std::string repository_at_hand(const Arguments& arguments, const Settings& settings,
                               const Variables& variables, base::Deadline deadline) {
    if (arguments.repository) return *arguments.repository;
    auto surroundings = look_around(variables);
    add_git_origin(surroundings, settings, deadline);
    return environment::origin_of(surroundings).repository;
}

void choose_project(const Arguments& arguments, const Variables& variables, Settings& settings) {
    if (!is_local(settings) || !has_default_project(settings)) return;
    const auto repository = repository_at_hand(arguments, settings, variables,
                                               base::Deadline::after(settings.deadline));
    if (repository.empty()) return;
    set_project(settings, environment::project_of(repository), "the repository " + repository);
}

Questions ask_git(const Arguments& arguments, const Variables& variables,
                  const environment::FoundName& found, Inquiry inquiry) {
    if (!may_be_in_repository(variables)) return {};
    const auto ask = [](const base::Command& command) {
        auto question = base::start(command);
        return question ? std::optional(*std::move(question)) : std::nullopt;
    };
    Questions questions;
    if (found.origin.repository.empty() && !arguments.repository) {
        questions.repository = ask(asking_remotes(variables));
    }
    // A branch of a fork is none of the repository's.
    const bool open = inquiry == Inquiry::repository_and_branch && arguments.name &&
                      !arguments.ref && found.may_be_shielded && found.origin.ref != found.name &&
                      environment::may_be_branch(found.name);
    if (open) {
        questions.branch =
            ask(asking_git({"for-each-ref", "--format=%(refname)", "refs/heads/" + found.name,
                            "refs/remotes/origin/" + found.name},
                           variables));
    }
    return questions;
}

void add_answers(Questions questions, const Arguments& arguments, const Settings& settings,
                 const Variables& variables, environment::FoundName& found,
                 base::Deadline deadline) {
    if (questions.repository) {
        const auto remote = chosen_remote(std::move(*questions.repository).finish(deadline));
        auto repository = environment::parse_repository(remote.value_or(""));
        if (!repository) repository = place_of(remote, settings, variables, deadline);
        found.origin.repository = std::move(repository).value_or("");
    }
    if (!questions.branch) return;
    const auto told = std::move(*questions.branch).finish(deadline);
    // git also lists the branches below a folder of that name.
    std::istringstream lines(told && told->exit_code == 0 ? told->out : std::string());
    for (std::string line; std::getline(lines, line);) {
        if (line != "refs/heads/" + found.name && line != "refs/remotes/origin/" + found.name)
            continue;
        environment::set_branch(found.origin, found.name);
        found.origin = with_flags(std::move(found.origin), arguments);
    }
}

std::string default_actor(const Variables& variables) {
    const auto run = value_of(variables, "GITHUB_RUN_ID");
    const auto server = value_of(variables, "GITHUB_SERVER_URL");
    const auto repository = value_of(variables, "GITHUB_REPOSITORY");
    if (!run.empty() && !server.empty()) {
        return fmt::format("{}/{}/actions/runs/{}", server, repository, run);
    }
    for (const auto* name :
         {"CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL"}) {
        if (auto url = value_of(variables, name); !url.empty()) return url;
    }
    auto user = value_of(variables, "USER");
    if (user.empty()) {
        // Not thread-safe, and need not be: nothing else runs yet.
        const auto* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe)
        user = entry != nullptr ? std::string(entry->pw_name) : fmt::format("{}", geteuid());
    }
    return fmt::format("{}@{}", user, host_name());
}

}  // namespace cli

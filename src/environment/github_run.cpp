// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/duration.h"
#include "base/words.h"
#include "environment/ci_systems.h"
#include "environment/ci_words.h"

namespace environment {

namespace {

using std::string_view;
using Json = boost::json::value;

// What an event is about. GITHUB_REF is the default branch for every event that is not about a
// branch, and for some that are (`delete`, `workflow_run`), so those are listed which name one.
enum class About {
    pull_request,   // /pull_request, else GITHUB_HEAD_REF
    pushed,         // /ref in full, else GITHUB_REF
    created,        // /ref and /ref_type, else GITHUB_REF
    deleted,        // /ref and /ref_type; GITHUB_REF is the default branch
    merge_group,    // /merge_group/head_ref, else GITHUB_REF
    deployment,     // /deployment/ref; GITHUB_REF says of which kind it is
    workflow_run,   // /workflow_run
    check,          // /check_suite, /check_run/check_suite
    issue_comment,  // of a pull request, says its number alone
    no_branch,
};

struct Event {
    string_view name;
    About about;
};

constexpr std::array<Event, 15> k_events{{{"pull_request", About::pull_request},
                                          {"pull_request_target", About::pull_request},
                                          {"pull_request_review", About::pull_request},
                                          {"pull_request_review_comment", About::pull_request},
                                          {"pull_request_review_thread", About::pull_request},
                                          {"push", About::pushed},
                                          {"workflow_dispatch", About::pushed},
                                          {"create", About::created},
                                          {"delete", About::deleted},
                                          {"merge_group", About::merge_group},
                                          {"deployment", About::deployment},
                                          {"deployment_status", About::deployment},
                                          {"workflow_run", About::workflow_run},
                                          {"check_run", About::check},
                                          {"check_suite", About::check}}};

About about(string_view event) {
    if (event == "issue_comment") return About::issue_comment;
    const auto* found = std::ranges::find(k_events, event, &Event::name);
    return found == k_events.end() ? About::no_branch : found->about;
}

const Json* node_at(const Json& event, string_view pointer) {
    boost::system::error_code problem;
    return event.find_pointer(pointer, problem);
}

std::string text_at(const Json& event, string_view pointer) {
    const auto* found = node_at(event, pointer);
    const auto* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

std::optional<int> number_at(const Json& event, string_view pointer) {
    const auto* found = node_at(event, pointer);
    const auto* whole = found == nullptr ? nullptr : found->if_int64();
    return whole == nullptr ? std::nullopt : number_in(std::to_string(*whole));
}

// The repository of one end of a pull request in a list: by its id, as it has no full name there.
std::optional<std::int64_t> id_at(const Json& event, string_view pointer) {
    const auto* found = node_at(event, pointer);
    const auto* whole = found == nullptr ? nullptr : found->if_int64();
    return whole == nullptr ? std::nullopt : std::optional(*whole);
}

// A pull request of the repository's own branch `branch`, in a list of GitHub's; nothing if the
// list has none.
std::optional<int> own_pull_request(const Json& event, const std::string& list,
                                    const std::string& branch) {
    const auto* found = node_at(event, list);
    const auto* all = found == nullptr ? nullptr : found->if_array();
    if (all == nullptr) return std::nullopt;
    for (const auto& one : *all) {
        const auto head = id_at(one, "/head/repo/id");
        const bool own = head && head == id_at(one, "/base/repo/id");
        if (own && text_at(one, "/head/ref") == branch) return number_at(one, "/number");
    }
    return std::nullopt;
}

// Events of which a later workflow run may take the branch: for all others it is the default one.
bool is_of_a_branch(string_view event) {
    const auto kind = about(event);
    return kind == About::pull_request || kind == About::pushed || kind == About::created ||
           kind == About::merge_group;
}

// One run of GitHub Actions, read piece by piece.
class Reading {
   public:
    Reading(const Words& words, const std::optional<std::string>& text)
        : words_(words), name_(words.get("GITHUB_EVENT_NAME")) {
        boost::system::error_code problem;
        if (text) event_ = boost::json::parse(*text, problem);
        if (problem) event_ = nullptr;
        run_.system = words.has("GITEA_ACTIONS")     ? "Gitea Actions"
                      : words.has("FORGEJO_ACTIONS") ? "Forgejo Actions"
                                                     : "GitHub Actions";
        run_.looked_at = "GITHUB_EVENT_PATH, GITHUB_HEAD_REF, GITHUB_REF";
    }

    CiRun read() && {
        if (words_.has("GITHUB_REPOSITORY")) {
            const auto server = words_.get("GITHUB_SERVER_URL");
            run_.remote = (server.empty() ? "https://github.com" : server) + "/" +
                          words_.get("GITHUB_REPOSITORY");
        }
        read_branch();
        if (!run_.branch && run_.no_branch.empty()) run_.no_branch = why_none();
        return std::move(run_);
    }

   private:
    static std::string shown(const std::string& text) {
        return base::harmless(base::beginning_of(text, 60));
    }

    std::string why_none() const {
        if (name_.empty()) return "GITHUB_EVENT_NAME is not set";
        const auto kind = about(name_);
        const bool unread = event_.is_null() && kind != About::no_branch && kind != About::pushed;
        return fmt::format("the event '{}' names {}", shown(name_),
                           unread ? "its branch in the file GITHUB_EVENT_PATH alone, which cannot "
                                    "be read"
                                  : "no branch");
    }

    void read_branch() {
        switch (about(name_)) {
            case About::pull_request:
                return pull_request();
            case About::pushed:
                return pushed();
            case About::created:
                return created();
            case About::deleted:
                return deleted();
            case About::merge_group:
                run_.commit = words_.get("GITHUB_SHA");
                return of_ref(text_or("/merge_group/head_ref", "GITHUB_REF"));
            case About::deployment:
                return deployment();
            case About::workflow_run:
                return workflow_run();
            case About::check:
                return check();
            case About::issue_comment:
                if (node_at(event_, "/issue/pull_request") == nullptr) return;
                run_.pull_request = number_at(event_, "/issue/number");
                run_.owner = BranchOwner::stranger;
                return;
            case About::no_branch:
                // It names a tag, or what is no branch at all.
                if (words_.get("GITHUB_REF").starts_with("refs/tags/")) of_tag();
                return;
        }
    }

    std::string text_or(string_view pointer, const char* variable) const {
        auto text = text_at(event_, pointer);
        return text.empty() ? words_.get(variable) : text;
    }

    void of_tag() {
        run_.commit = words_.get("GITHUB_SHA");
        run_.no_branch = fmt::format("the event '{}' is about a tag", shown(name_));
    }

    void of_ref(const std::string& ref) {
        run_.branch = branch_of_ref(ref);
        if (ref.starts_with("refs/tags/")) of_tag();
    }

    void pushed() {
        run_.commit = words_.get("GITHUB_SHA");
        const auto ref = text_at(event_, "/ref");
        of_ref(ref.starts_with("refs/") ? ref : words_.get("GITHUB_REF"));
        // After the deletion of a branch GITHUB_SHA is the default branch's.
        const auto* gone = node_at(event_, "/deleted");
        if (gone != nullptr && gone->is_bool() && gone->get_bool()) run_.commit.clear();
    }

    void created() {
        run_.commit = words_.get("GITHUB_SHA");
        const auto kind = text_at(event_, "/ref_type");
        if (kind.empty()) return of_ref(words_.get("GITHUB_REF"));
        if (kind == "tag") return of_tag();
        if (kind == "branch") run_.branch = non_empty(text_at(event_, "/ref"));
    }

    void deleted() {
        const auto kind = text_at(event_, "/ref_type");
        const auto ref = text_at(event_, "/ref");
        if (kind == "tag") run_.no_branch = "the event 'delete' is about a tag";
        // The ref is short here. A branch that is itself called refs/heads/x must not pass for x.
        if (kind == "branch" && !ref.starts_with("refs/")) run_.branch = non_empty(ref);
    }

    void deployment() {
        const auto ref = words_.get("GITHUB_REF");
        if (ref.starts_with("refs/tags/")) return of_tag();
        // Empty for a deployment of a commit.
        if (!ref.starts_with(k_heads)) return;
        run_.branch = branch_in(text_or("/deployment/ref", "GITHUB_REF"));
        run_.commit = text_or("/deployment/sha", "GITHUB_SHA");
        if (run_.branch == run_.commit) run_.branch.reset();
    }

    void workflow_run() {
        const auto former = text_at(event_, "/workflow_run/event");
        if (!is_of_a_branch(former)) {
            if (!former.empty()) {
                run_.no_branch = fmt::format(
                    "the event 'workflow_run' is about a run for the event '{}', "
                    "which names no branch",
                    shown(former));
            }
            return;
        }
        run_.branch = non_empty(text_at(event_, "/workflow_run/head_branch"));
        run_.commit = text_at(event_, "/workflow_run/head_sha");
        // Of the first run, for a later one is about the same push.
        run_.event_at = base::parse_time(text_at(event_, "/workflow_run/created_at"));
        const auto own = text_at(event_, "/repository/full_name");
        run_.owner = fork_if(own.empty() ||
                             own != text_at(event_, "/workflow_run/head_repository/full_name"));
        if (run_.owner == BranchOwner::repository && run_.branch) {
            run_.pull_request =
                own_pull_request(event_, "/workflow_run/pull_requests", *run_.branch);
        }
    }

    // A check of a fork's branch looks like one of a branch here that has no pull request.
    void check() {
        const std::string suite = name_ == "check_run" ? "/check_run/check_suite" : "/check_suite";
        const std::string list = "/" + name_ + "/pull_requests";
        const auto branch = text_at(event_, suite + "/head_branch");
        run_.pull_request = own_pull_request(event_, list, branch);
        if (!run_.pull_request) {
            run_.owner = BranchOwner::stranger;
            run_.branch = non_empty(branch);
            return;
        }
        run_.branch = non_empty(branch);
        run_.commit = text_at(event_, "/" + name_ + "/head_sha");
    }

    void pull_request() {
        const auto ref = words_.get("GITHUB_REF");
        run_.commit = words_.get("GITHUB_SHA");
        run_.branch = non_empty(words_.get("GITHUB_HEAD_REF"));
        run_.pull_request = number_behind(ref, "refs/pull/");
        // Only this event keeps secrets back from forks; a review's workflow may be anybody's.
        const bool closed_to_forks = name_ == "pull_request" && run_.branch;
        run_.owner = closed_to_forks ? BranchOwner::not_told : BranchOwner::stranger;
        const auto head = words_.get("GITHUB_HEAD_REPOSITORY");
        if (run_.branch && !head.empty())
            run_.owner = fork_if(head != words_.get("GITHUB_REPOSITORY"));
        read_pull_request();
    }

    // What the event file says on top of that. The head repository of a fork that was removed is
    // null, and still not the repository itself.
    void read_pull_request() {
        const auto number = number_at(event_, "/pull_request/number");
        if (!number) return;
        run_.pull_request = number;
        const auto base = text_at(event_, "/pull_request/base/repo/full_name");
        const auto head = text_at(event_, "/pull_request/head/repo/full_name");
        if (!base.empty()) run_.owner = fork_if(base != head);
        // As of when it was opened, pushed to or closed; a job that is run again has the same.
        run_.event_at = base::parse_time(text_at(event_, "/pull_request/updated_at"));
        if (auto sha = text_at(event_, "/pull_request/head/sha"); !sha.empty())
            run_.commit = std::move(sha);
        if (auto name = text_at(event_, "/pull_request/head/ref"); !name.empty())
            run_.branch = std::move(name);
    }

    const Words& words_;
    const std::string name_;
    Json event_;
    CiRun run_;
};

}  // namespace

CiRun github_run(const Words& words, const std::optional<std::string>& event) {
    return Reading(words, event).read();
}

}  // namespace environment

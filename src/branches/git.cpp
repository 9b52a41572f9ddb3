// SPDX-License-Identifier: Apache-2.0
#include "branches/git.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/words.h"
#include "branches/git_safety.h"
#include "branches/names.h"
#include "branches/program.h"
#include "branches/remote_url.h"
#include "environment/repository.h"

namespace branches {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using base::Variables;

// A hundred thousand branches with long names.
constexpr std::size_t k_longest_answer = 64U << 20U;
constexpr std::size_t k_longest_setting = 65'536;

// Hands out the credentials in our variables, and only for the host that its setting names. The
// empty one before it forgets the helpers of others: they would be told to keep these.
constexpr const char* k_helper =
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$REVIEWDB_GIT_USER\" "
    "\"$REVIEWDB_GIT_PASSWORD\"; }; f";

std::string value_of(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
}

// The headers that the repository's configuration has for this host: a CI leaves its token there,
// as http.https://HOST/.extraheader. `listed` is what git config --null prints, a key, a line's end
// and a value each.
std::vector<std::pair<std::string, std::string>> headers_for(const std::string& origin,
                                                             std::string_view listed) {
    std::vector<std::pair<std::string, std::string>> headers;
    const auto lead = "http." + origin + "/";
    while (!listed.empty()) {
        const auto entry = listed.substr(0, listed.find('\0'));
        listed.remove_prefix(std::min(entry.size() + 1, listed.size()));
        const auto end = entry.find('\n');
        if (end == std::string_view::npos || !entry.starts_with(lead)) continue;
        headers.emplace_back(entry.substr(0, end), entry.substr(end + 1));
    }
    return headers;
}

class Git final : public Source {
   public:
    Git(std::string remote, GitSurroundings around)
        : remote_(std::move(remote)),
          around_(std::move(around)),
          reading_(for_reading(around_.variables)),
          contact_(for_contact(around_.variables)) {}

    Result<Branches> ask(Deadline deadline) override {
        auto answer = look(deadline);
        if (!answer) return base::fail(std::move(answer).error().during(name()));
        return answer;
    }

    std::string name() const override { return "git:" + base::harmless(shown_url(remote_)); }

   private:
    Result<Branches> look(Deadline deadline) {
        std::string configured;
        if (remote_.find("://") == std::string::npos) {  // a URL may hold what is for no argument
            BASE_TRY_ASSIGN(configured, setting("remote." + remote_ + ".url", reading_, deadline));
        }
        const auto url = parse_remote_url(configured.empty() ? remote_ : configured);
        BASE_TRY_ASSIGN(const auto heads, list_heads(url, deadline));
        Branches branches;
        branches.repository = environment::parse_repository(url.plain).value_or(around_.repository);
        branches.names = heads.names;
        branches.complete = true;
        branches.source = name();
        if (heads.not_text > 0) {
            branches.notes.push_back(
                fmt::format("left out: {} whose names are not UTF-8", heads.not_text));
        }
        return branches;
    }

    // What git is configured with; empty where it is not.
    Result<std::string> setting(const std::string& key, const Variables& variables,
                                Deadline deadline) {
        BASE_TRY_ASSIGN(const auto finished,
                        git({"config", "--get", key}, variables, k_longest_setting, deadline));
        return finished.exit_code == 0 ? base::trimmed(finished.out) : std::string();
    }

    Result<void> add_headers(const RemoteUrl& url, Variables& variables, Deadline deadline) {
        if (url.origin.empty()) return {};
        BASE_TRY_ASSIGN(const auto finished,
                        git({"config", "--null", "--get-regexp", "^http\\..*\\.extraheader$"},
                            reading_, k_longest_setting, deadline));
        if (finished.exit_code != 0) return {};
        for (const auto& [key, value] : headers_for(url.origin, finished.out)) {
            configure(variables, key, value);
        }
        return {};
    }

    Result<Heads> list_heads(const RemoteUrl& url, Deadline deadline) {
        auto variables = contact_;
        BASE_TRY(without_questions(variables, deadline));
        BASE_TRY(add_headers(url, variables, deadline));
        const auto& remote = url.plain;
        if (url.has_credentials()) {
            const auto helper = "credential." + url.origin + ".helper";
            configure(variables, helper, "");
            configure(variables, helper, k_helper);
            variables["REVIEWDB_GIT_USER"] = url.user.reveal();
            variables["REVIEWDB_GIT_PASSWORD"] = url.password.reveal();
        }
        BASE_TRY_ASSIGN(auto said, ask_remote(remote, url, variables, deadline));
        if (!said.out.empty()) return parse_heads(said.out);
        // Where a web server answers with any page, git takes it for one that only hands out files,
        // and for an empty repository. One that speaks git says so in packets.
        variables["GIT_TRACE_PACKET"] = "1";
        BASE_TRY_ASSIGN(said, ask_remote(remote, url, variables, deadline));
        if (said.err.find("packet:") == std::string::npos) {
            return base::fail(ErrorKind::unavailable,
                              "what answers there is empty, and does not speak git",
                              "look for a proxy, or a network that wants a login");
        }
        return parse_heads(said.out);
    }

    Result<base::Finished> ask_remote(const std::string& remote, const RemoteUrl& url,
                                      const Variables& variables, Deadline deadline) {
        BASE_TRY_ASSIGN(auto finished, git({"ls-remote", "--heads", "--", remote}, variables,
                                           k_longest_answer, deadline));
        if (finished.exit_code != 0) return refused(finished, url);
        BASE_TRY(check_place(finished.err, url));
        return finished;
    }

    // ssh would ask at the terminal whether to trust a host. Who has a command of their own for it
    // has seen to that.
    Result<void> without_questions(Variables& variables, Deadline deadline) {
        if (!value_of(variables, "GIT_SSH_COMMAND").empty()) return {};
        if (!value_of(variables, "GIT_SSH").empty()) return {};
        BASE_TRY_ASSIGN(const auto own, setting("core.sshCommand", contact_, deadline));
        if (own.empty()) variables["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes";
        return {};
    }

    Result<base::Finished> git(std::vector<std::string> arguments, const Variables& variables,
                               std::size_t longest_answer, Deadline deadline) {
        arguments.insert(arguments.begin(), "git");
        auto finished =
            run({std::move(arguments), variables, around_.folder, longest_answer}, deadline);
        if (!finished && finished.error().kind == ErrorKind::not_found) {
            return base::fail(std::move(finished).error().with_hint(
                "install git, or name the branches on standard input"));
        }
        return finished;
    }

    static tl::unexpected<base::Error> refused(const base::Finished& finished,
                                               const RemoteUrl& url) {
        constexpr std::size_t k_shown = 400;
        auto said = base::presentable(without_credentials(base::trimmed(finished.err), url));
        said = base::harmless(base::beginning_of(said, k_shown));
        return base::fail(ErrorKind::unavailable,
                          fmt::format("git ended with {}: {}", finished.exit_code,
                                      said.empty() ? "it did not say why" : said),
                          "try `git ls-remote --heads` with this remote, as this user; it may ask "
                          "nothing here, so credentials have to be where git finds them");
    }

    // git goes where a web server sends it, and says so. To the same repository, with .git behind
    // it or by another protocol, is well; another repository's branches say nothing of this one's.
    static Result<void> check_place(const std::string& said, const RemoteUrl& url) {
        constexpr std::string_view k_lead = "warning: redirecting to ";
        const auto at = said.find(k_lead);
        if (at == std::string::npos) return {};
        const auto start = at + k_lead.size();
        const auto target = said.substr(start, said.find('\n', start) - start);
        const auto before = environment::parse_repository(url.plain);
        if (before && environment::parse_repository(target) == before) return {};
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the repository has moved to {}", base::harmless(shown_url(target))),
            "name it as it is called now");
    }

    const std::string remote_;
    const GitSurroundings around_;
    const Variables reading_;
    const Variables contact_;
};

}  // namespace

std::unique_ptr<Source> make_git(std::string remote, GitSurroundings around) {
    return std::make_unique<Git>(std::move(remote), std::move(around));
}

}  // namespace branches

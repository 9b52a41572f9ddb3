// SPDX-License-Identifier: Apache-2.0
#include "branches/git.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/words.h"
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

// Hands out the credentials in our variables, and only for the host that its setting names. The
// empty one before it forgets the helpers of others: they would be told to keep these.
constexpr const char* k_helper =
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$REVIEWDB_GIT_USER\" "
    "\"$REVIEWDB_GIT_PASSWORD\"; }; f";

std::string value_of(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
}

// Adds a setting to those that git reads from its variables.
void configure(Variables& variables, const std::string& key, const std::string& value) {
    const auto count = value_of(variables, "GIT_CONFIG_COUNT");
    const auto number = count.empty() ? "0" : count;
    const bool valid =
        number.size() < 4 && number.find_first_not_of("0123456789") == std::string::npos;
    const int next = valid ? std::stoi(number) : 0;
    variables[fmt::format("GIT_CONFIG_KEY_{}", next)] = key;
    variables[fmt::format("GIT_CONFIG_VALUE_{}", next)] = value;
    variables["GIT_CONFIG_COUNT"] = std::to_string(next + 1);
}

Variables quiet(Variables variables) {
    variables = for_programs(std::move(variables));
    variables["GIT_TERMINAL_PROMPT"] = "0";
    variables["GIT_ASKPASS"] = "";  // and none of those that are looked for without it
    variables["SSH_ASKPASS_REQUIRE"] = "never";
    variables["GCM_INTERACTIVE"] = "never";
    variables["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh";
    variables["LC_ALL"] = "C";
    return variables;
}

class Git final : public Source {
   public:
    Git(std::string remote, GitSurroundings around)
        : remote_(std::move(remote)),
          around_(std::move(around)),
          variables_(quiet(around_.variables)) {}

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
            BASE_TRY_ASSIGN(configured, setting("remote." + remote_ + ".url", deadline));
        }
        const auto url = parse_remote_url(configured.empty() ? remote_ : configured);
        BASE_TRY_ASSIGN(const auto heads, list_heads(url, !configured.empty(), deadline));
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
    Result<std::string> setting(const std::string& key, Deadline deadline) {
        constexpr std::size_t k_longest = 65'536;
        BASE_TRY_ASSIGN(const auto finished,
                        git({"config", "--get", key}, variables_, k_longest, deadline));
        return finished.exit_code == 0 ? base::trimmed(finished.out) : std::string();
    }

    Result<Heads> list_heads(const RemoteUrl& url, bool is_name, Deadline deadline) {
        auto variables = variables_;
        BASE_TRY(without_questions(variables, deadline));
        std::string remote = is_name ? remote_ : url.plain;
        if (url.has_credentials()) {
            remote = url.plain;
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
        BASE_TRY_ASSIGN(const auto own, setting("core.sshCommand", deadline));
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
    const Variables variables_;
};

}  // namespace

std::unique_ptr<Source> make_git(std::string remote, GitSurroundings around) {
    return std::make_unique<Git>(std::move(remote), std::move(around));
}

}  // namespace branches

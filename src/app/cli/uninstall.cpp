// SPDX-License-Identifier: Apache-2.0
#include "server/uninstall.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "base/size.h"
#include "server/operator_login.h"

namespace cli {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Listed;
using server::Left;

constexpr std::string_view k_door = "uninstall";

class Uninstall {
   public:
    explicit Uninstall(Session& session) : session_(session) {}

    Result<int> run();

   private:
    const pg::ConnectionInfo& administrator() const { return session_.reached().administrator; }
    // What an operator can do as well is done by one, who is made for this call alone.
    const pg::ConnectionInfo& login() const { return session_.reached().login; }
    Result<void> work_as_operator();
    Result<int> carry_on();
    // Each part of the work may take as long as a call may.
    Deadline soon() const { return Deadline::after(session_.settings().deadline); }

    Result<void> look();
    Result<void> check() const;
    Result<void> check_secrets();
    std::string plan() const;
    Result<void> delete_environments();
    Result<void> drop_leftovers();
    Result<void> remove_foundation();
    int tell() const;

    Session& session_;
    server::Standing standing_;
    std::vector<Listed> environments_;
    environment::Usage usage_;
    std::vector<std::string> done_;
    std::vector<Left> left_;
    bool keeps_registry_ = false;
};

Result<void> Uninstall::look() {
    BASE_TRY_ASSIGN(standing_,
                    server::what_stands(administrator(), session_.deadline(), session_.log()));
    if (!standing_.registry) return {};
    BASE_TRY(work_as_operator());
    BASE_TRY_ASSIGN(environments_, session_.server().list({}, session_.deadline()));
    BASE_TRY_ASSIGN(usage_, session_.server().usage(std::nullopt, session_.deadline()));
    return {};
}

Result<void> Uninstall::work_as_operator() {
    BASE_TRY_ASSIGN(auto made,
                    server::make_operator_of(
                        k_door, administrator(),
                        []() -> Result<base::Secret> { return server::make_operator_password(); },
                        session_.deadline(), session_.log()));
    session_.work_as(std::move(made));
    return {};
}

// Without the registry nobody could find their secrets any more.
Result<void> Uninstall::check_secrets() {
    std::set<std::string> projects;
    for (const auto& one : environments_) {
        if (!one.environment.secret.empty()) projects.insert(one.environment.project);
    }
    for (const auto& name : projects) {
        BASE_TRY_ASSIGN(const auto project, environment::Project::parse(name));
        BASE_TRY_ASSIGN(const auto policy, session_.server().policy(project, soon()));
        if (policy.secrets() == "none") continue;
        BASE_TRY(session_.manager().check_original(
            project, fmt::format("the environments of project {} stay", name), soon()));
    }
    return {};
}

Result<void> Uninstall::check() const {
    std::string shielded;
    for (const auto& one : environments_) {
        if (!one.environment.shielded) continue;
        shielded += fmt::format("{}'{}' of project {}", shielded.empty() ? "" : ", ",
                                one.environment.name, one.environment.project);
    }
    if (!environments_.empty() && !session_.arguments().delete_all) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("there are {} environments on this server ({}), so reviewdb stays",
                        environments_.size(), base::describe_size(all_environments(usage_).bytes)),
            "--delete-all deletes them with all their data; 'reviewdb release' hands one over "
            "first; 'reviewdb list --all-projects' shows them");
    }
    if (shielded.empty()) return {};
    return base::fail(ErrorKind::shielded,
                      fmt::format("protected environments are not deleted: {}", shielded),
                      "if their data may go, lift the protection first: reviewdb unprotect NAME; "
                      "or hand them over: reviewdb release NAME");
}

std::string Uninstall::plan() const {
    std::vector<std::vector<std::string>> rows;
    const auto add = [&](const environment::Share& share, std::string what) {
        if (share.count == 0) return;
        rows.push_back(
            {std::to_string(share.count), std::move(what), base::describe_size(share.bytes)});
    };
    add(all_environments(usage_), "environments, with database, role and secret");
    add(usage_.warm, "warm instances");
    add(usage_.templates, "templates");
    add(usage_.trash, "databases in the trash");
    add(usage_.unfinished, "unfinished databases");
    auto text = table(rows);
    if (standing_.registry) text += "the registry, with all history and policy\n";
    for (const auto& thing : standing_.things) text += thing + "\n";
    return text;
}

// One that is held is cut off, and met again among what remains.
Result<void> Uninstall::delete_environments() {
    for (const auto& one : environments_) {
        auto project = environment::Project::parse(one.environment.project);
        auto name = environment::Name::parse(one.environment.name);
        if (!project || !name) continue;
        environment::Wish wish{.project = *std::move(project), .name = *std::move(name)};
        wish.reason = "reviewdb is uninstalled";
        wish.purges = true;
        const auto removed =
            session_.manager().remove(wish, environment::Execution::carry_out, soon());
        if (removed) {
            done_.push_back(fmt::format("environment {} of project {}", one.environment.name,
                                        one.environment.project));
        } else if (removed.error().kind != ErrorKind::conflict) {
            return base::fail(removed.error());
        } else {
            session_.notice(fmt::format("reviewdb: {} of project {}: {}", one.environment.name,
                                        one.environment.project, removed.error().message));
        }
    }
    return {};
}

// As long as it gets less.
Result<void> Uninstall::drop_leftovers() {
    BASE_TRY(server::let_go_of_supplies(login(), soon(), session_.log()));
    server::Remains remains;
    for (int before = -1;; before = remains.unfinished) {
        BASE_TRY_ASSIGN(remains, server::what_remains(login(), soon(), session_.log()));
        if (remains.unfinished == 0 || remains.unfinished == before) break;
        BASE_TRY(session_.manager().finish_pending(soon()));
    }
    keeps_registry_ = remains.unfinished > 0;
    left_ = remains.databases;
    left_.insert(left_.end(), remains.roles.begin(), remains.roles.end());
    for (const auto& key : remains.keys) {
        left_.push_back(
            {"the key in " + key, "it is outside the server, and of no use any more", {}});
    }
    return {};
}

Result<void> Uninstall::remove_foundation() {
    if (standing_.registry) {
        BASE_TRY_ASSIGN(const auto opened, server::reopen_all(administrator(), session_.actor(),
                                                              left_, soon(), session_.log()));
        for (const auto& one : opened) session_.notice("reviewdb: " + one);
    }
    BASE_TRY_ASSIGN(const auto gone,
                    server::remove_foundation(administrator(), left_, soon(), session_.log()));
    done_.insert(done_.end(), gone.begin(), gone.end());
    return {};
}

int Uninstall::tell() const {
    session_.end_progress();
    std::vector<std::vector<std::string>> rows;
    rows.reserve(done_.size() + left_.size());
    for (const auto& one : done_) rows.push_back({"removed", one});
    for (const auto& one : left_) {
        rows.push_back({"left", fmt::format("{}: {}", one.what, one.why)});
        if (!one.sql.empty()) rows.push_back({"", one.sql + ";"});
    }
    print_result(table(rows));
    if (keeps_registry_) {
        session_.notice("reviewdb: the registry stays until that is gone; then call again");
    }
    const bool clean = std::ranges::all_of(left_, [](const Left& one) { return one.sql.empty(); });
    return clean && !keeps_registry_ ? 0 : base::k_exit_drift;
}

Result<int> Uninstall::run() {
    auto done = carry_on();
    session_.disconnect();
    // It goes with the other roles, unless something keeps the registry.
    const auto dropped = server::drop_operator_of(k_door, administrator(), soon(), session_.log());
    if (done && !dropped) return base::fail(dropped.error());
    return done;
}

Result<int> Uninstall::carry_on() {
    BASE_TRY(look());
    if (!standing_.anything) {
        print_result("absent\n");
        return 0;
    }
    BASE_TRY(check());
    BASE_TRY(check_secrets());
    const auto& arguments = session_.arguments();
    if (arguments.dry_run) {
        print_result(plan());
        return 0;
    }
    if (!arguments.yes && someone_can_answer() &&
        !says_yes(plan() + "Remove all of this from the server?")) {
        return 1;
    }
    if (standing_.registry) {
        BASE_TRY(delete_environments());
        BASE_TRY(drop_leftovers());
    }
    // Nobody may be in a database that is dropped.
    session_.disconnect();
    if (!keeps_registry_) BASE_TRY(remove_foundation());
    return tell();
}

}  // namespace

Result<int> run_uninstall(Session& session) {
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    if (!there || session.reached().local) {
        return base::fail(ErrorKind::invalid_input,
                          "the local server is reviewdb's alone, so there is a shorter way",
                          "'reviewdb local remove' removes it with all its databases; to take "
                          "reviewdb off another server, name it: --server");
    }
    BASE_TRY(server::check_administrator(session.reached().administrator.get("user"),
                                         "take reviewdb off the server"));
    return Uninstall(session).run();
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
//
// The verb sweep: asks a source which branches there are, and removes what has none.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "api/removal_json.h"
#include "api/truth.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/surroundings.h"
#include "app/cli/verbs.h"
#include "base/duration.h"
#include "base/size.h"
#include "branches/address.h"
#include "branches/ref_map.h"
#include "branches/source.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Finding;
using environment::SweepReport;
using environment::Truth;

// A source, and what it said the first time.
class Asked {
   public:
    explicit Asked(Session& session) : session_(session) {}

    Result<void> ask() {
        const auto& arguments = session_.arguments();
        BASE_TRY_ASSIGN(const auto address, branches::parse_address(*arguments.branches));
        branches::Surroundings around;
        around.forge.variables = session_.variables();
        around.repository = repository_at_hand(arguments, session_.settings(), session_.variables(),
                                               session_.deadline());
        BASE_TRY_ASSIGN(source_, branches::make_source(address, std::move(around)));
        BASE_TRY_ASSIGN(const auto said, source_->ask(session_.deadline()));
        if (said.repository.empty()) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("{} does not name its repository, so no environment "
                                          "can be compared with it",
                                          said.source),
                              fmt::format("name it: reviewdb sweep --branches {} --repository "
                                          "github.com/acme/shop",
                                          shell_quoted(*arguments.branches)));
        }
        for (const auto& note : said.notes) session_.notice("reviewdb: " + note);
        BASE_TRY_ASSIGN(truth_, judge(said));
        return {};
    }

    const Truth& truth() const { return truth_; }

    // Only what is new since has to be mapped again.
    Result<bool> is_still_gone(const environment::EnvironmentRecord& record) {
        BASE_TRY_ASSIGN(const auto said, source_->ask(session_.deadline()));
        auto now = api::truth_of(said);
        if (truth_.names) {
            auto added = said;
            std::erase_if(added.names,
                          [&](const auto& name) { return truth_.refs.contains(name); });
            now.names = truth_.names;
            if (!added.names.empty()) {
                BASE_TRY_ASSIGN(const auto stages, map(added));
                for (const auto& stage : stages) now.names->insert(stage.name);
            }
        }
        return environment::is_branch_gone(record, now).value_or(false);
    }

   private:
    Result<Truth> judge(const branches::Branches& said) {
        if (!session_.arguments().ref_map) return api::truth_of(said);
        BASE_TRY_ASSIGN(const auto stages, map(said));
        return api::truth_of(said, stages);
    }
    Result<std::vector<branches::Stage>> map(const branches::Branches& said) {
        return branches::map_refs({*session_.arguments().ref_map, session_.variables()}, said,
                                  session_.patience());
    }

    Session& session_;
    std::unique_ptr<branches::Source> source_;
    Truth truth_;
};

std::string done_about(const Finding& finding, bool dry_run) {
    if (!finding.left.empty()) return (finding.is_due ? "left: " : "spared: ") + finding.left;
    return dry_run ? "would be dealt with" : "done";
}

std::string sweep_table(const SweepReport& report, bool dry_run) {
    std::vector<std::vector<std::string>> rows{
        {"NAME", "DATABASE", "FOUND", "WHY", "AGE", "SIZE", "DONE"}};
    for (const auto& one : report.findings) {
        rows.push_back({one.name.empty() ? "-" : one.name, one.database,
                        std::string(to_text(one.kind)), one.reason,
                        base::describe_duration(one.age),
                        one.size_bytes ? base::describe_size(*one.size_bytes) : "-",
                        done_about(one, dry_run)});
    }
    return rows.size() == 1 ? "nothing to do\n" : table(rows);
}

void print_report(Session& session, const SweepReport& report) {
    session.end_progress();
    const bool dry_run = session.arguments().dry_run;
    for (const auto& remark : report.remarks) session.notice("reviewdb: " + remark);
    if (report.unjudged > 0) {
        session.notice(
            fmt::format("reviewdb: nothing is known of the branches of {} environments, "
                        "so they were not judged",
                        report.unjudged));
    }
    if (session.wants("json")) {
        print_result(api::sweep_json(report));
    } else if (!session.arguments().quiet) {
        print_result(sweep_table(report, dry_run));
    } else {
        std::string names;
        for (const auto& one : report.findings) {
            if (one.is_due && !one.name.empty()) names += one.name + "\n";
        }
        print_result(names);
    }
}

Result<void> check_arguments(const Session& session) {
    const auto& arguments = session.arguments();
    if (arguments.branches) return {};
    if (!arguments.ref_map && !arguments.repository) return {};
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} says nothing without --branches",
                                  arguments.ref_map ? "--ref-map" : "--repository"),
                      "as in: reviewdb sweep --branches git:origin --ref-map './stage-name'");
}

}  // namespace

Result<int> run_sweep(Session& session) {
    BASE_TRY(check_arguments(session));
    const bool dry_run = session.arguments().dry_run;
    Asked asked(session);
    environment::SweepWish wish{session.settings().project, std::nullopt, {}};
    if (session.arguments().branches) {
        BASE_TRY(asked.ask());
        wish.truth = asked.truth();
        wish.is_still_gone = [&](const auto& record) { return asked.is_still_gone(record); };
    }
    BASE_TRY(session.must_connect());
    if (!dry_run) BASE_TRY(session.server().refresh_sizes(session.deadline()));
    BASE_TRY_ASSIGN(const auto report,
                    session.manager().sweep(wish, session.execution(), session.patience()));
    print_report(session, report);
    const bool something_due =
        std::ranges::any_of(report.findings, [](const Finding& finding) { return finding.is_due; });
    return (dry_run ? something_due : report.has_left()) ? base::k_exit_drift : 0;
}

}  // namespace cli

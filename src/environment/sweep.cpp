// SPDX-License-Identifier: Apache-2.0
#include "environment/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "environment/standing.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;
using std::chrono::seconds;

constexpr std::array<std::string_view, 10> k_kind_names{
    "branch_gone", "expired",     "half_made", "half_removed", "unpublished",
    "trash_over",  "over_budget", "remains",   "unknown",      "orphaned_secret"};

// How long an operation may go on before what it left is taken for given up.
constexpr std::chrono::hours k_given_up(1);
// With fewer branches than this, half of them may well be gone from one day to the next.
constexpr int k_few_branches = 8;

seconds since(const Time& then, const Facts& facts) {
    return std::chrono::duration_cast<seconds>(facts.now - then);
}

std::string in_words(seconds time) { return base::describe_duration(time); }

Finding finding_of(FindingKind kind, const Candidacy& one, const Facts& facts) {
    Finding finding;
    finding.kind = kind;
    finding.name = one.record.name;
    finding.database = one.database;
    finding.age = since(one.record.created_at, facts);
    finding.size_bytes = one.size_bytes;
    finding.record = one.record;
    return finding;
}

// A fork's: its branch is another repository's, and may be called as one of ours.
bool is_of_pull_request(const EnvironmentRecord& record) {
    return record.origin.pull_request &&
           record.name == fmt::format("pr-{}", *record.origin.pull_request);
}

std::string what_is_gone(const EnvironmentRecord& record, const Truth& truth) {
    if (is_of_pull_request(record)) {
        return fmt::format("pull request {} is not open any more, says {}",
                           *record.origin.pull_request, truth.source);
    }
    if (record.origin.ref.empty()) {
        return fmt::format("no branch has this name, says {}", truth.source);
    }
    return fmt::format("the branch {} is gone, says {}", record.origin.ref, truth.source);
}

// Makes the findings one by one.
class Sweeping {
   public:
    Sweeping(const SweepFacts& facts, const std::optional<Truth>& truth)
        : facts_(facts), common_(facts.common), truth_(truth) {}

    Result<SweepDecision> decide() {
        if (truth_) BASE_TRY(check_truth());
        for (const auto& one : facts_.environments) look_at(one);
        keep_within_limits();
        if (common_.installation.is_behind) leave_everything();
        look_at_trash();
        look_at_remains();
        if (common_.installation.doubt) leave_to_original(*common_.installation.doubt);
        return std::move(decision_);
    }

   private:
    Result<void> check_truth() {
        // A map that gives no name to any of them is no map of these.
        if (truth_->refs.empty() || (truth_->names && truth_->names->empty())) {
            return base::fail(ErrorKind::conflict,
                              fmt::format("{} says that there is no branch at all, so nothing was "
                                          "removed",
                                          truth_->source),
                              "a repository has at least one: look what the source answers");
        }
        if (!truth_->complete) {
            decision_.remarks.push_back(
                fmt::format("{} did not say that this is all there is, so nothing is removed for "
                            "its branch",
                            truth_->source));
        }
        const auto& former = facts_.former;
        has_shrunk_ = former && former->branches >= k_few_branches &&
                      truth_->refs.size() * 2 < static_cast<std::size_t>(former->branches);
        if (has_shrunk_) {
            decision_.remarks.push_back(
                fmt::format("{} knows {} branches, and knew {} the last time: nothing is removed "
                            "for its branch until it says so twice",
                            truth_->source, truth_->refs.size(), former->branches));
        }
        is_first_ = !former;
        if (is_first_) {
            decision_.remarks.push_back(
                fmt::format("the first sweep of {} in this project is a dry one: nothing is "
                            "removed for its branch",
                            truth_->repository));
        }
        return {};
    }

    // Nothing at all is removed on what may be a copy: its environments' secrets are the
    // original's.
    void leave_to_original(const Doubt& doubt) {
        for (auto& finding : decision_.findings) {
            if (finding.left.empty()) finding.left = "this server may be a copy of another one";
        }
        decision_.remarks.push_back("nothing was swept: " + remark_of(doubt));
    }

    // In the order of how sure it is that nobody needs it.
    void look_at(const Candidacy& one) {
        const auto idle = since(one.record.last_create_at, common_) >= k_given_up;
        switch (one.record.state) {
            case EnvironmentState::retiring:
                look_at_removal(one);
                return;
            case EnvironmentState::building:
                if (idle) add(FindingKind::half_made, one, "a create was not finished");
                return;
            case EnvironmentState::publishing:
                if (!idle) break;
                add(FindingKind::unpublished, one, "a create was not finished");
                return;
            default:
                break;
        }
        if (look_at_expiry(one) || !truth_) return;
        look_at_branch(one);
    }

    // As it was begun; but what is known of its branch by now is known later than that.
    void look_at_removal(const Candidacy& one) {
        auto& finding = add(FindingKind::half_removed, one, "a removal was not finished");
        const bool gone =
            truth_ && truth_->complete && is_branch_gone(one.record, *truth_).value_or(false);
        if (gone) finding.event_at = common_.now;
    }

    bool look_at_expiry(const Candidacy& one) {
        const auto& record = one.record;
        if (!record.expires_at || *record.expires_at > common_.now) return false;
        auto& finding = add(
            FindingKind::expired, one,
            fmt::format("its time was over {} ago", in_words(since(*record.expires_at, common_))));
        // It lived from its last create to its expiry; as long again it may be in use.
        const auto in_any_case = *record.expires_at + (*record.expires_at - record.last_create_at);
        if (record.shielded) {
            spare(finding, "it is protected");
        } else if (one.sessions > 0 && in_any_case > common_.now) {
            finding.left = fmt::format(
                "{} sessions of it are open; it is removed in any case from "
                "{} on",
                one.sessions, base::format_time(in_any_case));
        }
        return true;
    }

    void look_at_branch(const Candidacy& one) {
        const auto& record = one.record;
        const auto gone = is_branch_gone(record, *truth_);
        if (!gone) {
            ++decision_.unjudged;
            return;
        }
        if (!*gone) return;
        auto& finding = add(FindingKind::branch_gone, one, what_is_gone(record, *truth_));
        const auto grace = common_.policy.sweep_grace();
        const auto idle = since(record.last_create_at, common_);
        if (record.shielded) {
            spare(finding, "it is protected");
        } else if (idle < grace) {
            spare(finding, fmt::format("it was created or asked for again {} ago, and has {}",
                                       in_words(idle), in_words(grace)));
        } else if (!truth_->complete) {
            finding.left = "the source did not say that this is all there is";
        } else if (has_shrunk_) {
            finding.left = "the source knows less than half of the branches that it knew before";
        } else if (is_first_) {
            finding.left = "the first sweep of a project is a dry one: the next one removes it";
        }
    }

    // What a run removes at most, whatever the sources and the clocks say: the longest unused
    // first.
    void keep_within_limits() {
        auto& findings = decision_.findings;
        std::ranges::stable_sort(findings, {}, [&](const Finding& finding) {
            return std::pair(finding.kind != FindingKind::expired, finding.record->last_create_at);
        });
        const auto most = common_.policy.sweep_limit(facts_.environments.size());
        std::size_t many = 0;
        for (auto& finding : findings) {
            const bool counts =
                finding.kind == FindingKind::expired || finding.kind == FindingKind::branch_gone;
            if (!counts || !finding.left.empty() || ++many <= most) continue;
            finding.left = fmt::format("one run removes at most {}: the next one goes on", most);
        }
    }

    void leave_everything() {
        for (auto& finding : decision_.findings) {
            finding.left = "the registry is older than the server";
        }
        decision_.remarks.emplace_back(
            "the registry was restored from an older backup: 'reviewdb repair --registry' first");
    }

    void look_at_trash() {
        auto bytes = facts_.bytes;
        const auto budget = common_.policy.disk_budget();
        // The oldest first, as long as there is too much.
        std::vector<const Trashed*> oldest;
        for (const auto& one : facts_.trash) oldest.push_back(&one);
        std::ranges::reverse(oldest);
        for (const auto* one : oldest) {
            const bool over = one->instance.keep_until && *one->instance.keep_until <= common_.now;
            const bool too_much = budget && bytes > *budget;
            if (!over && !too_much) continue;
            Finding finding;
            finding.kind = over ? FindingKind::trash_over : FindingKind::over_budget;
            finding.name = one->former ? one->former->name : std::string();
            finding.database = one->instance.database;
            finding.instance = one->instance.id;
            finding.reason = over ? "its time in the trash is over"
                                  : fmt::format(
                                        "the disk budget is exceeded, and this is the "
                                        "oldest in the trash");
            finding.age = since(one->let_go_at, common_);
            finding.size_bytes = one->size_bytes;
            bytes -= one->size_bytes.value_or(0);
            decision_.findings.push_back(std::move(finding));
        }
    }

    void look_at_remains() {
        for (const auto& one : facts_.remains) {
            Finding finding;
            finding.database = one.database;
            finding.instance = one.instance;
            finding.reason = one.what;
            finding.age = since(one.since, common_);
            finding.size_bytes = one.size_bytes;
            decision_.findings.push_back(std::move(finding));
        }
        for (const auto& database : facts_.unknown) {
            Finding finding;
            finding.kind = FindingKind::unknown;
            finding.database = database;
            finding.reason = "it has our stamp, and the registry does not know it";
            decision_.findings.push_back(std::move(finding));
        }
    }

    Finding& add(FindingKind kind, const Candidacy& one, std::string reason) {
        decision_.findings.push_back(finding_of(kind, one, common_));
        decision_.findings.back().reason = std::move(reason);
        return decision_.findings.back();
    }
    static void spare(Finding& finding, std::string why) {
        finding.left = std::move(why);
        finding.is_due = false;
    }

    const SweepFacts& facts_;
    const Facts& common_;
    const std::optional<Truth>& truth_;
    bool is_first_ = false;
    bool has_shrunk_ = false;
    SweepDecision decision_;
};

}  // namespace

std::string_view to_text(FindingKind kind) {
    return k_kind_names.at(static_cast<std::size_t>(kind));
}

std::optional<bool> is_branch_gone(const EnvironmentRecord& record, const Truth& truth) {
    const auto& origin = record.origin;
    const bool its_own = !origin.repository.empty() && origin.repository == truth.repository;
    const bool open = truth.pull_requests && origin.pull_request &&
                      truth.pull_requests->contains(*origin.pull_request);
    const bool named = truth.names && truth.names->contains(record.name);
    if (its_own && is_of_pull_request(record)) {
        if (named || truth.refs.contains(record.name)) return false;
        if (!truth.pull_requests) return std::nullopt;
        return !open;
    }
    if (its_own && !origin.ref.empty()) {
        return !(truth.refs.contains(origin.ref) || open || named);
    }
    // Nobody said what branch it is for: only a map tells, by its name.
    const bool unclaimed = origin.repository.empty() || its_own;
    if (!unclaimed || !truth.names) return std::nullopt;
    return !named;
}

Result<SweepDecision> decide_sweep(const SweepFacts& facts, const std::optional<Truth>& truth) {
    return Sweeping(facts, truth).decide();
}

bool SweepReport::has_left() const {
    return std::ranges::any_of(
        findings, [](const Finding& finding) { return finding.is_due && !finding.left.empty(); });
}

}  // namespace environment

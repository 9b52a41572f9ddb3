// SPDX-License-Identifier: Apache-2.0
//
// Templates: a version is built beside the one in service, as an ordinary instance that a
// throw-away role fills; then it is frozen, and takes the other's place in one transaction.
#include "environment/template.h"

#include <fmt/format.h>

#include "environment/planning.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;
using planning::add;

// What an earlier build did not finish cannot be gone on with: nobody knows how far its source
// came.
Plan discard_next(const Facts& facts) {
    Plan plan;
    plan.target = planning::target_of(facts);
    plan.target.leaving = plan.target.instance = *facts.next;
    add(plan, StepKind::discard, "an unfinished build is of no use");
    plan.again = true;
    return plan;
}

tl::unexpected<base::Error> no_such_template(const TemplateSubject& subject) {
    return base::fail(ErrorKind::not_found,
                      fmt::format("there is no template '{}' in project {}", subject.name,
                                  subject.project.text()),
                      "'reviewdb template list' shows those that there are");
}

}  // namespace

Result<Plan> plan_template(const TemplateWish& wish, const Facts& facts,
                           const FreshIdentities& fresh) {
    BASE_TRY(planning::check_age(facts));
    const bool there = facts.model && facts.model->state == TemplateState::ready;
    if (wish.must_be_there && !there) return no_such_template(wish.subject);
    if (facts.next) return discard_next(facts);
    Plan plan;
    plan.target = planning::target_of(facts);
    auto& target = plan.target;
    const bool same = there && !wish.digest.empty() && facts.model->digest == wish.digest;
    if (same && !wish.anew) return plan;
    plan.outcome = there ? Outcome::refreshed : Outcome::created;
    if (!facts.model) {
        target.model = TemplateRecord{};
        target.model.id = fresh.environment;
        target.model.project = wish.subject.project.text();
        target.model.name = wish.subject.name;
        target.model.created_at = facts.now;
    }
    target.model.source = wish.source;
    target.model.recipe = wish.recipe;
    target.model.digest = wish.digest;
    target.environment.project = wish.subject.project.text();
    target.role = RoleRecord{};
    target.role.id = fresh.role;
    target.role.name = role_name(wish.subject.project, fresh.role);
    target.role.key_number = facts.installation.current_key;
    auto from = facts;
    from.source = wish.snapshot.value_or(CloneSource{});
    BASE_TRY(planning::plan_new_instance(target, from, fresh.instance));
    target.instance.database_template = wish.subject.name;
    target.leaving = target.instance;
    add(plan, StepKind::record_template, "whoever comes after a crash finds it");
    add(plan, StepKind::create_role, "what fills it has no other rights");
    add(plan, StepKind::create_database,
        wish.snapshot ? "it begins with what the environment has, " + planning::how_cloned(from)
                      : "it begins with nothing");
    add(plan, StepKind::secure_database, "it is closed to everybody but its role");
    add(plan, StepKind::hand_over, "its role owns everything in it");
    add(plan, StepKind::prove_login, "what fills it logs in as its role");
    add(plan, StepKind::fill, fmt::format("from {}", wish.source));
    add(plan, StepKind::freeze, "nobody can change or hold what is cloned");
    add(plan, StepKind::publish,
        there ? "it takes the place of the version before" : "it is complete");
    return plan;
}

Result<Plan> plan_forget_template(const TemplateSubject& subject, const Facts& facts) {
    Plan plan;
    plan.outcome = Outcome::absent;
    if (!facts.model) return plan;
    BASE_TRY(planning::check_age(facts));
    if (facts.policy.value("template") == subject.name) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the template '{}' is what project {} is given by default",
                                      subject.name, subject.project.text()),
                          "choose another first: reviewdb template default NAME, or empty");
    }
    if (facts.next) return discard_next(facts);
    plan.outcome = Outcome::deleted;
    plan.target = planning::target_of(facts);
    add(plan, StepKind::forget_template, "asked for by the caller");
    return plan;
}

Plan plan_template_undo(const Facts& facts) { return facts.next ? discard_next(facts) : Plan{}; }

}  // namespace environment

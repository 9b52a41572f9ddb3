// SPDX-License-Identifier: Apache-2.0
//
// Create, repair and open: one plan, since create is repair.
#include <fmt/format.h>

#include "environment/lateness.h"
#include "environment/planning.h"
#include "environment/pool.h"
#include "environment/stamp.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;
using planning::Ask;
using planning::Closed;
using planning::Terms;

// Builds the plan, rule by rule.
class Making {
   public:
    Making(const Ask& ask, const Facts& facts, const FreshIdentities& fresh)
        : ask_(ask), wish_(ask.wish), facts_(facts), fresh_(fresh) {}

    Result<Plan> make() {
        BASE_TRY(check_admission());
        BASE_TRY(planning::check_database(facts_, wish_.name));
        choose_environment();
        if (from_pool()) {
            claim_warm();
            return std::move(plan_);
        }
        choose_role();
        BASE_TRY(choose_instance());
        BASE_TRY(choose_final_name());
        if (facts_.database && facts_.database->half_dropped) {
            BASE_TRY(planning::check_stamp(facts_, wish_.name));
            return planning::finish_drop(facts_);
        }
        add_repairs();
        add_building();
        add_secret();
        settle();
        return std::move(plan_);
    }

   private:
    bool promised() const {
        return facts_.environment && facts_.environment->state == EnvironmentState::ready;
    }
    bool opening() const {
        return facts_.environment && facts_.environment->state == EnvironmentState::closed;
    }
    bool building() const {
        return !facts_.instance || plan_.target.instance.id != facts_.instance->id ||
               facts_.instance->state != InstanceState::serving;
    }
    bool has_database() const {
        return facts_.database && facts_.instance &&
               plan_.target.instance.id == facts_.instance->id;
    }
    bool from_pool() const {
        return !facts_.environment && facts_.warm && may_be_given(*facts_.warm, facts_);
    }
    // The password of a role that was taken over stands in its secret and nowhere else.
    bool password_lost() const {
        return facts_.role && facts_.role->source == PasswordSource::external &&
               !(facts_.secret && facts_.secret->has_password);
    }
    // Its database was there once. Another one never takes its place: neither oid nor name would be
    // the recorded ones.
    bool is_lost() const {
        const auto& instance = *facts_.instance;
        return !facts_.database &&
               (instance.state == InstanceState::serving || instance.oid.has_value() ||
                instance.database != building_name(instance.id));
    }
    void add(StepKind kind, std::string reason) { planning::add(plan_, kind, std::move(reason)); }

    Result<void> check_admission() {
        BASE_TRY(planning::check_repository(wish_.origin.repository, facts_, wish_.project));
        if (facts_.environment) {
            BASE_TRY(planning::check_age(facts_));
            if (ask_.closed == Closed::refuse) BASE_TRY(planning::check_not_closed(facts_));
        }
        if (ask_.terms == Terms::renew) BASE_TRY(planning::check_admitted(wish_, facts_));
        if (facts_.secret && facts_.secret->exists &&
            facts_.secret->holder == SecretHolder::somebody_else) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("the secret store has a secret '{}' already, which is neither this "
                            "environment's nor a placeholder",
                            planning::secret_name(wish_, facts_)),
                "remove it, or choose other names: reviewdb config set secret_pattern=…");
        }
        return {};
    }

    void choose_environment() {
        plan_.target = planning::target_of(facts_);
        auto& record = plan_.target.environment;
        if (!facts_.environment) {
            record.id = fresh_.environment;
            record.project = wish_.project.text();
            record.name = wish_.name.text();
            record.created_at = facts_.now;
            record.shielded = wish_.may_be_shielded && facts_.policy.protects(wish_.name.text());
        }
        if (facts_.secret && record.secret.empty()) {
            record.secret = planning::secret_name(wish_, facts_);
        }
        // What a create did not finish has no terms yet.
        const bool has_terms =
            facts_.environment && facts_.environment->state != EnvironmentState::building;
        if (ask_.terms == Terms::keep && has_terms) return;
        planning::take_terms(wish_, facts_, record);
    }

    // It was built, and seen to log in, before anybody asked: all that is left is one transaction.
    void claim_warm() {
        auto& target = plan_.target;
        target.instance = facts_.warm->instance;
        target.role = facts_.warm->role;
        target.environment.instance = target.instance.id;
        target.environment.role = target.role.id;
        target.final_database = facts_.policy.database_pattern().apply(wish_.project, wish_.name,
                                                                       k_longest_catalog_name);
        plan_.outcome = Outcome::created;
        plan_.warm = true;
        add(StepKind::claim,
            fmt::format("it was built ahead, and becomes {}", target.final_database));
        target.environment.state = EnvironmentState::ready;
        if (!facts_.secret) return;
        target.environment.state = EnvironmentState::publishing;
        add(StepKind::write_secret, "applications read its secret");
        add(StepKind::prove_login, "ready is said only of what has been seen to log in");
        add(StepKind::mark_ready, "everything is in place");
    }

    void choose_role() {
        auto& target = plan_.target;
        if (!facts_.role) {
            target.role.id = fresh_.role;
            target.role.name = role_name(wish_.project, fresh_.role);
            target.role.key_number = facts_.installation.current_key;
        }
        if (password_lost()) {
            target.role.source = PasswordSource::derived;
            target.role.key_number = facts_.installation.current_key;
            ++target.role.password_version;
        }
        target.environment.role = target.role.id;
    }

    Result<void> choose_instance() {
        auto& target = plan_.target;
        if (!facts_.instance || is_lost()) {
            BASE_TRY(planning::plan_new_instance(target, facts_, fresh_.instance,
                                                 wish_.wanted_template));
        } else if (!facts_.database) {
            // Nothing was made yet, so it is cloned from what is there now.
            BASE_TRY(planning::plan_new_instance(target, facts_, facts_.instance->id,
                                                 wish_.wanted_template));
        } else if (!wish_.wanted_template.empty() &&
                   wish_.wanted_template != facts_.instance->database_template) {
            plan_.remarks.push_back(
                fmt::format("it keeps its data, which came from the template {}; fresh data from "
                            "another: reviewdb reset --template {}",
                            facts_.instance->database_template, wish_.wanted_template));
        }
        target.environment.instance = target.instance.id;
        return {};
    }

    Result<void> choose_final_name() {
        auto& target = plan_.target;
        if (!building()) {
            target.final_database = facts_.instance->database;
            return {};
        }
        BASE_TRY_ASSIGN(
            target.final_database,
            planning::choose_final_name(wish_.project, wish_.name, facts_, target.instance.id));
        return {};
    }

    // What can be wrong with what is there.
    void add_repairs() {
        if (facts_.next) {
            add(StepKind::drop_next, "an unfinished reset left a database that nobody needs");
        }
        if (!facts_.login) {
            add(StepKind::create_role,
                facts_.role ? "its role is gone from the server" : "it needs a role of its own");
        } else if (!planning::role_is_right(facts_)) {
            add(StepKind::repair_role, planning::why_role_differs(facts_));
        }
    }

    void add_building() {
        if (!has_database()) {
            add(StepKind::create_database,
                planning::why_cloned(facts_, promised() ? "its database is gone from the server"
                                                        : "it needs a database of its own"));
        }
        const auto insecure = building() ? std::string("it is closed to everybody but its role")
                                         : planning::why_insecure(facts_);
        if (!insecure.empty()) add(StepKind::secure_database, insecure);
        if (building()) {
            add(StepKind::hand_over, "its role owns everything in it");
        } else if (facts_.tried.schema_not_its_own) {
            add(StepKind::hand_over, "its schema public is gone, or belongs to another role");
        }
        if (password_lost()) {
            add(StepKind::rotate_password, "its password was lost with its secret");
        } else if (facts_.tried.password_refused) {
            add(StepKind::set_password, "the server refused its password");
        }
        add(StepKind::prove_login, "ready is said only of what has been seen to log in");
        if (building()) {
            const auto becomes = fmt::format("it becomes {}", plan_.target.final_database);
            add(StepKind::claim, has_database() ? becomes : planning::why_cloned(facts_, becomes));
        } else if (facts_.database->name != plan_.target.final_database) {
            add(StepKind::claim, "somebody renamed its database");
        }
    }

    void add_secret() {
        if (!facts_.secret || (promised() && facts_.secret->is_current)) return;
        add(StepKind::write_secret, !promised()             ? "applications read its secret"
                                    : facts_.secret->exists ? "its secret is not the right one"
                                                            : "its secret is gone");
    }

    // Puts the intent in front of what changes something and the end behind it, and names the
    // outcome.
    void settle() {
        const bool claimed_ready = building() && !facts_.secret && !opening();
        if (planning::changes(plan_) || !promised()) {
            if (!claimed_ready) {
                auto reason = summary(plan_.steps);
                add(StepKind::mark_ready,
                    reason.empty() ? std::string("everything is in place") : std::move(reason));
            }
            plan_.steps.insert(plan_.steps.begin(),
                               {StepKind::record_intent, "whoever comes after a crash goes on"});
            plan_.outcome = opening()    ? Outcome::opened
                            : promised() ? Outcome::repaired
                            : facts_.role && facts_.role->source == PasswordSource::external
                                ? Outcome::adopted
                                : Outcome::created;
        } else if (ask_.terms == Terms::renew) {
            add(StepKind::renew, "asked for again");
        }
        // What claim commits; the rest is for mark_ready to say.
        plan_.target.environment.state =
            claimed_ready || promised() ? EnvironmentState::ready : EnvironmentState::publishing;
    }

    const Ask& ask_;
    const CreateWish& wish_;
    const Facts& facts_;
    const FreshIdentities& fresh_;
    Plan plan_;
};

}  // namespace

Result<Plan> planning::plan_making(const Ask& ask, const Facts& facts,
                                   const FreshIdentities& fresh) {
    return Making(ask, facts, fresh).make();
}

Result<Plan> plan_create(const CreateWish& wish, const Facts& facts, const FreshIdentities& fresh) {
    if (facts.environment && facts.environment->state == EnvironmentState::retiring) {
        BASE_TRY(planning::check_repository(wish.origin.repository, facts, wish.project));
        BASE_TRY(planning::check_age(facts));
        BASE_TRY(planning::check_stamp(facts, wish.name));
        return plan_finish_removal(facts);
    }
    BASE_TRY_ASSIGN(const auto late, planning::why_late(wish, facts));
    BASE_TRY(planning::check_secret_name(wish, facts));
    if (!facts.environment && facts.candidate && facts.candidate->oid != 0) {
        return plan_adoption(wish, facts, fresh);
    }
    if (wish.must_adopt && !facts.environment) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("there is no database {} that could be taken over",
                                      wish.adoption->candidate.database));
    }
    if (facts.environment && facts.candidate && facts.candidate->oid != 0 && facts.instance &&
        facts.database) {
        return plan_let_go(wish, facts);
    }
    BASE_TRY_ASSIGN(auto plan,
                    planning::plan_making({wish, Terms::renew, Closed::refuse}, facts, fresh));
    for (auto& step : plan.steps) {
        if (step.kind == StepKind::claim && !late.empty()) step.reason += "; forced: " + late;
    }
    return plan;
}

Result<Plan> plan_repair(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    return planning::plan_mending(wish, Closed::refuse, facts, fresh);
}

Result<Plan> plan_open(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    return planning::plan_mending(wish, Closed::open, facts, fresh);
}

}  // namespace environment

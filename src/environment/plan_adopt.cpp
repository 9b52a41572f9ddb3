// SPDX-License-Identifier: Apache-2.0
//
// Adoption: what another tool made for an environment becomes ours, where everything proves that it
// is just that.
#include <fmt/format.h>

#include "environment/planning.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;

// Why it is not taken over; empty where nothing speaks against it.
std::string objection(const Adoption& adoption, const Facts& facts) {
    const auto& [database, role] = adoption.candidate;
    const auto& there = *facts.candidate;
    if (there.recorded && !there.replaces_ours)
        return "the registry has it, or its role, as another environment's";
    if (database == adoption.never) return "it is the administrator's own";
    if (!there.role_exists) return fmt::format("there is no role {}", role);
    if (there.role_privileged) return fmt::format("its role {} has rights over the server", role);
    if (there.is_template || !there.accepts_connections) return "it accepts no connections";
    if (!there.owned_by_login) {
        return fmt::format("it belongs to {}, and not to whoever reviewdb logs in as", there.owner);
    }
    if (!facts.secret || !facts.secret->has_password) return "no secret names it";
    if (facts.secret_database != database || facts.secret_role != role) {
        return fmt::format("the secret names the database '{}' and the role '{}'",
                           facts.secret_database, facts.secret_role);
    }
    if (facts.secret_host != facts.policy.host()) {
        return fmt::format("the secret names the host '{}', not {}", facts.secret_host,
                           facts.policy.host());
    }
    if (facts.tried.password_refused) return "the server refuses the secret's password";
    return {};
}

tl::unexpected<base::Error> not_taken_over(const CreateWish& wish, const std::string& why) {
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the database {} for '{}' is there, made by another tool, and is not taken "
                    "over: {}",
                    wish.adoption->candidate.database, wish.name.text(), why),
        "remove it with the tool that made it, or put right what differs, and come again");
}

Result<void> check_policy(const Adoption& adoption, const Facts& facts) {
    const auto& policy = facts.policy.value("adopt");
    if (policy == "proven" || (policy == "import" && adoption.imported)) return {};
    return base::fail(ErrorKind::conflict,
                      fmt::format("there is a database {} already, owned by {}, which reviewdb did "
                                  "not make, and the policy 'adopt' is '{}'",
                                  adoption.candidate.database, facts.candidate->owner, policy),
                      policy == "import" ? "an operator takes it over with: reviewdb import"
                                         : "rename that database, or choose another name");
}

}  // namespace

Result<Plan> plan_adoption(const CreateWish& wish, const Facts& facts,
                           const FreshIdentities& fresh) {
    const auto& adoption = *wish.adoption;
    const auto& [database, role] = adoption.candidate;
    BASE_TRY(planning::check_age(facts));
    BASE_TRY(planning::check_admitted(wish, facts));
    BASE_TRY(check_policy(adoption, facts));
    if (const auto why = objection(adoption, facts); !why.empty()) {
        return not_taken_over(wish, why);
    }
    Plan plan;
    plan.again = true;
    plan.outcome = Outcome::adopted;
    auto& target = plan.target;
    target = planning::target_of(facts);
    target.instance.id = fresh.instance;
    target.instance.state = InstanceState::serving;
    target.instance.database = target.final_database = database;
    target.instance.oid = facts.candidate->oid;
    target.instance.database_template = "adopted";
    target.role.id = fresh.role;
    target.role.name = role;
    target.role.state = RoleState::serving;
    target.role.key_number = facts.installation.current_key;
    target.role.source = PasswordSource::external;
    auto& record = target.environment;
    record.id = fresh.environment;
    record.project = wish.project.text();
    record.name = wish.name.text();
    record.state = EnvironmentState::publishing;
    record.created_at = facts.now;
    record.shielded = wish.may_be_shielded && facts.policy.protects(wish.name.text());
    record.secret = planning::secret_name(wish, facts);
    record.instance = fresh.instance;
    record.role = fresh.role;
    planning::take_terms(wish, facts, record);
    planning::add(plan, StepKind::prove_login, "its secret has to be the one that logs in");
    planning::add(plan, StepKind::adopt, "what another tool made for this environment is kept");
    return plan;
}

// Neither the database, which is another one, nor the secret, which proves whose, nor a role of the
// candidate's own name goes with the record.
Result<Plan> plan_let_go(const CreateWish& wish, const Facts& facts) {
    BASE_TRY(planning::check_repository(wish.origin.repository, facts, wish.project));
    BASE_TRY(planning::check_age(facts));
    BASE_TRY(check_policy(*wish.adoption, facts));
    const auto& [database, role] = wish.adoption->candidate;
    const auto& there = *facts.candidate;
    if (facts.database->name != database) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the secret of '{}' names the database {}, which another "
                                      "tool made beside its own, {}",
                                      wish.name.text(), database, facts.database->name),
                          "delete the environment, which removes both, and create it anew");
    }
    if (!there.replaces_ours) return not_taken_over(wish, "ours is there under another name");
    if (const auto why = objection(*wish.adoption, facts); !why.empty()) {
        return not_taken_over(wish, why);
    }
    auto gone = facts;
    gone.database.reset();
    auto plan = plan_abandon(gone, "another tool dropped its database and made it anew");
    plan.again = true;
    std::erase_if(plan.steps,
                  [](const Step& step) { return step.kind == StepKind::delete_secret; });
    plan.target.leaving.database = dropping_name(facts.instance->id);
    if (plan.target.role.name == role) {
        std::erase_if(plan.steps,
                      [](const Step& step) { return step.kind == StepKind::drop_role; });
        plan.target.role.name.clear();
    }
    return plan;
}

}  // namespace environment

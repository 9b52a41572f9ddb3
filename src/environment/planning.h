// SPDX-License-Identifier: Apache-2.0
//
// What the plans of all verbs share. Internal to this room: the verbs are in plan.h.
#pragma once

#include <string>

#include "environment/plan.h"

namespace environment::planning {

// Fails conflict when the environment is known to belong to another repository.
base::Result<void> check_repository(const std::string& caller, const Facts& facts,
                                    const Project& project);
// The same of a record, which may be nothing.
base::Result<void> check_owner(const std::string& caller,
                               const std::optional<EnvironmentRecord>& record,
                               const Project& project);

// Fails conflict when the registry was restored from a backup that is older than the server: what
// it says of passwords and databases may be long untrue.
base::Result<void> check_age(const Facts& facts);

// Fails conflict if the registry has no environment here, and the server has a database of the name
// that the environment's would get which belongs to the manager and to nothing in the registry.
base::Result<void> check_registered(const Facts& facts);

// What every verb but create asks first: there is such an environment, it is the caller's, the
// registry can be believed, and nobody is removing it. Fails not_found, conflict.
base::Result<void> check_present(const Wish& wish, const Facts& facts);

base::Result<void> check_not_shielded(const Wish& wish, const Facts& facts);
base::Result<void> check_not_closed(const Facts& facts);

// Fails conflict when the database that the registry names for `name` is somebody else's, has
// another oid than the recorded one, or the stamp of another instance.
base::Result<void> check_database(const Facts& facts, const Name& name);

// What check_database fails for, and also when the database lacks its stamp, though it had one:
// such a one is neither closed nor dropped.
base::Result<void> check_stamp(const Facts& facts, const Name& name);

// The plan that finishes an interrupted DROP of the serving database; then look again.
Plan finish_drop(const Facts& facts);

// True when role and limits are as they should be.
bool role_is_right(const Facts& facts);

// What is not as it should be of a role that is not right.
std::string why_role_differs(const Facts& facts);

// The name that the database of a new environment gets. Fails conflict where somebody else has it.
base::Result<std::string> choose_final_name(const Project& project, const Name& wanted,
                                            const Facts& facts, const base::Uuid& instance);

// By what an instance of this project is made, beside its template: one that was built ahead by
// another shape is not given to anybody.
std::string shape_of(const Facts& facts);

// Lets `target.instance` be a new one, cloned from where facts.source says. Fails not_found where
// the template that was asked for is not there.
base::Result<void> plan_new_instance(Target& target, const Facts& facts, const base::Uuid& id,
                                     const std::string& wanted_template = {});

// The reason of a create_database, with what is cloned.
std::string why_cloned(const Facts& facts, std::string_view why);
// The strategy, and why it is that one.
std::string how_cloned(const Facts& facts);

// Why the serving database has to be secured again; empty when it has not.
std::string why_insecure(const Facts& facts);

// The rows as they are now, and what the policy wants of their database.
Target target_of(const Facts& facts);

void add(Plan& plan, StepKind kind, std::string reason);

enum class Terms { renew, keep };
enum class Closed { refuse, open };

// Create, repair and open are one plan. Without an environment it makes one.
struct Ask {
    CreateWish wish;
    Terms terms = Terms::renew;
    Closed closed = Closed::refuse;
};
base::Result<Plan> plan_making(const Ask& ask, const Facts& facts, const FreshIdentities& fresh);

// Fails denied where the policy does not admit the repository.
base::Result<void> check_admitted(const CreateWish& wish, const Facts& facts);
// Fails denied for a secret whose name the policy does not give to environments, conflict for one
// that is wished for where secrets are put nowhere.
base::Result<void> check_secret_name(const CreateWish& wish, const Facts& facts);
// The name in the secret store; empty without one.
std::string secret_name(const CreateWish& wish, const Facts& facts);
// What a caller says of an environment, and until when it is to live; the rest stays as it was.
void take_terms(const CreateWish& wish, const Facts& facts, EnvironmentRecord& record);

// The plan that repairs `wish`'s environment, terms kept.
base::Result<Plan> plan_mending(const Wish& wish, Closed closed, const Facts& facts,
                                const FreshIdentities& fresh);

// True when a step of the plan changes something.
bool changes(const Plan& plan);

}  // namespace environment::planning

// SPDX-License-Identifier: Apache-2.0
//
// The rules of the product: from facts and a wish to the list of steps that makes the wish true,
// each step with its reason. Pure: no Postgres, no clock, no network, no chance.
//
// Invariants, tested exhaustively:
// - Following a plan to its end and planning again from the new facts gives no step that changes
//   anything.
// - Following it to any point, forgetting it, and planning again from the facts ends in the same
// place.
// - No step names a database that the registry did not record; a name that somebody else has is a
//   conflict, before anything is changed.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "environment/facts.h"
#include "environment/name.h"

namespace environment {

enum class StepKind {
    // create
    record_intent,     // registry: environment, instance and role, before any of them exists
    create_role,       // LOGIN, limits and password in one statement; stamped
    create_database,   // closed, under its building name; cannot be rolled back
    secure_database,   // stamp, PUBLIC revoked, the role's rights and settings, then open
    hand_over_schema,  // schema public to the role, over a session in the database
    set_password,      // the derived one, where another was found
    repair_role,       // login and limits as they should be
    prove_login,       // as the role, with the derived password
    claim,             // final name, stamp, rows and history in one transaction
    write_secret,      // to the secret store
    mark_ready,        // the secret is there
    renew,             // expiry, origin and labels of what is there already
    // delete
    record_retirement,  // registry: the environment is being removed
    close_database,     // no new sessions
    end_sessions,       // those that are there
    delete_secret,      // from the secret store
    bury,               // dropping name, role disabled, the environment's name free again
    drop_database,      // cannot be rolled back
    drop_role,          // with what it left in other people's databases
    forget,             // registry: the instance and the role are gone
};
std::string_view to_text(StepKind kind);

struct Step {
    StepKind kind;
    std::string reason;
};

enum class Outcome { created, repaired, unchanged, deleted, absent };
std::string_view to_text(Outcome outcome);

// What the steps act on: the rows as they are to be once the plan is done.
struct Target {
    EnvironmentRecord environment;
    InstanceRecord instance;  // .database is its name now
    RoleRecord role;
    std::string final_database;  // its name once claimed
    int connection_limit = 0;
    std::vector<std::string> database_settings;
    bool fresh_environment = false;  // no row of it yet
    bool fresh_instance = false;
    bool fresh_role = false;
};

struct Plan {
    Outcome outcome = Outcome::unchanged;
    Target target;
    std::vector<Step> steps;
};

// What a caller of create asks for.
struct CreateWish {
    Project project;
    Name name;
    Origin origin;
    Labels labels;
    std::optional<std::chrono::seconds> ttl;  // nothing: the policy's
    bool shield = false;                      // never for a fork's pull request
    bool may_be_shielded = true;
};

// Identities for what has to be made anew: chance comes in from outside.
struct FreshIdentities {
    base::Uuid environment = base::Uuid::random();
    base::Uuid instance = base::Uuid::random();
    base::Uuid role = base::Uuid::random();
};

// Fails conflict (a foreign database of that name, another repository's environment), denied (a
// repository that the policy does not admit).
base::Result<Plan> plan_create(const CreateWish& wish, const Facts& facts,
                               const FreshIdentities& fresh);

struct DeleteWish {
    Project project;
    Name name;
    std::string repository;  // the caller's; empty when it has none
    std::string reason;      // for history
};

// Outcome absent and no steps when there is nothing of that name. Fails shielded for a protected
// environment, conflict for another repository's.
base::Result<Plan> plan_delete(const DeleteWish& wish, const Facts& facts);

// The plan that removes what an unfinished create made, whatever the environment's protection.
Plan plan_abandon(const Facts& facts, const std::string& reason);

// The plan that finishes the removal of an instance whose environment has let go of it.
Plan plan_burial(const Facts& facts);

}  // namespace environment

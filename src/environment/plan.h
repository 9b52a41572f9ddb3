// SPDX-License-Identifier: Apache-2.0
//
// The rules of the product: from facts and a wish to the list of steps that makes the wish true,
// each step with its reason. Pure: no Postgres, no clock, no network, no chance.
//
// Invariants, tested exhaustively:
// - Following a plan to its end and planning again from the new facts gives no step that changes
//   anything.
// - Following it to any point, forgetting it, and planning again from the facts ends in the same
//   place.
// - No step names a database that the registry did not record; a name that somebody else has is a
//   conflict, before anything is changed.
//
// One file per verb: plan_create.cpp (create and repair), plan_adopt.cpp, plan_delete.cpp,
// plan_restore.cpp, plan_reset.cpp, plan_change.cpp (rotate, close, open, extend, protect),
// plan_release.cpp.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "environment/facts.h"
#include "environment/name.h"

namespace environment {

enum class StepKind {
    // building
    record_intent,    // registry: environment, instance and role, before any of them exists
    record_reset,     // registry: the instance that is to replace the one that serves
    record_warm,      // registry: one more for the pool, where it still lacks one
    take_warm,        // registry: a warm one is to replace the one that serves, where there is one
    record_template,  // registry: the template, and the instance that is to be its next version
    adopt,            // registry, and who owns the database: what another tool made becomes ours
    create_role,      // LOGIN, limits and password in one statement; stamped
    create_database,  // closed, under its building name; cannot be rolled back
    secure_database,  // stamp, PUBLIC revoked, the role's rights and settings, then open
    hand_over,        // everything in it to the role, over a session in the database
    dismiss_owner,    // the role that it was built with, and that owns nothing any more
    set_password,     // the derived one, where another was found
    repair_role,      // login and limits as they should be
    prove_login,      // as the role, with the derived password
    fill,             // with a template's source, by a login as the role
    freeze,           // nobody gets in any more, and all in it is the role's, who may not log in
    publish,          // registry: it is the template's version from now on
    shelve,           // closed, and warm from now on
    claim,            // final name, stamp, rows and history in one transaction
    swap,             // the same with the next instance, in place of the one that served
    write_secret,     // to the secret store
    mark_ready,       // everything is in place: state, terms and history
    // changing what is there
    restore,          // out of the trash: name, rows and stamp in one transaction
    renew,            // expiry, origin and labels, where nothing else had to be done
    rotate_password,  // the next version: password, row and stamp in one transaction
    mark_protection,  // row and stamp in one transaction
    record_closure,   // registry: closed, and why
    discard,          // registry: what was built ahead, or in part, is of no use any more
    drop_next,        // registry: what an unfinished reset built is of no use any more
    // letting go
    record_absence,     // registry: what there was to be removed is not there; its tombstone
    record_retirement,  // registry: the environment is being removed
    close_database,     // no new sessions
    end_sessions,       // those that are there
    delete_secret,      // from the secret store
    trash,              // dropping name, role disabled, the environment's name free, data kept
    bury,               // dropping name, role disabled, the environment's name free again
    drop_database,      // cannot be rolled back
    drop_role,          // with what it left in other people's databases
    forget,             // registry: the instance and the role are gone
    forget_template,    // registry: it is gone, and what was built ahead from it
    release,            // the database to its role, stamps and rows gone, in one transaction
};
std::string_view to_text(StepKind kind);

struct Step {
    StepKind kind;
    std::string reason;
};

// The reasons of all steps that change something, in one line.
std::string summary(const std::vector<Step>& steps);

enum class Outcome {
    created,
    adopted,
    repaired,
    unchanged,
    deleted,
    absent,
    reset,
    rotated,
    closed,
    opened,
    extended,
    refreshed,
    protected_now,
    unprotected,
    restored,
    released,
};
// As published: the enumerator, but for "protected".
std::string_view to_text(Outcome outcome);

// What the steps act on: the rows as they are to be once the plan is done.
struct Target {
    EnvironmentRecord environment;
    InstanceRecord instance;  // that serves, or will; .database is its name now
    InstanceRecord leaving;   // that the environment lets go of, with close_database to forget
    RoleRecord role;
    RoleRecord former_role;  // that a warm instance was built with, of a reset that takes one
    TemplateRecord model;    // that the instance is to be a version of
    CloneSource source;      // of an instance that is to be made
    CloneStrategy strategy = CloneStrategy::wal_log;  // by which it is
    std::string former_owner;  // whose everything in it is now; empty: only public changes hands
    std::string shape;         // limits, settings and key, for the pool
    int most_builds = 1;       // for the pool, at the same time
    std::vector<std::string> extensions;  // that a template may have; * for any
    std::string final_database;           // the instance's name once claimed
    int connection_limit = 0;
    std::vector<std::string> database_settings;
};

struct Plan {
    Outcome outcome = Outcome::unchanged;
    Target target;
    std::vector<Step> steps;
    bool warm = false;                 // it was built ahead
    std::vector<std::string> remarks;  // what else the caller should know
    // What stood in the way is cleared by these steps; then observe and plan again.
    bool again = false;
    // The failure that the call ends with once the steps are done; see standing.h.
    std::optional<base::Error> ends_in;
};

// Fails invalid_input for what is too long or has control characters in it.
base::Result<void> check(const Origin& origin);
// The same of labels, whose keys are not empty.
base::Result<void> check(const Labels& labels);

// What another tool made for an environment may become ours, as it is, where all of this holds: the
// secret names database and role, its password logs in, and whoever we logged in as owns the
// database.
struct Adoption {
    Candidate candidate;
    std::string never;      // a database that is never taken over: the administrator's own
    bool imported = false;  // asked for in so many words
};

// What a caller of create asks for.
struct CreateWish {
    Project project;
    Name name;
    Origin origin;
    Labels labels;
    std::optional<std::chrono::seconds> ttl;  // nothing: the policy's
    bool may_be_shielded = true;              // never for a fork's pull request
    std::string secret = {};                  // its name in the store; empty: by the pattern
    std::string wanted_template = {};         // empty: the policy's
    std::optional<Adoption> adoption = {};
    bool must_adopt = false;  // and make nothing where there is nothing to adopt
    // Of the event that this is for. With it, or with commit and pull request, one that comes late
    // can be told.
    std::optional<Time> event_at = {};
    bool forced = false;  // late or not
};

// Identities for what has to be made anew: chance comes in from outside.
struct FreshIdentities {
    base::Uuid environment = base::Uuid::random();
    base::Uuid instance = base::Uuid::random();
    base::Uuid role = base::Uuid::random();
};

// Fails conflict (a foreign database of that name, another repository's environment, a registry
// that is behind), denied (a repository that the policy does not admit), late (proof that the event
// is older than the removal of what had the name).
base::Result<Plan> plan_create(const CreateWish& wish, const Facts& facts,
                               const FreshIdentities& fresh);

// Makes the candidate's database, role and password the environment's; then look again, since from
// then on create is repair. Fails conflict, naming what does not hold. Needs Facts::candidate.
base::Result<Plan> plan_adoption(const CreateWish& wish, const Facts& facts,
                                 const FreshIdentities& fresh);

// The same where an environment of ours is recorded, whose database another tool dropped and made
// anew: lets go of the record; then look again. Fails conflict where that tool made one beside
// ours, and as plan_adoption.
base::Result<Plan> plan_let_go(const CreateWish& wish, const Facts& facts);

// An environment that a verb other than create is about.
struct Wish {
    Project project;
    Name name;
    std::string repository = {};       // the caller's; empty when it has none
    std::string reason = {};           // for history
    std::string wanted_template = {};  // of a reset; empty: its own
    // Of a removal: the event that it is for, as far as the caller knows it.
    std::optional<Time> event_at = {};
    std::optional<int> pull_request = {};
    std::string commit = {};
    bool purges = false;  // nothing is kept in the trash
    bool forced = false;  // late or not
    // Of a removal that somebody decided on before: the environment as it was then.
    std::optional<EnvironmentRecord> seen = {};
    std::string told_as = "deleted";  // in history
};

// The same plan as create's for what is there already; its terms stay as they are. Fails not_found.
base::Result<Plan> plan_repair(const Wish& wish, const Facts& facts, const FreshIdentities& fresh);

// Into the trash, where the policy keeps anything. Outcome absent and no steps when there is
// nothing of that name. Fails shielded for a protected environment, conflict for another
// repository's, late where it was created for a later event than this.
base::Result<Plan> plan_delete(const Wish& wish, const Facts& facts);

// The plan that ends a removal as it was begun; then look again. Needs an environment that is
// retiring.
Plan plan_finish_removal(const Facts& facts);

// The plan that removes what an unfinished create made, whatever the environment's protection.
Plan plan_abandon(const Facts& facts, const std::string& reason);

// The plan that finishes the removal of an instance whose environment has let go of it. No steps
// where the registry is older than the server, or must be.
Plan plan_burial(const Facts& facts);

// Ties Facts::trashed to an environment of the wish's name, or lets it change places with what its
// environment has now; then look again, since from there on it is repair. Fails not_found, conflict
// (the name is taken, the role serves another), shielded.
base::Result<Plan> plan_restore(const Wish& wish, const Facts& facts, const FreshIdentities& fresh);

// Fresh data under the same name, role, URL and password: another instance is built beside the one
// that serves, then they change places. Fails not_found, conflict, shielded.
base::Result<Plan> plan_reset(const Wish& wish, const Facts& facts, const FreshIdentities& fresh);

enum class Sessions { leave, end };

// The next password, by the current key. `from` is the version at the first look: one that is later
// has been rotated by this very operation. Fails not_found, conflict.
base::Result<Plan> plan_rotate(const Wish& wish, Sessions sessions, std::optional<int> from,
                               const Facts& facts, const FreshIdentities& fresh);

// Nobody gets in, and all data stays. Fails not_found, conflict.
base::Result<Plan> plan_close(const Wish& wish, const Facts& facts);
// The way back from plan_close.
base::Result<Plan> plan_open(const Wish& wish, const Facts& facts, const FreshIdentities& fresh);
// Another expiry: from now on, or the policy's. Fails not_found, conflict.
base::Result<Plan> plan_extend(const Wish& wish, std::optional<std::chrono::seconds> ttl,
                               const Facts& facts);
enum class Protection { off, on };
base::Result<Plan> plan_protect(const Wish& wish, Protection protection, const Facts& facts);

// Hands it over: makes it right first, then lets go of it without taking anything away. Fails
// not_found, conflict (closed, never finished, without a database), shielded.
base::Result<Plan> plan_release(const Wish& wish, const Facts& facts, const FreshIdentities& fresh);

}  // namespace environment

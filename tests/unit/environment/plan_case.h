// SPDX-License-Identifier: Apache-2.0
//
// Facts of an environment that is as it should be, for tests of the rules to spoil, and plans as
// words that can be compared.
#pragma once

#include <chrono>
#include <string>

#include "environment/plan.h"
#include "environment/stamp.h"

namespace plan_case {

using namespace environment;  // NOLINT(google-build-using-namespace,google-global-names-in-headers)

inline const Project k_project = *Project::parse("shop");
inline const Name k_name = *Name::parse("login");
inline constexpr const char* k_repository = "example.com/shop/web";

// The facts of a ready environment with a secret, in which nothing is wrong. It belongs to
// k_repository.
inline Facts right() {
    Facts facts;
    facts.installation.id = base::Uuid::random();
    facts.now = Time(std::chrono::hours(500'000));
    facts.role = RoleRecord{base::Uuid::random(), RoleState::serving, "shop_role"};
    facts.login = LoginFacts{
        1, true, false, false, false, 20, role_stamp(facts.installation.id, facts.role->id), {}};
    InstanceRecord instance;
    instance.id = base::Uuid::random();
    instance.state = InstanceState::serving;
    instance.database = "shop_login";
    instance.oid = 2;
    facts.instance = instance;
    const DatabaseStamp stamp{
        facts.installation.id, instance.id, facts.role->id, 1, "shop", false, "sealed"};
    DatabaseFacts database;
    database.oid = 2;
    database.name = "shop_login";
    database.owner = "reviewdb_manager";
    database.owned_by_manager = database.accepts_connections = database.role_may_use = true;
    database.comment = stamp.to_text();
    database.settings = facts.policy.database_settings();
    facts.database = database;
    EnvironmentRecord record;
    record.id = base::Uuid::random();
    record.project = "shop";
    record.name = "login";
    record.state = EnvironmentState::ready;
    record.origin.repository = k_repository;
    record.secret = "shop_login";
    record.instance = instance.id;
    record.role = facts.role->id;
    facts.environment = record;
    facts.secret = SecretFacts{true, SecretHolder::this_environment, true, true};
    return facts;
}

// The facts where there is no such environment.
inline Facts nothing() {
    Facts facts;
    facts.installation.id = base::Uuid::random();
    facts.now = Time(std::chrono::hours(500'000));
    facts.secret = SecretFacts{};
    return facts;
}

// A second instance that a reset was building, as far as `built` says.
inline void begin_reset(Facts& facts, bool built) {
    InstanceRecord next;
    next.id = base::Uuid::random();
    next.database = building_name(next.id);
    facts.next = next;
    if (!built) return;
    facts.next_database = facts.database;
    facts.next_database->name = next.database;
    facts.next_database->oid = 3;
}

inline Wish some_wish() { return {k_project, k_name, k_repository, "because"}; }
inline CreateWish some_create() {
    Origin origin;
    origin.repository = k_repository;
    return {k_project, k_name, origin, {}, std::nullopt};
}

// "repaired: record_intent create_role …", or "conflict" for a refusal. A plan after which one has
// to look again ends with "again".
inline std::string in_words(const base::Result<Plan>& plan) {
    if (!plan) return std::string(facts_of(plan.error().kind).name);
    auto words = std::string(to_text(plan->outcome)) + ":";
    for (const auto& step : plan->steps) words += " " + std::string(to_text(step.kind));
    return words + (plan->again ? " again" : "");
}

// A row of a table: what is wrong, and the plan for it.
struct Row {
    const char* name;
    void (*spoil)(Facts& facts);
    const char* plan;
};

}  // namespace plan_case

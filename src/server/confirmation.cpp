// SPDX-License-Identifier: Apache-2.0
//
// What is said of a server outside an operation: by a person, and before an effect outside it that
// no plan knows of.
#include <fmt/format.h>

#include "environment/standing.h"
#include "server/proof.h"
#include "server/registration.h"
#include "server/row_reading.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Policy;

// What the registry says of the server that it is on.
struct Known {
    bool is_proven = false;
    std::string place;
    Policy policy;                // of every project
    bool stores_secrets = false;  // of any project
    Address address() const { return {policy.host(), policy.port(), policy.sslmode()}; }
};

Result<Known> read_known(pg::Connection& session, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto answers,
        session.run_all(
            {{fmt::format("SELECT {} AS is_proven, coalesce(to_jsonb(x) ->> 'place', '') AS place "
                          "FROM registry.installation x",
                          k_is_proven)},
             {std::string(k_policy), {std::string(environment::k_every_project)}},
             {"SELECT EXISTS (SELECT FROM registry.policy WHERE key = 'secrets' AND value <> "
              "'none') AS stores"}},
            deadline));
    if (answers[0].empty()) {
        return base::fail(ErrorKind::not_found, "the registry on the server is not finished",
                          "run 'reviewdb init' as an administrator");
    }
    Known known;
    known.is_proven = answers[0][0].boolean("is_proven");
    known.place = answers[0][0].text("place");
    const auto anyone = *environment::Project::parse("review");
    BASE_TRY_ASSIGN(known.policy, Policy::read(anyone, read_policy(answers[1])));
    known.stores_secrets = answers[2][0].boolean("stores");
    return known;
}

pg::Statement set_address(std::string_view key, const std::string& value,
                          const environment::Actor& actor) {
    return {
        "INSERT INTO registry.policy (project, key, value, set_by) VALUES ('*', $1, $2, $3) "
        "ON CONFLICT (project, key) DO UPDATE SET value = excluded.value, "
        "set_by = excluded.set_by, set_at = now()",
        {std::string(key), value, actor.name}};
}

class Confirming {
   public:
    Confirming(pg::Connection& session, const pg::ConnectionInfo& login, const Confirmation& wish,
               Deadline deadline)
        : session_(session), login_(login), wish_(wish), deadline_(deadline) {}

    Result<std::string> run();

   private:
    Result<void> look_at_present();
    Result<void> look_at_new();
    Result<void> record(const std::string& told);

    pg::Connection& session_;
    const pg::ConnectionInfo& login_;
    const Confirmation& wish_;
    Deadline deadline_;
    Known known_;
    Trial trial_;
};

// The original may be alive there: then only a copy that shares no secrets with it goes elsewhere.
Result<void> Confirming::look_at_present() {
    const auto address = known_.address();
    BASE_TRY_ASSIGN(trial_, try_address(session_, login_, address, deadline_));
    if (trial_.leads == Leads::untried) {
        return base::fail(ErrorKind::denied, "this server cannot be confirmed: " + trial_.why,
                          "log in as an operator");
    }
    if (trial_.leads != Leads::elsewhere) return {};
    if (!wish_.advertise) {
        return base::fail(ErrorKind::conflict, "this server cannot be confirmed: " + trial_.why,
                          "to let this one take its place, stop the other one, and say by which "
                          "address this one is reached: reviewdb init --confirm-server --advertise "
                          "HOST:PORT");
    }
    if (!trial_.is_original || !known_.stores_secrets) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("this server cannot be confirmed at {}: the one that it was copied from, or "
                    "that was copied from it, answers at {}, and both would write the same secrets",
                    wish_.advertise->to_text(), address.to_text()),
        "stop that one first; or keep this one apart: reviewdb config set --all-projects "
        "secrets=none, and the same in each project that has a value of its own");
}

Result<void> Confirming::look_at_new() {
    auto address = *wish_.advertise;
    address.sslmode = known_.policy.sslmode();
    BASE_TRY_ASSIGN(trial_, try_address(session_, login_, address, deadline_));
    if (trial_.leads == Leads::here || trial_.leads == Leads::nowhere) return {};
    return base::fail(trial_.leads == Leads::untried ? ErrorKind::denied : ErrorKind::conflict,
                      "this server cannot be confirmed: " + trial_.why,
                      "give the address by which applications reach this server, and log in as an "
                      "operator");
}

Result<void> Confirming::record(const std::string& told) {
    std::vector<pg::Statement> statements{
        {std::string(k_record_identity),
         {wish_.place.empty() ? std::nullopt : std::optional(wish_.place)}},
        {history_sql("confirmed", told, wish_.actor)}};
    if (wish_.advertise) {
        statements.push_back(set_address("host", wish_.advertise->host, wish_.actor));
        statements.push_back(
            set_address("port", std::to_string(wish_.advertise->port), wish_.actor));
    }
    BASE_TRY(session_.run_all(statements, deadline_));
    return {};
}

Result<std::string> Confirming::run() {
    BASE_TRY_ASSIGN(known_, read_known(session_, deadline_));
    const bool another_place = !wish_.place.empty() && wish_.place != known_.place;
    if (known_.is_proven && !wish_.advertise && !another_place) {
        return std::string("this server is proven already; nothing was changed");
    }
    if (known_.place.empty() && wish_.place.empty() && !known_.is_proven) {
        BASE_TRY(look_at_present());
    }
    if (wish_.advertise) BASE_TRY(look_at_new());
    auto told = !wish_.place.empty() || !known_.place.empty()
                    ? fmt::format("the local server in {}",
                                  wish_.place.empty() ? known_.place : wish_.place)
                : trial_.leads == Leads::here
                    ? fmt::format("{} leads here",
                                  (wish_.advertise ? *wish_.advertise : known_.address()).to_text())
                    : fmt::format("by hand: {}", trial_.why);
    BASE_TRY(record(told));
    return "confirmed this server: " + told;
}

}  // namespace

Result<void> check_original(const pg::ConnectionInfo& login, const std::string& what,
                            Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_for_daily_work(login, "reviewdb/proof", deadline, log));
    BASE_TRY_ASSIGN(const auto known, read_known(session, deadline));
    if (known.is_proven) return {};
    if (!known.place.empty()) {
        return base::fail(environment::doubtful(what, doubt_of_place(known.place, {})));
    }
    const auto address = known.address();
    BASE_TRY_ASSIGN(const auto trial, try_address(session, login, address, deadline));
    if (trial.leads != Leads::here) {
        return base::fail(environment::doubtful(what, doubt_of(trial, address)));
    }
    BASE_TRY(session.run({std::string(k_record_identity), {std::nullopt}}, deadline));
    return {};
}

Result<std::string> confirm_server(const pg::ConnectionInfo& login, const Confirmation& wish,
                                   Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_for_daily_work(login, "reviewdb/init", deadline, log));
    return Confirming(session, login, wish, deadline).run();
}

}  // namespace server

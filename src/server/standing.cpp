// SPDX-License-Identifier: Apache-2.0
//
// Whether this is the server that its registry speaks of: proved after each restart, once.
#include <fmt/format.h>

#include "environment/standing.h"
#include "server/live_server.h"
#include "server/proof.h"
#include "server/row_reading.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;
using environment::Doubt;

// An attempt in vain may have taken seconds.
constexpr std::chrono::minutes k_time_between_attempts(1);

}  // namespace

Result<std::optional<Doubt>> LiveServer::prove(const environment::Policy& policy,
                                               Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run({fmt::format("SELECT {} AS is_proven, coalesce(to_jsonb(x) ->> 'place', '') "
                                   "AS place FROM registry.installation x",
                                   k_is_proven)},
                      deadline));
    if (rows.empty() || rows[0].boolean("is_proven")) return std::optional<Doubt>();
    const auto now = std::chrono::steady_clock::now();
    if (doubt_ && now < doubt_until_) return doubt_;
    const auto place = rows[0].text("place");
    doubt_.reset();
    if (!place.empty()) {
        if (place != place_) return std::optional(doubt_of_place(place, place_));
    } else {
        const Address address{policy.host(), policy.port(), policy.sslmode()};
        BASE_TRY_ASSIGN(const auto trial, try_address(*session_, login_, address, deadline));
        if (trial.leads != Leads::here) {
            doubt_ = doubt_of(trial, address);
            doubt_until_ = now + k_time_between_attempts;
            return doubt_;
        }
    }
    BASE_TRY(session_->run({std::string(k_record_identity), {std::nullopt}}, deadline));
    log_.debug("proved that this server is the original");
    return std::optional<Doubt>();
}

Result<bool> LiveServer::settle_place(std::string place, Deadline deadline) {
    place_ = std::move(place);
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run({fmt::format("SELECT {} AS is_proven, to_jsonb(x) ->> 'place' AS place "
                                   "FROM registry.installation x",
                                   k_is_proven)},
                      deadline));
    if (rows.empty()) return true;
    const auto row = rows[0];
    const bool is_proven = row.boolean("is_proven");
    // Without the column nothing can be recorded.
    if (row.is_null("place")) return true;
    const auto recorded = row.text("place");
    if (recorded == place_ && is_proven) return true;
    if (!recorded.empty() && recorded != place_) return false;
    BASE_TRY(session_->run({std::string(k_record_identity), {place_}}, deadline));
    return true;
}

// A copy that could say where it is would be proven there.
Result<void> LiveServer::check_address_may_change(std::string_view project, std::string_view key,
                                                  Deadline deadline) {
    if (key != "host" && key != "port") return {};
    const bool everywhere = project == environment::k_every_project;
    BASE_TRY_ASSIGN(const auto whose,
                    environment::Project::parse(everywhere ? std::string_view("review") : project));
    const auto known = policy(whose, deadline);
    // One that cannot be used leads nowhere.
    BASE_TRY_ASSIGN(auto doubt, prove(known ? *known : environment::Policy(), deadline));
    if (!doubt) return {};
    doubt->hint =
        "say where this server is reached, and that it is the original: reviewdb init "
        "--confirm-server --advertise HOST:PORT";
    return base::fail(environment::doubtful("the advertised address was not changed", *doubt));
}

}  // namespace server

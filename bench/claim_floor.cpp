// SPDX-License-Identifier: Apache-2.0
#include "claim_floor.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "base/uuid.h"
#include "environment/name.h"
#include "supplied.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/tcp_proxy.h"

namespace bench {

namespace {

constexpr const char* k_heard = "heard";
// As reviewdb does: who waits for a lock too long begins again.
constexpr std::string_view k_held = "55P03";

pg::ConnectionInfo by_way_of(const Stand& stand, const support::TcpProxy& wire) {
    return stand.login().with("port", std::to_string(wire.port())).with("sslmode", "disable");
}

[[noreturn]] void fail(PGconn* session, std::string_view what) {
    throw std::runtime_error(fmt::format("the floor: {}: {}", what, PQerrorMessage(session)));
}

std::string field(const PGresult* answer, const char* column) {
    const int number = PQfnumber(answer, column);
    if (number < 0 || PQgetisnull(answer, 0, number) != 0) {
        throw std::runtime_error("the floor: the pool was empty");
    }
    return PQgetvalue(answer, 0, number);
}

}  // namespace

std::string ClaimScript::filled(const std::string& text, const Values& values) {
    std::string whole;
    whole.reserve(text.size() + 64);
    for (const char c : text) {
        const auto number = static_cast<std::size_t>(static_cast<unsigned char>(c)) - 1;
        if (number < k_blanks) {
            whole += values.at(number);
        } else {
            whole += c;
        }
    }
    return whole;
}

// Numbers only where they are a whole parameter: their digits may stand in anything.
ClaimScript::Groups ClaimScript::blanked(Groups groups, const Values& values) {
    const auto blank_out = [&](std::string& text, bool is_parameter) {
        for (std::size_t i = 0; i < k_blanks; ++i) {
            const std::string blank(1, static_cast<char>(i + 1));
            if (i >= Blank::oid) {
                if (is_parameter && text == values.at(i)) text = blank;
                continue;
            }
            for (auto at = text.find(values.at(i)); at != std::string::npos;
                 at = text.find(values.at(i), at)) {
                text.replace(at, values.at(i).size(), blank);
            }
        }
    };
    for (auto& group : groups) {
        for (auto& said : group) {
            if (!said.prepared) blank_out(said.sql, false);
            for (auto& parameter : said.parameters) {
                if (parameter) blank_out(*parameter, true);
            }
        }
    }
    return groups;
}

ClaimScript ClaimScript::heard_on(const Stand& stand) {
    ClaimScript script;
    const support::TcpProxy wire(stand.port());
    Supplied ours(by_way_of(stand, wire), k_heard);
    ours.claim();
    const auto before = Conversation::heard(wire.sent());
    ours.claim();
    const auto after = Conversation::heard(wire.sent());
    script.options_ = after.options();
    const auto groups = after.since(before).statements_by_sync();

    Values values;
    const auto column = [&](const std::string& sql) {
        return support::ask(stand.superuser("reviewdb"),
                            fmt::format("SELECT {} AS value FROM registry.environment e JOIN "
                                        "registry.instance i ON i.id = e.instance WHERE e.name = "
                                        "'{}2'",
                                        sql, k_heard));
    };
    values[name] = fmt::format("{}2", k_heard);
    values[environment] = column("e.id");
    values[instance] = column("i.id");
    values[role] = column("e.role");
    values[oid] = column("i.oid");
    values[database] = environment::building_name(*base::Uuid::parse(values[instance]));
    const auto& first = groups.at(0).at(1).parameters;  // after BEGIN
    values[lock] = first.at(0).value();
    values[pid] = first.at(1).value();
    script.groups_ = blanked(groups, values);

    const support::TcpProxy its_wire(stand.port());
    FloorClaimer floor(script, by_way_of(stand, its_wire), "floor");
    floor.claim();
    const auto once = Conversation::heard(its_wire.sent());
    floor.claim();
    const auto said = Conversation::heard(its_wire.sent()).since(once).statements_by_sync();
    if (blanked(said, floor.values_) == script.groups_) return script;
    throw std::runtime_error("the floor claims in other words than reviewdb");
}

std::string ClaimScript::finding() const {
    std::size_t statements = 0;
    std::size_t prepared = 0;
    for (const auto& group : groups_) {
        statements += group.size();
        prepared += static_cast<std::size_t>(
            std::ranges::count(group, true, &Conversation::Said::prepared));
    }
    return fmt::format(
        "claim: reviewdb says {} statements, {} of them prepared, in 2 round trips; the floor was "
        "heard to say the same",
        statements, prepared);
}

void FloorClaimer::Deleter::operator()(pg_conn* session) const { PQfinish(session); }

FloorClaimer::FloorClaimer(const ClaimScript& script, const pg::ConnectionInfo& login,
                           std::string names)
    : script_(script), names_(std::move(names)) {
    // Nobody wakes it when it has been idle for long, while others have their turn.
    const auto info = login.with("dbname", "reviewdb")
                          .with("options", script.options_ + " -c idle_session_timeout=0");
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : info.values()) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    const auto& password = info.password();
    for (const auto& [keyword, value] :
         {std::pair{"password", password.reveal().c_str()}, std::pair{"gssencmode", "disable"}}) {
        keywords.push_back(keyword);
        values.push_back(value);
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    session_.reset(PQconnectdbParams(keywords.data(), values.data(), 0));
    if (PQstatus(session_.get()) != CONNECTION_OK) fail(session_.get(), "cannot log in");
    for (const auto& group : script.groups_) {
        for (const auto& said : group) {
            if (said.prepared) prepare(said.sql);
        }
    }
    PQenterPipelineMode(session_.get());
    values_[ClaimScript::pid] = std::to_string(PQbackendPID(session_.get()));
}

void FloorClaimer::prepare(const std::string& sql) {
    if (std::ranges::find(prepared_, sql) != prepared_.end()) return;
    prepared_.push_back(sql);
    PGresult* done = PQprepare(session_.get(), fmt::format("s{}", prepared_.size() - 1).c_str(),
                               sql.c_str(), 0, nullptr);
    const bool worked = PQresultStatus(done) == PGRES_COMMAND_OK;
    PQclear(done);
    if (!worked) fail(session_.get(), "cannot prepare");
}

void FloorClaimer::send(const std::vector<Conversation::Said>& group) {
    std::vector<std::string> texts;
    std::vector<const char*> parameters;
    for (const auto& said : group) {
        texts.clear();
        parameters.clear();
        for (const auto& parameter : said.parameters) {
            texts.push_back(parameter ? ClaimScript::filled(*parameter, values_) : "");
        }
        for (std::size_t i = 0; i < texts.size(); ++i) {
            parameters.push_back(said.parameters[i] ? texts[i].c_str() : nullptr);
        }
        const auto count = static_cast<int>(parameters.size());
        const auto known = std::ranges::find(prepared_, said.sql);
        const bool sent =
            said.prepared
                ? PQsendQueryPrepared(session_.get(),
                                      fmt::format("s{}", known - prepared_.begin()).c_str(), count,
                                      parameters.data(), nullptr, nullptr, 0) != 0
                : PQsendQueryParams(session_.get(), ClaimScript::filled(said.sql, values_).c_str(),
                                    count, nullptr, parameters.data(), nullptr, nullptr, 0) != 0;
        if (!sent) fail(session_.get(), "cannot send");
    }
    if (PQpipelineSync(session_.get()) == 0) fail(session_.get(), "cannot send");
}

bool FloorClaimer::collect(std::size_t syncs) {
    bool held = false;
    while (syncs > 0) {
        PGresult* answer = PQgetResult(session_.get());
        if (answer == nullptr) continue;  // the end of one statement's answer
        const std::unique_ptr<PGresult, decltype(&PQclear)> kept(answer, &PQclear);
        const auto status = PQresultStatus(answer);
        if (status == PGRES_FATAL_ERROR) {
            const char* code = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
            held = code != nullptr && std::string_view(code) == k_held;
            if (!held) fail(session_.get(), PQresultErrorMessage(answer));
        }
        if (status == PGRES_PIPELINE_SYNC) --syncs;
        if (status != PGRES_TUPLES_OK || PQfnumber(answer, "i_database") < 0) continue;
        values_[ClaimScript::instance] = field(answer, "i_id");
        values_[ClaimScript::role] = field(answer, "r_id");
        values_[ClaimScript::database] = field(answer, "i_database");
        values_[ClaimScript::oid] = field(answer, "i_oid");
    }
    return !held;
}

void FloorClaimer::claim() {
    values_[ClaimScript::name] = fmt::format("{}{}", names_, ++made_);
    values_[ClaimScript::environment] = base::Uuid::random().to_string();
    values_[ClaimScript::lock] =
        std::to_string(std::hash<std::string>()(values_[ClaimScript::name]) >> 1U);
    const auto& groups = script_.groups_;
    for (;;) {
        send(groups.front());
        bool done = collect(1);
        if (done) {
            for (std::size_t i = 1; i < groups.size(); ++i) send(groups[i]);
            done = collect(groups.size() - 1);
        }
        if (done) return;
        send({{"ROLLBACK", {}, false}});
        collect(1);
    }
}

}  // namespace bench

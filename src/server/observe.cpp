// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/interrupt.h"
#include "environment/pool.h"
#include "pg/sql_state.h"
#include "server/live_server.h"
#include "server/locks.h"
#include "server/observation_sql.h"
#include "server/row_reading.h"
#include "server/session.h"
#include "server/supply_sql.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Facts;
using environment::NameHolder;

NameHolder holder_of(const pg::Row& row, const Facts& facts) {
    const auto instance = row.optional_text("instance");
    if (!instance) return NameHolder::somebody_else;
    if (facts.instance && facts.instance->id.to_string() == *instance) {
        return NameHolder::this_instance;
    }
    const auto state = row.text("state");
    return state == "dropping" || state == "trashed" ? NameHolder::dropping_instance
                                                     : NameHolder::somebody_else;
}

// Only `init` and `upgrade` change the schema, so everybody works with the one that is there, or
// not at all.
Result<void> check_schema(const environment::Installation& installation) {
    if (installation.oldest_program_allowed > schema_version()) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the registry is for programs of schema {} and newer; this "
                                      "one brings {}",
                                      installation.oldest_program_allowed, schema_version()),
                          "install a newer reviewdb; nothing was changed");
    }
    if (installation.schema_version >= k_oldest_schema) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the registry has schema {}; this program works with {} and newer",
                    installation.schema_version, k_oldest_schema),
        "run 'reviewdb upgrade' once; nothing was changed");
}

pg::Statement reading_policy(const environment::Project& project) {
    return {std::string(k_policy), {project.text()}, true};
}

pg::Statement tombstone_of(const environment::Subject& subject) {
    return {std::string(k_tombstone), {subject.project.text(), subject.name.text()}, true};
}

bool serves(const Facts& facts) {
    return facts.instance && facts.instance->state == environment::InstanceState::serving &&
           facts.database;
}

std::string described(const environment::Subject& subject) {
    return fmt::format("'{}' of project {}", subject.name.text(), subject.project.text());
}

std::optional<environment::Retirement> read_tombstone(const pg::Rows& rows) {
    if (rows.empty()) return std::nullopt;
    return read_retirement(rows[0]);
}

}  // namespace

LiveServer::LiveServer(pg::ConnectionInfo login, std::string application, base::Log& log)
    : login_(std::move(login)), application_(std::move(application)), log_(log) {}
LiveServer::~LiveServer() = default;

Result<void> LiveServer::connect(Deadline deadline) {
    const bool usable = session_ && (locked_.empty() ? session_->undisturbed() : session_->alive());
    if (usable) return {};
    session_.reset();
    locked_.clear();
    looked_ = false;
    BASE_TRY_ASSIGN(auto session, open_for_daily_work(login_, application_, deadline, log_));
    session_ = std::move(session);
    return {};
}

// Only over a session that is ours alone: one of a pooler's lives on, and would keep the lock.
pg::Statement LiveServer::try_lock(std::string_view key_text) const {
    return {
        "SELECT is_direct, CASE WHEN is_direct THEN pg_try_advisory_lock($1::bigint) END AS "
        "taken FROM (SELECT pg_backend_pid() = $2::integer AND current_user = $3 AS is_direct) "
        "s",
        {lock_number(key_text), std::to_string(session_->backend_pid()), std::string(k_manager)},
        true};
}

Result<bool> LiveServer::has_locked(std::string_view key_text, const pg::Row& answer) {
    if (!answer.boolean("is_direct")) return base::fail(pooler_error(login_));
    if (answer.boolean("taken")) locked_ = key_text;
    return locked_ == key_text;
}

Result<std::string> LiveServer::describe_holder(std::string_view key_text, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run(
            // Postgres hides address and start of a session from who is no member of its role.
            {"SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, 'somebody') AS "
             "who, "
             "concat(' from ' || host(a.client_addr), ', connected for ' || "
             "extract(epoch FROM clock_timestamp() - a.backend_start)::bigint || ' s') AS more "
             "FROM pg_locks k JOIN pg_stat_activity a USING (pid) WHERE " +
                 is_held("$1::bigint"),
             {lock_number(key_text)}},
            deadline));
    if (rows.empty()) return std::string("somebody");
    return fmt::format("{} (server process {}{})", rows[0].text("who"), rows[0].integer("pid"),
                       rows[0].text("more"));
}

Result<void> LiveServer::wait_for_lock(std::string_view key_text, const std::string& what,
                                       Deadline deadline) {
    BASE_TRY_ASSIGN(const auto holder, describe_holder(key_text, deadline));
    log_.info("{} works on {}; waiting", holder, what);
    const auto wait = std::max<std::int64_t>(deadline.remaining().count(), 1);
    // The server's own answer comes a moment after its time is over.
    const auto limit = deadline.extended_by(std::chrono::milliseconds(100));
    auto waited =
        session_->run_all({{"SELECT set_config('lock_timeout', $1, false)", {std::to_string(wait)}},
                           {"SELECT pg_advisory_lock($1::bigint)", {lock_number(key_text)}},
                           {"SELECT set_config('lock_timeout', '2s', false)"}},
                          limit);
    const bool in_vain =
        !waited && (waited.error().sqlstate == pg::sql_state::k_lock_not_available ||
                    (waited.error().kind == ErrorKind::deadline && !base::interrupted()));
    if (in_vain) {
        return base::fail(ErrorKind::overloaded,
                          fmt::format("{} is being worked on by {}", what, holder),
                          "try again; a worker that has died lets go within half a minute");
    }
    if (!waited) return base::fail(std::move(waited).error());
    locked_ = key_text;
    return {};
}

// Tries the lock and reads in one round trip: each statement sees what was committed before it, so
// what is read was read under the lock. Waits and reads again where somebody else has it.
Result<std::vector<pg::Rows>> LiveServer::locked_reading(std::string_view key_text,
                                                         const std::string& what,
                                                         Statements statements, Deadline deadline,
                                                         Ending ending) {
    const auto read = [&] {
        return ending == Ending::commit ? session_->run_all(statements, deadline)
                                        : session_->begin(statements, deadline);
    };
    if (locked_ == key_text) return read();
    statements.insert(statements.begin(), try_lock(key_text));
    BASE_TRY_ASSIGN(auto answers, read());
    BASE_TRY_ASSIGN(const bool taken, has_locked(key_text, answers[0][0]));
    if (taken) {
        answers.erase(answers.begin());
        return answers;
    }
    BASE_TRY(wait_for_lock(key_text, what, deadline));
    statements.erase(statements.begin());
    return read();
}

void LiveServer::release(Deadline deadline) {
    if (session_ && session_->alive() && !locked_.empty()) {
        const auto released = session_->run({"SELECT pg_advisory_unlock_all()"}, deadline);
        if (!released) session_.reset();
    }
    locked_.clear();
    avoided_.clear();
    name_taken_ = false;
    hostile_.clear();
}

// The statements that read a registry, and the answers to them.
LiveServer::Statements LiveServer::reading(const environment::Project& project,
                                           pg::Statement observation) const {
    return {{installation_sql(), {}, true},
            {std::string(k_living_keys), {}, true},
            reading_policy(project),
            std::move(observation)};
}

Result<Facts> LiveServer::common_facts(const environment::Project& project,
                                       std::span<const pg::Rows> answers, Deadline deadline) {
    BASE_TRY_ASSIGN(auto facts, common_facts(project, answers[0], answers[1], answers[2]));
    if (!answers[0][0].boolean("has_pinned") || facts.installation.has_leftovers) return facts;
    BASE_TRY_ASSIGN(const auto freed, session_->run({std::string(k_freed_role)}, deadline));
    facts.installation.has_leftovers = freed[0].boolean("is_there");
    return facts;
}

Result<Facts> LiveServer::common_facts(const environment::Project& project,
                                       const pg::Rows& installations, const pg::Rows& keys,
                                       const pg::Rows& policy) {
    if (installations.empty()) {
        return base::fail(ErrorKind::not_found, "the registry on the server is not finished",
                          "run 'reviewdb init' as an administrator");
    }
    const auto installation = installations[0];
    if (installation.integer("pid") != session_->backend_pid() ||
        installation.value("acting") != k_manager || installation.value("lease") == "0") {
        return base::fail(pooler_error(login_));
    }
    Facts facts;
    facts.now = time_of(installation.integer("now"));
    facts.installation = read_installation(installation, keys);
    BASE_TRY(check_schema(facts.installation));
    BASE_TRY_ASSIGN(facts.policy, policy_.read(project, policy));
    return facts;
}

// What of the pool can be given stays locked until the transaction ends, and any other step than
// its claim ends it. Without one, or where there is an environment, this is work like any other.
Result<Facts> LiveServer::observe_claim(const environment::Subject& subject, Deadline deadline) {
    constexpr std::size_t k_most_avoided = 2;
    if (avoided_.size() >= k_most_avoided || name_taken_) {
        return observe_for_work(subject, Path::usual, deadline);
    }
    BASE_TRY_ASSIGN(const auto path, first_look(subject, deadline));
    if (path != Path::claim) return observe_for_work(subject, path, deadline);
    const auto what = described(subject);
    std::string avoided;
    for (const auto& id : avoided_) avoided += (avoided.empty() ? "" : ",") + id.to_string();
    Statements statements{{claimable_sql(),
                           {subject.project.text(), subject.name.text(), subject.wanted_template,
                            "{" + avoided + "}"},
                           true},
                          reading_policy(subject.project)};
    if (subject.with_tombstone) statements.push_back(tombstone_of(subject));
    BASE_TRY_ASSIGN(const auto answers,
                    locked_reading(environment_lock(subject), what, std::move(statements), deadline,
                                   Ending::open));
    const auto& found = answers[0];
    if (found.empty()) return observe_for_work(subject, Path::usual, deadline);
    auto facts = common_facts(subject.project, found, found, answers[1]);
    if (!facts) return facts;
    facts->warm.emplace(read_warm(found[0]));
    if (subject.with_tombstone) facts->tombstone = read_tombstone(answers.back());
    if (environment::may_be_given(*facts->warm, *facts)) return facts;
    return observe_for_work(subject, Path::usual, deadline);
}

// A new session has no plans yet, and that of a claim costs more than a round trip. So its first
// look only asks whether a claim can succeed; both answers hold as long as the lock.
Result<LiveServer::Path> LiveServer::first_look(const environment::Subject& subject,
                                                Deadline deadline) {
    if (std::exchange(looked_, true)) return Path::claim;
    const pg::Statement look{std::string(k_first_look),
                             {subject.project.text(), subject.name.text()}};
    BASE_TRY_ASSIGN(const auto answers, locked_reading(environment_lock(subject),
                                                       described(subject), {look}, deadline));
    const auto row = answers[0][0];
    if (row.boolean("is_there")) return Path::present;
    return row.boolean("warm_there") ? Path::claim : Path::absent;
}

Result<Facts> LiveServer::observe(const environment::Subject& subject, environment::Purpose purpose,
                                  Deadline deadline) {
    using environment::Purpose;
    BASE_TRY(connect(deadline));
    switch (purpose) {
        case Purpose::claim:
            return observe_claim(subject, deadline);
        case Purpose::recall:
            return recall(subject, deadline);
        case Purpose::read:
            return observe_for_reading(subject, deadline);
        case Purpose::work:
            break;
    }
    return observe_for_work(subject, Path::usual, deadline);
}

Result<Facts> LiveServer::recall(const environment::Subject& subject, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all({{recall_sql(), {subject.project.text(), subject.name.text()}, true},
                           reading_policy(subject.project)},
                          deadline));
    const auto& found = answers[0];
    BASE_TRY_ASSIGN(auto facts, common_facts(subject.project, found, found, answers[1]));
    read_records(found[0], facts);
    if (facts.environment) {
        epoch_ = facts.environment->epoch;
    } else {
        BASE_TRY(find_name_holder(subject, facts, deadline));
    }
    return facts;
}

pg::Statement LiveServer::reading_source(const environment::Subject& subject) {
    return {std::string(k_source),
            {subject.project.text(), subject.name.text(), subject.wanted_template},
            true};
}

// What is not there is not looked for, nor what a serving one would be cloned from.
LiveServer::Statements LiveServer::observing(const environment::Subject& subject, Path path) const {
    const pg::Statement nothing{"SELECT WHERE false", {}, true};
    const pg::Statement serving{serving_sql(), {subject.project.text(), subject.name.text()}, true};
    auto statements = reading(subject.project, path == Path::absent ? nothing : serving);
    if (subject.with_tombstone) statements.push_back(tombstone_of(subject));
    if (path != Path::present) statements.push_back(reading_source(subject));
    return statements;
}

Result<Facts> LiveServer::observed(const environment::Subject& subject, Path path,
                                   const std::vector<pg::Rows>& answers, Deadline deadline) {
    BASE_TRY_ASSIGN(auto facts, common_facts(subject.project, answers, deadline));
    const auto& found = answers[3];
    if (!found.empty() && found[0].is_null("next_instance")) {
        read_observation(found[0], facts);
    } else if (!found.empty()) {
        BASE_TRY_ASSIGN(const auto rows,
                        session_->run({observation_sql(k_one_environment),
                                       {subject.project.text(), subject.name.text()},
                                       true},
                                      deadline));
        if (!rows.empty()) read_observation(rows[0], facts);
    }
    if (facts.environment) epoch_ = facts.environment->epoch;
    if (subject.with_tombstone) facts.tombstone = read_tombstone(answers[4]);
    const auto take_source = [&facts](const pg::Rows& rows) {
        facts.source = read_source(rows);
        facts.warm_there = !rows.empty() && rows[0].boolean("warm_there");
    };
    if (path != Path::present) {
        take_source(answers.back());
    } else if (!serves(facts) || facts.database->half_dropped) {
        BASE_TRY_ASSIGN(const auto rows, session_->run(reading_source(subject), deadline));
        take_source(rows);
    }
    return facts;
}

Result<Facts> LiveServer::observe_for_reading(const environment::Subject& subject,
                                              Deadline deadline) {
    BASE_TRY_ASSIGN(const auto answers,
                    session_->run_all(observing(subject, Path::usual), deadline));
    return observed(subject, Path::usual, answers, deadline);
}

Result<Facts> LiveServer::observe_for_work(const environment::Subject& subject, Path path,
                                           Deadline deadline) {
    BASE_TRY_ASSIGN(const auto answers,
                    locked_reading(environment_lock(subject), described(subject),
                                   observing(subject, path), deadline));
    BASE_TRY_ASSIGN(auto facts, observed(subject, path, answers, deadline));
    if (!serves(facts)) BASE_TRY(find_name_holder(subject, facts, deadline));
    return facts;
}

Result<void> LiveServer::find_name_holder(const environment::Subject& subject, Facts& facts,
                                          Deadline deadline) {
    const auto name = facts.policy.database_pattern().apply(subject.project, subject.name,
                                                            environment::k_longest_catalog_name);
    BASE_TRY_ASSIGN(const auto rows, session_->run({std::string(k_name_holder), {name}}, deadline));
    if (rows.empty()) return {};
    facts.final_name = holder_of(rows[0], facts);
    facts.final_name_owner = rows[0].text("owner");
    facts.final_name_database = name;
    if (rows[0].is_null("instance")) {
        facts.final_name_comment = rows[0].optional_text("comment");
    }
    return {};
}

Result<std::vector<Facts>> LiveServer::observe_all(const environment::Project& project,
                                                   Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(reading(project, {observation_sql(k_whole_project), {project.text()}}),
                          deadline));
    BASE_TRY_ASSIGN(const auto common, common_facts(project, answers, deadline));
    std::vector<Facts> all;
    all.reserve(static_cast<std::size_t>(answers[3].size()));
    for (int i = 0; i < answers[3].size(); ++i) {
        all.push_back(common);
        read_observation(answers[3][i], all.back());
    }
    return all;
}

Result<std::optional<Facts>> LiveServer::observe_leftover(const environment::Leftover& leftover,
                                                          Deadline deadline) {
    BASE_TRY(connect(deadline));
    const auto key_text = instance_lock(leftover.instance);
    BASE_TRY_ASSIGN(const auto tried, session_->run(try_lock(key_text), deadline));
    BASE_TRY_ASSIGN(const bool taken, has_locked(key_text, tried[0]));
    if (!taken) return std::optional<Facts>();
    const auto project = *environment::Project::parse("review");
    BASE_TRY_ASSIGN(const auto answers,
                    session_->run_all(reading(project, {observation_sql(k_one_leftover),
                                                        {leftover.instance.to_string()}}),
                                      deadline));
    BASE_TRY_ASSIGN(auto facts, common_facts(project, answers, deadline));
    if (answers[3].empty()) return std::optional<Facts>();
    read_observation(answers[3][0], facts);
    return std::optional<Facts>(std::move(facts));
}

Result<std::vector<environment::Leftover>> LiveServer::leftovers(int most, Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run({"SELECT i.id, i.database FROM registry.instance i "
                       "LEFT JOIN registry.role r ON r.id = i.role "
                       "WHERE i.state = 'dropping' "
                       "OR (i.state = 'trashed' AND i.keep_until < now()) "
                       "OR (i.state IN ('building', 'frozen') "
                       "AND i.purpose <> 'environment' AND NOT EXISTS (SELECT FROM "
                       "registry.template t WHERE t.instance = i.id)) "
                       "OR (i.state = 'gone' AND r.state = 'pinned') "
                       "ORDER BY i.state = 'gone', i.let_go_at, i.created_at LIMIT $1::integer",
                       {std::to_string(most)}},
                      deadline));
    std::vector<environment::Leftover> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        found.push_back({*base::Uuid::parse(rows[i].text("id")), rows[i].text("database")});
    }
    return found;
}

Result<void> LiveServer::check_lease(const environment::Target& target, Deadline deadline) {
    if (!session_ || !session_->alive() || locked_.empty()) {
        return base::fail(ErrorKind::in_doubt, "the lock was lost with its session");
    }
    if (target.environment.name.empty()) return run({{"SELECT 1"}}, deadline);
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({"SELECT epoch FROM registry.environment WHERE id = $1::uuid",
                                   {target.environment.id.to_string()}},
                                  deadline));
    if (!rows.empty() && rows[0].integer("epoch") == epoch_) return {};
    return base::fail(ErrorKind::in_doubt, fmt::format("somebody else took over the work on '{}'",
                                                       target.environment.name));
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
#include "server/inspect.h"

#include <fmt/format.h>

#include "base/size.h"
#include "environment/policy.h"
#include "server/inspect_sql.h"
#include "server/locks.h"
#include "server/open_databases.h"
#include "server/proof.h"
#include "server/row_reading.h"
#include "server/session.h"
#include "server/survey.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;
using Findings = std::vector<Finding>;

void fine(Findings& all, std::string subject, std::string found) {
    all.push_back({Grade::ok, std::move(subject), std::move(found), {}, false});
}

void warn(Findings& all, std::string subject, std::string found, std::string hint) {
    all.push_back({Grade::warning, std::move(subject), std::move(found), std::move(hint), false});
}

void fail(Findings& all, std::string subject, std::string found, std::string hint) {
    all.push_back({Grade::failure, std::move(subject), std::move(found), std::move(hint), false});
}

void drift(Findings& all, Grade grade, std::string subject, std::string found, std::string hint) {
    all.push_back({grade, std::move(subject), std::move(found), std::move(hint), true});
}

void judge_version(Findings& all, int version) {
    const auto name = fmt::format("Postgres {}.{}", version / 10000, version % 10000);
    if (const auto text = version_advice(version); !text.empty()) {
        warn(all, "version", name, text);
    } else {
        fine(all, "version", name);
    }
}

void judge_session(Findings& all, const pg::Connection& session, const pg::Row& row) {
    if (row.integer("pid") != session.backend_pid()) {
        fail(all, "connection", "a pooler or proxy stands in between",
             "give reviewdb a direct connection to Postgres; applications may use the pooler");
        return;
    }
    fine(all, "connection", fmt::format("direct, as {}", row.text("login")));
}

// A loopback address and a socket do not leave the machine.
void judge_tls(Findings& all, const pg::ConnectionInfo& login) {
    const auto host = login.get("host").empty() ? login.get("hostaddr") : login.get("host");
    const std::string mode(login.get("sslmode").empty() ? "prefer" : login.get("sslmode"));
    if (pg::is_loopback(host)) return fine(all, "tls", "not needed on this machine");
    if (mode == "verify-full") return fine(all, "tls", "verify-full");
    warn(all, "tls",
         fmt::format("the operator's own connection to {} has sslmode={}, and does not prove which "
                     "server answers",
                     host, mode),
         "add sslmode=verify-full and sslrootcert=FILE to REVIEWDB_SERVER");
}

void judge_manager(Findings& all, const pg::Row& row, int version) {
    const std::string subject(k_manager);
    const auto before = all.size();
    if (row.boolean("rolsuper")) {
        fail(all, subject, "is a superuser", fmt::format("ALTER ROLE {} NOSUPERUSER", k_manager));
    }
    if (!row.boolean("rolcreatedb") || !row.boolean("rolcreaterole")) {
        fail(all, subject, "lacks CREATEDB or CREATEROLE",
             fmt::format("ALTER ROLE {} CREATEDB CREATEROLE", k_manager));
    }
    if (const auto roles = row.text("member_of"); !roles.empty()) {
        warn(all, subject, "has the rights of " + roles,
             "it should own what it made and nothing else: REVOKE what nobody needs");
    }
    if (version < 160000) {
        warn(all, subject,
             "before Postgres 16, who may create roles can become the operating-system user of "
             "the server",
             "guard the operator's password like root's, or move to Postgres 16 or newer");
    }
    if (all.size() == before) fine(all, subject, "may create databases and roles, and no more");
}

// An operator's membership in the owner's role is nobody's wish: it is no operator there.
void judge_members(Findings& all, const pg::Row& row, int version) {
    const auto role = row.text("role");
    const bool owner = role == k_registry_owner;
    auto others = row.text("others");
    const auto operators = row.text("operators");
    if (owner && !operators.empty()) others += (others.empty() ? "" : ", ") + operators;
    if (!others.empty()) {
        warn(all, role, "may be acted as by " + others,
             fmt::format("a superuser can run: REVOKE {} FROM …", role));
    }
    const auto makers = row.text("makers");
    auto told = owner               ? std::string("nobody acts as it from day to day")
                : operators.empty() ? std::string("no operator may act as it")
                                    : "may be acted as by the operators " + operators;
    if (!makers.empty()) told += "; may be granted by " + makers;
    fine(all, role, told);
    if (const auto creators = row.text("creators");
        owner && version < 160000 && !creators.empty()) {
        warn(all, role,
             "before Postgres 16, CREATEROLE lets act as it: the operators, and " + creators,
             "guard their passwords like root's, or move to Postgres 16 or newer");
    }
}

void judge_settings(Findings& all, const pg::Row& row, int limit) {
    if (const auto prepared = row.integer("prepared"); prepared > 0) {
        warn(all, "max_prepared_transactions", std::to_string(prepared),
             "one that is left behind keeps its database from being dropped: where nobody needs "
             "them, set it to 0");
    } else {
        fine(all, "max_prepared_transactions", "0");
    }
    const auto usable = row.integer("usable");
    const auto found = fmt::format(
        "{} of {} in use; {} environments at their limit of {} fill the "
        "server",
        row.integer("used"), usable, (usable + limit - 1) / limit, limit);
    if (row.integer("used") * 10 >= usable * 9) {
        warn(all, "connections", found, "raise max_connections, or lower connection_limit");
    } else {
        fine(all, "connections", found);
    }
    if (row.text("key_location") == "registry") {
        warn(all, "key", "stands only in the registry",
             "a lost control database means new passwords for everybody: back it up");
    } else {
        fine(all, "key", row.text("key_location"));
    }
}

// A row of k_disagreements: what is wrong with which.
void judge_disagreement(Findings& all, const pg::Row& row) {
    const auto kind = row.text("kind");
    const auto subject = row.text("subject");
    const auto detail = row.text("detail");
    if (kind == "public") {
        drift(all, Grade::failure, subject, "PUBLIC may connect to it",
              "repair it: reviewdb init, as an administrator");
    } else if (kind == "collation") {
        fail(all, subject, "was made with another version of its collation: " + detail,
             fmt::format("ALTER DATABASE {} REFRESH COLLATION VERSION, as {}", subject, k_manager));
    } else if (kind == "no stamp") {
        drift(all, Grade::warning, subject,
              fmt::format("belongs to {}, and reviewdb did not make "
                          "it",
                          k_manager),
              "find out whose it is: reviewdb never touches it");
    } else if (kind == "unknown") {
        drift(all, Grade::failure, subject, "carries our stamp, and the registry does not know it",
              "it is never removed unasked; was the registry restored from an old backup?");
    } else if (kind == "pinned") {
        drift(all, Grade::warning, subject,
              "is disabled, and stays until nothing names it any more" +
                  (detail.empty() ? std::string() : ": in " + detail),
              "it goes with the environments that name it; in other databases 'reviewdb sweep' "
              "removes what it owns, and their owners what they granted it: DROP OWNED BY " +
                  subject);
    } else if (kind == "unfinished") {
        drift(all, Grade::warning, subject, "is not finished: " + detail,
              "the next create, delete or refresh of a template, or 'reviewdb pool fill', takes it "
              "up");
    }
}

// What stands on the server's disk cannot be seen through SQL, so ours is compared with what a
// person allows it.
void judge_disk(Findings& all, const pg::Row& row, const environment::Policy& policy) {
    const auto bytes = row.integer("bytes");
    auto found = fmt::format("our databases take {}", base::describe_size(bytes));
    if (const auto trashed = row.integer("trashed"); trashed > 0) {
        found += fmt::format(", {} of them in the trash", trashed);
    }
    const auto budget = policy.disk_budget();
    if (!budget) {
        fine(all, "disk", found + "; no disk_budget is set, so nothing is compared");
    } else if (bytes * 5 >= *budget * 4) {
        warn(all, "disk", fmt::format("{} of {}", found, base::describe_size(*budget)),
             "delete what nobody needs, or allow more: reviewdb config set disk_budget=SIZE");
    } else {
        fine(all, "disk", fmt::format("{} of {}", found, base::describe_size(*budget)));
    }
}

void judge_open(Findings& all, const std::vector<OpenDatabase>& open) {
    if (open.empty()) return fine(all, "other databases", "none is open to PUBLIC");
    for (const auto& one : open) {
        warn(all, one.name, "PUBLIC may connect to it, and so may every environment",
             fmt::format("reviewdb init --close {}, or, as its owner:\n{}", one.name,
                         one.closing_sql));
    }
}

constexpr const char* k_in_doubt = "no secret is written or removed, and no URL printed";

void judge_identity(Findings& all, const Result<void>& original) {
    if (original) {
        fine(all, "server", "is proven to be the one that its registry speaks of");
        return;
    }
    all.push_back(
        {Grade::failure, "server", original.error().message, original.error().hint, false});
}

}  // namespace

Result<Findings> inspect(const pg::ConnectionInfo& login, const environment::Project& project,
                         Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_for_daily_work(login, "reviewdb doctor", deadline, log));
    const auto version = session.server_version();
    BASE_TRY_ASSIGN(const auto answers,
                    session.run_all({{fmt::format(fmt::runtime(k_server), k_is_proven)},
                                     {"SELECT project, key, value FROM registry.policy"},
                                     {fmt::format(k_disagreements, nobody_works_on_i())},
                                     {fmt::format(k_members, version >= 160000 ? "SET" : "MEMBER")},
                                     released_roles()},
                                    deadline));
    BASE_TRY_ASSIGN(const auto policy, environment::Policy::read(project, read_policy(answers[1])));
    BASE_TRY_ASSIGN(const auto open, open_databases(session, answers[4], deadline));

    Findings all;
    const auto row = answers[0][0];
    judge_session(all, session, row);
    judge_tls(all, login);
    judge_version(all, session.server_version());
    judge_manager(all, row, version);
    for (int i = 0; i < answers[3].size(); ++i) judge_members(all, answers[3][i], version);
    judge_settings(all, row, policy.connection_limit());
    judge_disk(all, row, policy);
    for (int i = 0; i < answers[2].size(); ++i) judge_disagreement(all, answers[2][i]);
    if (row.boolean("is_behind")) {
        drift(all, Grade::failure, "registry",
              "is older than the server, or nothing proves that it is not: a backup was restored",
              "restore a newer one, or adopt what is there: reviewdb repair --registry; until then "
              "nothing is repaired or deleted");
    } else if (answers[2].empty()) {
        fine(all, "registry", "knows everything on the server that is ours");
    }
    judge_open(all, open);
    judge_identity(all, row.boolean("is_proven")
                            ? Result<void>()
                            : check_original(login, k_in_doubt, deadline, log));
    return all;
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
//
// The verbs that change an environment which is there, one or all of them: repair, reset, rotate,
// extend, protect, unprotect, close, open.
#include <fmt/format.h>

#include <functional>

#include "api/drop_in.h"
#include "api/json.h"
#include "app/cli/answer.h"
#include "app/cli/operator.h"
#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/template.h"
#include "app/cli/verbs.h"
#include "base/duration.h"
#include "server/operator_login.h"
#include "server/rebuild.h"

namespace cli {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Answer;
using environment::Execution;
using environment::Outcome;
using environment::Report;
using environment::Wish;

Result<Wish> change_wish(const Session& session) {
    BASE_TRY_ASSIGN(auto found, session.named());
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(found.name));
    const auto& wanted = session.arguments().wanted_template;
    BASE_TRY(check_template_choice(wanted));
    return Wish{session.settings().project, std::move(name), std::move(found.origin.repository),
                session.arguments().reason, wanted.value_or("")};
}

// One environment, and what is done with it.
Result<int> change(Session& session,
                   const std::function<Result<Answer>(const Wish&, Deadline)>& deed) {
    BASE_TRY_ASSIGN(const auto wish, change_wish(session));
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const auto answer, deed(wish, session.deadline()));
    print_answer(session, answer);
    return 0;
}

// Shows what would lose its data, and asks.
Result<bool> is_reset_wanted(Session& session, const Wish& wish) {
    const auto& arguments = session.arguments();
    if (arguments.yes || arguments.dry_run || !someone_can_answer()) return true;
    environment::Subject subject{wish.project, wish.name};
    subject.repository = wish.repository;
    BASE_TRY_ASSIGN(const auto found, session.manager().get(subject, session.deadline()));
    return says_yes(details(found, std::nullopt, std::chrono::system_clock::now()) +
                    fmt::format("Replace the data of '{}' by fresh ones?", wish.name.text()));
}

int print_reports(Session& session, const std::vector<Report>& reports) {
    session.end_progress();
    print_result(session.wants("json") ? api::reports_json(reports) : report_lines(reports));
    return exit_code_of(reports, session.arguments().dry_run ? Drift::counts : Drift::ignored);
}

Result<int> for_all(Session& session,
                    const std::function<Result<Answer>(const Wish&, Deadline)>& deed,
                    const std::vector<environment::Subject>& subjects) {
    std::vector<Report> reports;
    for (const auto& subject : subjects) {
        const Wish wish{subject.project, subject.name, {}, session.arguments().reason, {}};
        // The deadline is what one of them may take.
        reports.push_back({subject, deed(wish, Deadline::after(session.settings().deadline))});
    }
    return print_reports(session, reports);
}

Result<void> check_all(const Session& session) {
    const auto& arguments = session.arguments();
    if (!arguments.all || (!arguments.name && !arguments.current)) return {};
    return base::fail(ErrorKind::invalid_input, "--all is all of them: leave out the NAME");
}

Result<std::optional<std::chrono::seconds>> wanted_ttl(const Session& session) {
    if (!session.arguments().ttl) return std::optional<std::chrono::seconds>();
    auto parsed = base::parse_duration(*session.arguments().ttl);
    if (!parsed) return base::fail(std::move(parsed).error().during("--ttl"));
    return std::optional(*parsed);
}

Result<int> protection(Session& session, environment::Protection wanted) {
    return change(session, [&](const Wish& wish, Deadline deadline) {
        return session.manager().protect(wish, wanted, session.execution(), deadline);
    });
}

// The administrator owns what is to be taken over; the rows are written by an operator, who is made
// for this call alone. An operator's login finds what another call gave to the manager already.
Result<int> import(Session& session) {
    constexpr std::string_view k_door = "import";
    BASE_TRY(session.must_connect());
    const auto& arguments = session.arguments();
    const auto administrator = session.reached().administrator;
    const bool gives = !server::is_operator(administrator.get("user"));
    if (gives) {
        BASE_TRY_ASSIGN(auto login, server::make_operator_of(
                                        k_door, administrator,
                                        []() -> Result<base::Secret> {
                                            return server::make_operator_password();
                                        },
                                        session.deadline(), session.log()));
        session.work_as(std::move(login));
        session.server().set_administrator(administrator);
    }
    // The registry cannot tell which database is the administrator's own; the login can.
    const auto reports =
        api::import_stages({session.settings().project, arguments.name,
                            std::string(administrator.get("dbname")), session.execution()},
                           session.manager(), session.server(), session.deadline());
    if (gives) {
        session.disconnect();
        BASE_TRY(
            server::drop_operator_of(k_door, administrator, session.deadline(), session.log()));
    }
    if (!reports) return base::fail(reports.error());
    return print_reports(session, *reports);
}

Result<int> rebuild(Session& session) {
    const auto& arguments = session.arguments();
    if (arguments.all || arguments.name || arguments.current || arguments.dry_run) {
        return base::fail(ErrorKind::invalid_input,
                          "--registry is the registry itself, and takes nothing beside it");
    }
    BASE_TRY(session.must_connect());
    const auto texts = session.key_texts();
    BASE_TRY_ASSIGN(const auto done,
                    server::rebuild_registry(session.reached().login, texts, session.actor(),
                                             session.deadline(), session.log()));
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : done) rows.push_back({one.database, one.done});
    print_result(done.empty() ? "nothing to do\n" : table(rows));
    return 0;
}

Result<int> rotate_all(Session& session) {
    BASE_TRY(session.must_connect());
    const auto& project = session.settings().project;
    BASE_TRY_ASSIGN(const auto due, session.server().begin_rotation(project, session.deadline()));
    session.notice(fmt::format("reviewdb: {} passwords to rotate", due.size()));
    const auto sessions =
        session.arguments().disconnect ? environment::Sessions::end : environment::Sessions::leave;
    BASE_TRY_ASSIGN(const int code, for_all(
                                        session,
                                        [&](const Wish& wish, Deadline deadline) {
                                            return session.manager().rotate(
                                                wish, sessions, Execution::carry_out, deadline);
                                        },
                                        due));
    if (code == 0) BASE_TRY(session.server().end_rotation(project, session.deadline()));
    return code;
}

}  // namespace

Result<int> run_repair(Session& session) {
    BASE_TRY(check_all(session));
    const auto repair = [&](const Wish& wish, Deadline deadline) {
        return session.manager().repair(wish, session.execution(), deadline);
    };
    const auto& arguments = session.arguments();
    if (arguments.rebuild_registry) return rebuild(session);
    if (!arguments.all) {
        BASE_TRY_ASSIGN(const auto wish, change_wish(session));
        BASE_TRY(session.must_connect());
        BASE_TRY_ASSIGN(const auto answer, repair(wish, session.deadline()));
        print_answer(session, answer);
        const bool drifted = arguments.dry_run && answer.outcome != Outcome::unchanged;
        return drifted ? base::k_exit_drift : 0;
    }
    BASE_TRY(session.must_connect());
    const auto& project = session.settings().project;
    if (arguments.dry_run) {
        BASE_TRY_ASSIGN(const auto reports, session.manager().examine(project, session.deadline()));
        return print_reports(session, reports);
    }
    BASE_TRY_ASSIGN(const auto subjects, session.manager().subjects(project, session.deadline()));
    return for_all(session, repair, subjects);
}

Result<int> run_reset(Session& session) {
    BASE_TRY_ASSIGN(const auto wish, change_wish(session));
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const bool wanted, is_reset_wanted(session, wish));
    if (!wanted) return 1;
    // A person may have thought about it for longer than the deadline.
    BASE_TRY_ASSIGN(const auto answer,
                    session.manager().reset(wish, session.execution(),
                                            Deadline::after(session.settings().deadline)));
    print_answer(session, answer);
    return 0;
}

Result<int> run_rotate(Session& session) {
    BASE_TRY(check_all(session));
    const auto& arguments = session.arguments();
    if (arguments.rotate_operator) return rotate_operator(session);
    if (arguments.all) return rotate_all(session);
    const auto sessions =
        arguments.disconnect ? environment::Sessions::end : environment::Sessions::leave;
    return change(session, [&](const Wish& wish, Deadline deadline) {
        return session.manager().rotate(wish, sessions, session.execution(), deadline);
    });
}

Result<int> run_extend(Session& session) {
    BASE_TRY_ASSIGN(const auto ttl, wanted_ttl(session));
    return change(session, [&](const Wish& wish, Deadline deadline) {
        return session.manager().extend(wish, ttl, session.execution(), deadline);
    });
}

Result<int> run_protect(Session& session) {
    return protection(session, environment::Protection::on);
}
Result<int> run_unprotect(Session& session) {
    return protection(session, environment::Protection::off);
}

Result<int> run_close(Session& session) {
    return change(session, [&](const Wish& wish, Deadline deadline) {
        return session.manager().close(wish, session.execution(), deadline);
    });
}

Result<int> run_open(Session& session) {
    return change(session, [&](const Wish& wish, Deadline deadline) {
        return session.manager().open(wish, session.execution(), deadline);
    });
}

Result<int> run_import(Session& session) { return import(session); }

}  // namespace cli

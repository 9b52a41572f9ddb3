// SPDX-License-Identifier: Apache-2.0
#include "server/extension.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/words.h"
#include "pg/connection.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/open_databases.h"
#include "server/ownership.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using Names = std::vector<std::string>;

constexpr std::string_view k_open = "ALTER DATABASE {} ALLOW_CONNECTIONS {}";

Result<void> check_names(const Names& names) {
    constexpr std::size_t k_longest = 63;
    for (const auto& name : names) {
        const bool fits =
            !name.empty() && name.size() <= k_longest && std::ranges::all_of(name, [](char c) {
                return base::is_alphanumeric(c) || c == '_' || c == '-';
            });
        if (fits) continue;
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("--extension: '{}' is no name of an extension",
                                      base::harmless(base::beginning_of(name, k_longest))),
                          "SELECT name FROM pg_available_extensions lists what the server offers");
    }
    return {};
}

std::string creation_of(const std::string& name) {
    return fmt::format("CREATE EXTENSION IF NOT EXISTS {} CASCADE", pg::identifier(name));
}

// The template belongs to the manager, of which an administrator is no standing member.
Result<void> let_in(pg::Connection& session, bool open, Deadline deadline) {
    return with_our_roles(
        session,
        {as_manager(), fmt::format(fmt::runtime(k_open), k_empty_template, open),
         fmt::format("{} CONNECT, CREATE ON DATABASE {} {} SESSION_USER", open ? "GRANT" : "REVOKE",
                     k_empty_template, open ? "TO" : "FROM")},
        deadline);
}

Result<Names> make_inside(const pg::ConnectionInfo& administrator, const Names& names,
                          Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto inside, open_session(administrator, k_empty_template, Acting::as_itself,
                                              "reviewdb init", deadline, log));
    std::vector<pg::Statement> statements{{"SELECT extname FROM pg_catalog.pg_extension"}};
    for (const auto& name : names) statements.push_back({creation_of(name)});
    auto answers = inside.transact(statements, deadline);
    std::move(inside).close_and_wait(deadline);
    if (!answers) return base::fail(std::move(answers).error());
    Names fresh = names;
    for (int i = 0; i < answers->front().size(); ++i) {
        std::erase(fresh, answers->front()[i].text("extname"));
    }
    return fresh;
}

base::Error explained(base::Error error, const Names& names) {
    if (error.sqlstate == pg::sql_state::k_insufficient_privilege) {
        error.hint = "someone who can runs this in psql:\n" + extension_sql(names).value_or("");
    } else if (error.hint.empty()) {
        error.hint =
            "SELECT name FROM pg_available_extensions lists what the server offers; a "
            "package of the system may bring more";
    }
    return std::move(error).during(fmt::format(
        "cannot make the extension{} {}", names.size() == 1 ? "" : "s", fmt::join(names, ", ")));
}

}  // namespace

Result<Names> make_extensions(const pg::ConnectionInfo& administrator, const Names& names,
                              Deadline deadline, base::Log& log) {
    BASE_TRY(check_names(names));
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY_ASSIGN(const auto there,
                    session.run({"SELECT FROM pg_catalog.pg_database WHERE datname = $1",
                                 {std::string(k_empty_template)}},
                                deadline));
    if (there.empty()) {
        return base::fail(ErrorKind::not_found, "the server is not prepared yet", "reviewdb init");
    }
    auto opened = let_in(session, true, deadline);
    if (!opened) return base::fail(explained(std::move(opened).error(), names));
    auto made = make_inside(administrator, names, deadline, log);
    BASE_TRY(let_in(session, false, deadline));
    if (!made) return base::fail(explained(std::move(made).error(), names));
    return made;
}

Result<std::string> extension_sql(const Names& names) {
    BASE_TRY(check_names(names));
    auto sql = fmt::format(fmt::runtime(std::string(k_open) + ";\n\\connect {}\n"),
                           k_empty_template, true, k_empty_template);
    for (const auto& name : names) sql += creation_of(name) + ";\n";
    return sql + fmt::format(fmt::runtime("\\connect postgres\n" + std::string(k_open) + ";\n"),
                             k_empty_template, false);
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
#include "server/caller_login.h"

#include <fmt/format.h>

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

bool says(const base::Variables& variables, const char* name, std::string_view value) {
    const auto found = base::find_variable(variables, name);
    return found && !value.empty() && *found == value;
}

// The user of the application that the PG* variables are for; empty if they are the operator's own.
std::string application_user(const base::Variables& variables) {
    const auto url = base::find_variable(variables, "DATABASE_URL");
    if (!url) return {};
    const auto application = pg::ConnectionInfo::parse(base::Secret(*url));
    if (!application) return {};
    const bool same = says(variables, "PGUSER", application->get("user")) &&
                      says(variables, "PGPASSWORD", application->password().reveal()) &&
                      says(variables, "PGDATABASE", application->get("dbname"));
    return same ? std::string(application->get("user")) : std::string();
}

bool names_address(const pg::ConnectionInfo& login) {
    return !login.get("host").empty() || !login.get("hostaddr").empty() ||
           !login.get("service").empty();
}

}  // namespace

Result<pg::ConnectionInfo> complete_login(const pg::ConnectionInfo& named,
                                          const base::Variables& variables) {
    auto login = named;
    if (const auto password = variables.find("REVIEWDB_PASSWORD"); password != variables.end()) {
        if (password->second.empty()) {
            return base::fail(ErrorKind::invalid_input, "REVIEWDB_PASSWORD is set, and empty",
                              "give it the operator's password, or unset it; CI passes an empty "
                              "string for a secret that it withholds");
        }
        if (login.password().empty()) {
            login =
                login.with_login(std::string(login.get("user")), base::Secret(password->second));
        }
    }
    const auto application = application_user(variables);
    if (application.empty() || application == login.get("user")) {
        return login.completed(variables);
    }
    if (names_address(login) && !login.get("user").empty()) return login;
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("REVIEWDB_SERVER does not name {}, and the PG* variables are those of the "
                    "application that DATABASE_URL is for",
                    names_address(login) ? "the user" : "the host"),
        "name both: REVIEWDB_SERVER='host=db.example.org user=reviewdb_operator', with the "
        "password in REVIEWDB_PASSWORD");
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
#include "by_hand.h"

#include <chrono>
#include <utility>
#include <vector>

#include "pg/connection.h"
#include "pg/quoting.h"
#include "support/must.h"

namespace bench {

namespace {

constexpr const char* k_name = "by_hand";

std::string verifier_of(const Stand& stand, const std::string& password) {
    const auto end = base::Deadline::after(std::chrono::minutes(1));
    auto session = support::must(pg::Connection::open(stand.login(), end));
    return support::must(session.make_verifier(base::Secret(password)));
}

// psql looks for Kerberos credentials unless it is told not to, as reviewdb is.
std::string text_of(const pg::ConnectionInfo& login) {
    return login.with("gssencmode", "disable").to_uri().reveal();
}

Program psql(const Stand& stand, const std::string& login,
             const std::vector<std::string>& commands) {
    Program program{{(stand.programs() / "psql").string(), "-X", "-q"}};
    for (const auto& command : commands) {
        program.arguments.emplace_back("-c");
        program.arguments.push_back(command);
    }
    program.arguments.push_back(login);
    return program;
}

}  // namespace

ByHand::ByHand(const Stand& stand) {
    const std::string password = "by hand";
    const auto own = text_of(stand.login());
    const auto manager = text_of(stand.login().with("options", "-c role=reviewdb_manager"));
    const auto role =
        text_of(stand.login().with("dbname", k_name).with_login(k_name, base::Secret(password)));
    const std::string name = k_name;
    select_one_ = psql(stand, own, {"SELECT 1"});
    create_ = psql(
        stand, manager,
        {"CREATE ROLE " + name + " LOGIN PASSWORD " + pg::literal(verifier_of(stand, password)),
         "CREATE DATABASE " + name + " TEMPLATE reviewdb_template_0",
         "REVOKE ALL ON DATABASE " + name + " FROM PUBLIC; GRANT ALL ON DATABASE " + name + " TO " +
             name,
         "\\connect " + role});
    remove_ = psql(stand, manager, {"DROP DATABASE " + name, "DROP ROLE " + name});
}

}  // namespace bench

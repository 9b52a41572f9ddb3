// SPDX-License-Identifier: Apache-2.0
#include "support/incumbent.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/uuid.h"
#include "environment/secret_value.h"
#include "pg/quoting.h"
#include "support/sql.h"

namespace support {

base::Secret Incumbent::create(const std::string& stage,
                               const std::optional<base::Secret>& former) const {
    const auto name = database(stage);
    const auto user = role(stage);
    const auto quoted = pg::identifier(user);
    auto session = connect(administrator_);
    const auto is_there = [&](const std::string& sql, const std::string& what) {
        return ask(session, fmt::format(fmt::runtime(sql), pg::literal(what))) == "t";
    };
    if (!is_there("SELECT EXISTS (SELECT FROM pg_database WHERE datname = {}) AS value", name)) {
        execute(administrator_, "CREATE DATABASE " + pg::identifier(name));
    }
    std::string password;
    if (is_there("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) AS value", user)) {
        const auto login = former ? environment::login_in_secret(*former) : std::nullopt;
        password = login ? login->password.reveal() : std::string();
    } else {
        password = base::Uuid::random().to_string().substr(0, 32);
        execute(administrator_,
                fmt::format("CREATE USER {} WITH PASSWORD {}", quoted, pg::literal(password)));
        execute(administrator_, fmt::format("GRANT ALL PRIVILEGES ON DATABASE {} TO {}",
                                            pg::identifier(name), quoted));
        const auto inside = administrator_.with("dbname", name);
        execute(inside, "GRANT ALL ON SCHEMA public TO " + quoted);
        for (const auto* kind : {"TABLES", "SEQUENCES", "FUNCTIONS"}) {
            execute(inside, fmt::format("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {} "
                                        "TO {}",
                                        kind, quoted));
        }
    }
    return base::Secret(fmt::format(
        R"({{"username":"{}","password":"{}","engine":"postgres","host":"{}","port":{},)"
        R"("dbname":"{}","ssl":true}})",
        user, password, administrator_.get("host"), administrator_.get("port"), name));
}

bool Incumbent::remove(const std::string& stage) const {
    static_cast<void>(refusal(administrator_, fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)",
                                                          pg::identifier(database(stage)))));
    return refusal(administrator_, "DROP USER IF EXISTS " + pg::identifier(role(stage))).empty();
}

base::Secret Incumbent::placeholder() {
    return base::Secret(R"({"username":"placeholder","password":"vGh3kQp5"})");
}

}  // namespace support

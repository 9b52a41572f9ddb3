// SPDX-License-Identifier: Apache-2.0
#include "bare_build.h"

#include <fmt/format.h>

#include "copies.h"
#include "pg/quoting.h"
#include "support/must.h"

namespace bench {

using support::must;

BareBuilder::BareBuilder(const Stand& stand, Original original, std::string names)
    : stand_(stand),
      original_(std::move(original)),
      names_(std::move(names)),
      manager_(manager_on(stand)) {
    // While reviewdb has its turn, nobody says anything here.
    must(manager_.run({"SET idle_session_timeout = 0"}, patience()));
}

std::string BareBuilder::next_name() { return fmt::format("{}_{}", names_, ++made_); }

void BareBuilder::create_only() {
    const auto name = next_name();
    must(manager_.run({fmt::format("CREATE DATABASE {} TEMPLATE {} ALLOW_CONNECTIONS false", name,
                                   original_.database)},
                      patience()));
    databases_.push_back(name);
}

void BareBuilder::build() {
    const base::Secret password("4d1f0e8a1b6c4f7d9e2a");
    create_only();
    const auto& name = databases_.back();
    const auto verifier = must(manager_.make_verifier(password));
    must(manager_.run({fmt::format("CREATE ROLE {} LOGIN CONNECTION LIMIT 10 PASSWORD {}", name,
                                   pg::literal(verifier))},
                      patience()));
    roles_.push_back(name);
    must(manager_.run_all(
        {{fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)},
         {fmt::format("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {0} TO {0}", name)},
         {fmt::format("GRANT CONNECT ON DATABASE {} TO SESSION_USER", name)},
         {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)}},
        patience()));
    hand_over(name);
    auto login = must(pg::Connection::open(
        stand_.login().with("dbname", name).with_login(name, password), patience()));
    must(login.run({"SELECT 1"}, patience()));
    std::move(login).close_and_wait(patience());
    must(manager_.run_all({{fmt::format("REVOKE CONNECT ON DATABASE {} FROM SESSION_USER", name)},
                           {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)}},
                          patience()));
}

void BareBuilder::hand_over(const std::string& name) {
    auto inside = manager_on(stand_, name);
    const auto* options = inside.server_version() >= 160000 ? " WITH INHERIT TRUE, SET TRUE" : "";
    std::vector<pg::Statement> deeds{
        {fmt::format("GRANT {} TO reviewdb_manager{}", name, options)}};
    if (original_.owner.empty()) {
        deeds.push_back({fmt::format("ALTER SCHEMA public OWNER TO {}", name)});
    } else {
        deeds.push_back({fmt::format("GRANT {} TO {}{}", original_.owner, name, options)});
        deeds.push_back({fmt::format("REASSIGN OWNED BY {} TO {}", original_.owner, name)});
        deeds.push_back({fmt::format("REVOKE {} FROM {}", original_.owner, name)});
    }
    deeds.push_back({fmt::format("REVOKE {} FROM reviewdb_manager", name)});
    must(inside.transact(deeds, patience()));
    std::move(inside).close_and_wait(patience());
}

void BareBuilder::clear() {
    for (const auto& name : databases_) {
        must(manager_.run({fmt::format("DROP DATABASE {}", name)}, patience()));
    }
    for (const auto& name : roles_) {
        must(manager_.run({fmt::format("DROP ROLE {}", name)}, patience()));
    }
    databases_.clear();
    roles_.clear();
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include "stand.h"

#include <chrono>

#include "base/log.h"
#include "pg/quoting.h"
#include "server/prepare.h"
#include "support/must.h"
#include "support/sql.h"

namespace bench {

namespace {

support::ClusterOptions on_disk(int major, support::Tls tls, const local::Settings& settings) {
    support::ClusterOptions options;
    options.major = major;
    options.tls = tls;
    options.durability = local::Durability::on_disk;
    options.settings = settings;
    return options;
}

pg::ConnectionInfo prepare(const support::Cluster& cluster) {
    base::Log log(base::LogLevel::warning, base::LogFormat::text);
    server::Preparation preparation;
    preparation.loopback_allowed = true;
    preparation.actor = {"bench", "bench", "bench"};
    const auto deadline = base::Deadline::after(std::chrono::minutes(1));
    return support::must(server::prepare(cluster.make_administrator(), preparation, deadline, log))
        .operator_login.value();
}

}  // namespace

Stand::Stand(int major, const local::Settings& settings)
    : cluster_(on_disk(major, support::Tls::off, settings)), login_(prepare(cluster_)) {}

Stand::Stand(support::Tls tls)
    : cluster_(on_disk(k_usual_major, tls, {})), login_(cluster_.make_administrator()) {}

Program Stand::reviewdb(const std::vector<std::string>& words) const {
    Program program{{REVIEWDB_PROGRAM},
                    {{"REVIEWDB_SERVER", login_text()}, {"REVIEWDB_ACTOR", "bench"}}};
    program.arguments.insert(program.arguments.end(), words.begin(), words.end());
    return program;
}

Program Stand::at_port(Program program, int port) const {
    program.environment["REVIEWDB_SERVER"] =
        login_.with("port", std::to_string(port)).to_uri().reveal();
    return program;
}

std::string Stand::oid_of(const std::string& database) const {
    return support::ask(
        cluster_.superuser(),
        "SELECT oid AS value FROM pg_database WHERE datname = " + pg::literal(database));
}

void Stand::settle() const { support::execute(cluster_.superuser(), "CHECKPOINT"); }

void Stand::in_haste(const std::function<void()>& deed) const {
    auto root = support::connect(cluster_.superuser());
    const auto say = [&](const std::string& sql) {
        support::must(root.run({sql}, base::Deadline::after(std::chrono::minutes(5))));
    };
    say("ALTER SYSTEM SET fsync = off");
    say("SELECT pg_reload_conf()");
    deed();
    say("ALTER SYSTEM RESET fsync");
    say("SELECT pg_reload_conf()");
    say("CHECKPOINT");
}

void Stand::forget_what_is_gone() const {
    for (const auto* table : {"environment", "instance", "role"}) {
        support::execute(cluster_.superuser("reviewdb"),
                         std::string("DELETE FROM registry.") + table + " WHERE state = 'gone'");
    }
}

}  // namespace bench

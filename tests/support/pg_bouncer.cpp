// SPDX-License-Identifier: Apache-2.0
#include "support/pg_bouncer.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/file.h"
#include "base/subprocess.h"
#include "local/port.h"
#include "pg/quoting.h"
#include "support/must.h"
#include "support/pristine.h"
#include "support/sql.h"

namespace support {

namespace {

constexpr const char* k_program = "/usr/sbin/pgbouncer";

std::string settings(const Cluster& cluster, const PgBouncerOptions& options, int port,
                     const std::filesystem::path& folder) {
    return fmt::format(
        "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        "listen_port = {}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\n"
        "pool_mode = {}\n{}",
        cluster.port(), port, (folder / "users").string(), options.pool_mode,
        options.ignored.empty() ? "" : "ignore_startup_parameters = " + options.ignored + "\n");
}

}  // namespace

bool has_pg_bouncer() { return std::filesystem::exists(k_program); }

PgBouncer::PgBouncer(const Cluster& cluster, const PgBouncerOptions& options)
    : port_(must(local::choose_port())) {
    std::ofstream(folder_ / "users").close();
    std::ofstream(folder_ / "ini") << settings(cluster, options, port_, folder_.path());
    std::ofstream(folder_ / "log").close();
    base::Command command{.arguments = {k_program, (folder_ / "ini").string()}};
    // It refuses to be root, as Postgres does.
    const auto user = server_user();
    for (const auto* name : {"", "users", "ini", "log"}) must(local::give(folder_ / name, user));
    if (user) command.user = user->id;
    pid_ = must(base::spawn(command, (folder_ / "log").string(), base::Lifetime::ours));
    const auto deadline = base::Deadline::after(std::chrono::seconds(20));
    while (local::port_is_free(port_)) {
        const bool died = waitpid(pid_, nullptr, WNOHANG) == pid_;
        if (died) pid_ = 0;
        if (died || deadline.passed()) {
            throw std::runtime_error("pgbouncer: " +
                                     must(base::read_file(folder_ / "log")).value_or(""));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void PgBouncer::let_in(const Cluster& cluster, const std::string& role) {
    users_[role] = ask(cluster.superuser(),
                       fmt::format("SELECT rolpassword AS value FROM pg_authid WHERE rolname = {}",
                                   pg::literal(role)));
    std::ofstream file(folder_ / "users", std::ios::trunc);
    for (const auto& [name, verifier] : users_)
        file << fmt::format("\"{}\" \"{}\"\n", name, verifier);
    file.close();
    kill(pid_, SIGHUP);
}

PgBouncer::~PgBouncer() {
    if (pid_ <= 0) return;
    kill(pid_, SIGINT);
    kill(pid_, SIGQUIT);  // at once, whoever is still connected
    waitpid(pid_, nullptr, 0);
}

}  // namespace support

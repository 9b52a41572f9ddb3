// SPDX-License-Identifier: Apache-2.0
#include "support/cluster.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "base/bytes.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "local/port.h"
#include "pg/quoting.h"
#include "support/must.h"
#include "support/pristine.h"
#include "support/quick_verifier.h"
#include "support/soon.h"
#include "support/sql.h"
#include "support/tls_files.h"

namespace support {

namespace {

using namespace std::chrono_literals;

local::Settings settings_for(const ClusterOptions& options) {
    local::Settings settings{
        {"listen_addresses", "127.0.0.1"},
        {"unix_socket_directories", ""},
        {"max_connections", "100"},
        {"max_locks_per_transaction", "64"},
        {"max_prepared_transactions", "0"},
        {"shared_buffers", "16MB"},
        {"log_line_prefix", "%m [%p] %q%u@%d "},
    };
    if (options.durability == local::Durability::none) {
        settings["fsync"] = "off";
        settings["full_page_writes"] = "off";
        // Where a worker of autovacuum is to be met, the test asks for one.
        settings["autovacuum_naptime"] = "1h";
    }
    for (const auto& [name, value] : options.settings) settings[name] = value;
    return settings;
}

}  // namespace

int test_major() {
    const char* major = getenv("REVIEWDB_TEST_MAJOR");
    return major != nullptr ? std::stoi(major) : 15;
}

Cluster::Cluster(const ClusterOptions& options)
    : folder_(prefix_of("cluster"), 0755,
              // What is to outlive a crash, or be measured, is worth nothing in memory.
              options.durability == local::Durability::none ? Medium::memory : Medium::disk),
      installation_(installation_of(options.major)),
      user_(server_user()),
      data_(folder_ / "data"),
      settings_(settings_for(options)),
      durability_(options.durability),
      tls_(options.tls) {
    must(local::give(folder_.path(), user_));
    if (options.standby_of != nullptr) {
        follow(*options.standby_of);
    } else if (!options.copy_of.empty()) {
        copy_folder(options.copy_of, data_);
        std::filesystem::remove(data_ / "postmaster.pid");
    } else {
        copy_pristine(installation_, data_);
    }
    if (tls_ != Tls::off) {
        const auto files = make_tls_files(folder_.path(), user_);
        ca_file_ = files.authority;
        settings_["ssl"] = "on";
        settings_["ssl_cert_file"] = files.certificate.string();
        settings_["ssl_key_file"] = files.key.string();
    }
    write_access_rules();
    start();
    if (options.standby_of == nullptr && options.copy_of.empty()) make_login_quick(superuser());
}

Cluster::~Cluster() {
    const auto stopped = local::stop_postmaster(data_, local::Shutdown::immediate, soon());
    if (!stopped) std::cerr << "test cluster: " << stopped.error().message << '\n';
}

void Cluster::follow(const Cluster& primary) {
    copy_folder(primary.data(), data_);
    std::ofstream(data_ / "standby.signal").close();
    must(local::give(data_ / "standby.signal", user_));
    settings_["primary_conninfo"] =
        fmt::format("host=127.0.0.1 port={} user={} password={}", primary.port(), k_superuser,
                    superuser_password().reveal());
}

void Cluster::write_access_rules() const {
    const auto* kind = tls_ == Tls::required ? "hostssl" : "host";
    std::ofstream(data_ / "pg_hba.conf") << kind << " all all 127.0.0.1/32 scram-sha-256\n"
                                         << kind << " replication all 127.0.0.1/32 scram-sha-256\n";
}

void Cluster::start(const local::Settings& changes) {
    for (const auto& [name, value] : changes) settings_[name] = value;
    constexpr int k_attempts = 3;
    for (int attempt = 1;; ++attempt) {
        const bool first = port_ == 0;
        const int port = first ? must(local::choose_port()) : port_;
        settings_["port"] = std::to_string(port);
        must(local::write_settings(data_, settings_, user_));
        const local::Launch launch{data_, user_, folder_ / "log", base::Lifetime::ours};
        auto started = local::start_postmaster(installation_, launch, soon());
        // Another test program may have taken the chosen port in between.
        if (!started && first && attempt < k_attempts && !local::port_is_free(port)) continue;
        port_ = must(std::move(started)).port;
        return;
    }
}

void Cluster::stop() { must(local::stop_postmaster(data_, local::Shutdown::fast, soon())); }

void Cluster::restart(const local::Settings& changes) {
    stop();
    start(changes);
}

void Cluster::kill9() {
    const auto postmaster = postmaster_pid();
    kill(postmaster, SIGKILL);
    const auto deadline = soon();
    for (;;) {
        const auto left = local::processes_of(data_);
        waitpid(postmaster, nullptr, WNOHANG);
        if (left.empty()) return;
        for (const auto pid : left) kill(pid, SIGKILL);
        if (deadline.passed()) throw std::runtime_error("the test cluster does not die");
        std::this_thread::sleep_for(2ms);
    }
}

pid_t Cluster::postmaster_pid() const {
    const auto found = must(local::find_postmaster(data_));
    if (!found) throw std::runtime_error("the test cluster does not run");
    return found->pid;
}

pg::ConnectionInfo Cluster::login(std::string user, base::Secret password,
                                  std::string database) const {
    auto info = pg::ConnectionInfo()
                    .with("host", "127.0.0.1")
                    .with("port", std::to_string(port_))
                    .with("dbname", std::move(database))
                    .with_login(std::move(user), std::move(password));
    if (tls_ == Tls::off) return info;
    return info.with("sslmode", "verify-full").with("sslrootcert", ca_file_.string());
}

pg::ConnectionInfo Cluster::superuser(std::string database) const {
    return login(k_superuser, superuser_password(), std::move(database));
}

pg::ConnectionInfo Cluster::make_administrator() const {
    const auto name = unique_name("administrator");
    const base::Secret password(base::to_base64url(base::random_bytes(18)));
    execute(superuser(), fmt::format("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}",
                                     pg::identifier(name), pg::literal(password.reveal())));
    auto made = login(name, password);
    make_login_quick(made);
    return made;
}

void Cluster::make_login_quick(const pg::ConnectionInfo& login) const {
    if (durability_ != local::Durability::none) return;
    execute(superuser(), fmt::format("ALTER ROLE {} PASSWORD {}", pg::identifier(login.get("user")),
                                     pg::literal(quick_verifier(login.password()))));
}

void Cluster::back_up_to(const std::filesystem::path& folder) const {
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    must(local::give(folder, user_));
    base::Command command{.arguments = {(programs() / "pg_basebackup").string(), "-D",
                                        folder.string(), "-h", "127.0.0.1", "-p",
                                        std::to_string(port_), "-U", k_superuser, "-c", "fast"}};
    command.environment["PGPASSWORD"] = superuser_password().reveal();
    if (user_) command.user = user_->id;
    command.folder = "/";
    const auto done = must(base::run(command, soon()));
    if (done.exit_code != 0) throw std::runtime_error("pg_basebackup: " + done.err);
}

std::string Cluster::server_log() const {
    return must(base::read_file(folder_ / "log")).value_or("");
}

std::optional<std::string> reason_without_postgres(int major) {
    try {
        installation_of(major);
        return std::nullopt;
    } catch (const std::runtime_error& error) {
        return fmt::format("no Postgres {}: {}", major, error.what());
    }
}

std::string unique_name(std::string_view prefix) {
    return fmt::format("{}_{}", prefix, base::to_base32(base::random_bytes(7)).substr(0, 10));
}

}  // namespace support

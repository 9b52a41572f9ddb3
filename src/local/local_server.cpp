// SPDX-License-Identifier: Apache-2.0
#include "local/local_server.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "local/damage.h"
#include "local/data_folder.h"
#include "local/port.h"

namespace local {

namespace {

using base::ErrorKind;
using base::fail;

constexpr const char* k_superuser = "reviewdb_admin";
constexpr const char* k_host = "127.0.0.1";
// The names of the small files in the folder.
constexpr const char* k_port_file = "port";
constexpr const char* k_administrator_file = "administrator";
constexpr const char* k_operator_file = "operator";

// Modest, for a laptop; what people keep in it must survive a power failure, so fsync stays on.
Settings settings_for(int port) {
    return {
        {"cluster_name", "reviewdb_local"}, {"listen_addresses", k_host},
        {"log_checkpoints", "off"},         {"log_line_prefix", "%m [%p] %q%u@%d "},
        {"max_connections", "100"},         {"port", fmt::format("{}", port)},
        {"shared_buffers", "128MB"},        {"unix_socket_directories", ""},
    };
}

// hostaddr and sslmode are spelled out, or else libpq would take them from PGHOSTADDR and
// PGSSLMODE, which are about another server.
pg::ConnectionInfo login_at(int port, std::string user, base::Secret password,
                            std::string database) {
    return pg::ConnectionInfo()
        .with("host", k_host)
        .with("hostaddr", k_host)
        .with("port", fmt::format("{}", port))
        .with("dbname", std::move(database))
        .with("sslmode", "disable")
        .with_login(std::move(user), std::move(password));
}

}  // namespace

LocalServer::LocalServer(const std::filesystem::path& state_dir, SearchPlaces places,
                         base::Log& log)
    : folder_(state_dir), places_(std::move(places)), log_(log) {}

base::Result<Started> LocalServer::start(base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto running, find_running());
    if (running) BASE_TRY(check_complete(folder_.data()));
    if (running && running->ready && !lost_shared_memory(running->pid)) {
        return answer(*running, StartOutcome::adopted);
    }
    BASE_TRY_ASSIGN(const auto lock, folder_.take(deadline));
    BASE_TRY_ASSIGN(const auto since, find_postmaster(folder_.data()));
    if (since && lost_shared_memory(since->pid)) {
        log_.warning("the shared memory of the local server was removed; restarting the server");
        BASE_TRY(stop_postmaster(folder_.data(), Shutdown::fast, deadline));
    } else if (since) {
        BASE_TRY_ASSIGN(const auto ready, wait_until_ready(folder_.data(), deadline));
        return answer(ready, StartOutcome::adopted);
    }
    folder_.remove_leftovers();
    const auto outcome =
        std::filesystem::exists(folder_.data()) ? StartOutcome::started : StartOutcome::made;
    if (outcome == StartOutcome::started) {
        BASE_TRY(check_complete(folder_.data()));
    } else {
        BASE_TRY(replace_removed_data(deadline));
    }
    BASE_TRY_ASSIGN(const auto user, user_for_data(outcome));
    BASE_TRY_ASSIGN(const auto installation, installation_for_data(outcome, deadline));
    if (outcome == StartOutcome::made) BASE_TRY(make_data(installation, user, deadline));
    BASE_TRY_ASSIGN(const auto started, launch(installation, user, deadline));
    return answer(started, outcome);
}

// A server that ran has left its port here.
base::Result<void> LocalServer::replace_removed_data(base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto port, kept_port());
    if (port == 0) return {};
    log_.warning("the data folder {} was removed, with all databases in it; making an empty server",
                 folder_.data().string());
    end_servers_of_removed(folder_.data(), deadline);
    return {};
}

base::Result<bool> LocalServer::stop(base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto lock, folder_.take_existing(deadline));
    if (!lock) return false;
    return stop_postmaster(folder_.data(), Shutdown::fast, deadline);
}

base::Result<Status> LocalServer::status() const {
    Status status;
    status.folder = folder_.path();
    BASE_TRY_ASSIGN(const auto owner, folder_.owner());
    if (owner == StateFolder::Owner::nobody) return status;
    status.exists = std::filesystem::exists(folder_.data());
    if (!status.exists) return status;
    if (auto missing = missing_part_of(folder_.data())) status.missing = *std::move(missing);
    if (status.missing.empty()) {
        BASE_TRY_ASSIGN(status.major, major_of(folder_.data()));
    }
    BASE_TRY_ASSIGN(const auto running, find_postmaster(folder_.data()));
    status.running = running.has_value();
    status.pid = running ? running->pid : 0;
    BASE_TRY_ASSIGN(const auto kept, kept_port());
    status.port = running && running->port > 0 ? running->port : kept;
    return status;
}

std::string LocalServer::place() const {
    struct stat facts {};
    std::error_code problem;
    const auto path = std::filesystem::canonical(folder_.data(), problem);
    if (problem || stat(path.c_str(), &facts) != 0) return {};
    return fmt::format("{} (inode {})", path.string(), facts.st_ino);
}

base::Result<bool> LocalServer::remove(base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto lock, folder_.take_existing(deadline));
    if (!lock) return false;
    BASE_TRY(stop_postmaster(folder_.data(), Shutdown::immediate, deadline));
    BASE_TRY(folder_.remove_all());
    return true;
}

base::Result<void> LocalServer::remember_operator(const pg::ConnectionInfo& login) {
    BASE_TRY_ASSIGN(const auto owner, folder_.owner());
    if (owner == StateFolder::Owner::nobody) {
        return fail(ErrorKind::not_found,
                    fmt::format("there is no local server in {}", folder_.path().string()));
    }
    return folder_.write(k_operator_file, login.to_uri().reveal());
}

base::Result<std::optional<pg::ConnectionInfo>> LocalServer::operator_login() const {
    BASE_TRY_ASSIGN(auto text, folder_.read(k_operator_file));
    if (!text) return std::optional<pg::ConnectionInfo>();
    BASE_TRY_ASSIGN(const auto kept, pg::ConnectionInfo::parse(base::Secret(std::move(*text))));
    BASE_TRY_ASSIGN(const auto running, find_running());
    BASE_TRY_ASSIGN(const auto port, kept_port());
    return std::optional(login_at(running ? running->port : port, std::string(kept.get("user")),
                                  kept.password(), std::string(kept.get("dbname"))));
}

base::Result<std::optional<Postmaster>> LocalServer::find_running() const {
    BASE_TRY_ASSIGN(const auto owner, folder_.owner());
    if (owner == StateFolder::Owner::nobody) return std::optional<Postmaster>();
    auto found = find_postmaster(folder_.data());
    if (found || found.error().kind != ErrorKind::denied) return found;
    return fail(std::move(found).error().with_hint(
        "that local server is another user's; run as that user, or name another folder: "
        "REVIEWDB_STATE_DIR"));
}

base::Result<Started> LocalServer::answer(const Postmaster& running, StartOutcome outcome) const {
    BASE_TRY_ASSIGN(auto password, folder_.read(k_administrator_file));
    if (!password) {
        return fail(
            ErrorKind::not_found,
            fmt::format("the password of the local server's superuser is gone: there is no "
                        "{}/{}",
                        folder_.path().string(), k_administrator_file),
            "put the file back, or start anew, without its databases: reviewdb local remove");
    }
    return Started{
        login_at(running.port, k_superuser, base::Secret(std::move(*password)), "postgres"),
        outcome};
}

base::Result<std::optional<ServerUser>> LocalServer::user_for_data(StartOutcome outcome) const {
    BASE_TRY_ASSIGN(
        auto user, outcome == StartOutcome::made ? choose_server_user() : owner_of(folder_.data()));
    if (user) BASE_TRY(check_reachable(folder_.path(), *user));
    return user;
}

base::Result<Installation> LocalServer::installation_for_data(StartOutcome outcome,
                                                              base::Deadline deadline) const {
    if (outcome == StartOutcome::made) return find_installation(places_, std::nullopt, deadline);
    BASE_TRY_ASSIGN(const auto major, major_of(folder_.data()));
    auto found = find_installation(places_, major, deadline);
    if (found) return found;
    return fail(std::move(found)
                    .error()
                    .during(fmt::format("the local server in {} was made by Postgres {}",
                                        folder_.path().string(), major))
                    .with_hint(fmt::format("install Postgres {} again, or start anew, without its "
                                           "databases: reviewdb local remove",
                                           major)));
}

base::Result<void> LocalServer::make_data(const Installation& installation,
                                          const std::optional<ServerUser>& user,
                                          base::Deadline deadline) {
    log_.info("making the local server (Postgres {}) in {}", installation.version,
              folder_.path().string());
    base::Secret password(base::to_base64url(base::random_bytes(24)));
    BASE_TRY(folder_.forget(k_operator_file));
    // Before the data folder appears: it is worth nothing without its password.
    BASE_TRY(folder_.write(k_administrator_file, password.reveal()));
    return make_data_folder(installation, {folder_.data(), user, k_superuser, std::move(password)},
                            deadline);
}

base::Result<Postmaster> LocalServer::launch(const Installation& installation,
                                             const std::optional<ServerUser>& user,
                                             base::Deadline deadline) {
    folder_.rotate_log();
    constexpr int k_attempts = 3;
    for (int attempt = 1;; ++attempt) {
        BASE_TRY_ASSIGN(const auto port, settle_port());
        BASE_TRY(write_settings(folder_.data(), settings_for(port), user));
        auto started =
            start_postmaster(installation, {folder_.data(), user, folder_.log()}, deadline);
        // Somebody may have taken the port since it was looked at.
        if (started || attempt == k_attempts || port_is_free(port)) return started;
    }
}

base::Result<int> LocalServer::settle_port() {
    BASE_TRY_ASSIGN(const auto kept, kept_port());
    if (kept > 0 && port_is_free(kept)) return kept;
    BASE_TRY_ASSIGN(const auto port, choose_port());
    BASE_TRY(folder_.write(k_port_file, fmt::format("{}\n", port)));
    if (kept > 0) {
        log_.warning("port {} is taken by another program; the local server now listens on {}",
                     kept, port);
    }
    return port;
}

base::Result<int> LocalServer::kept_port() const {
    BASE_TRY_ASSIGN(const auto text, folder_.read(k_port_file));
    int port = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), port);
    return port > 0 && port < 65536 ? port : 0;
}

}  // namespace local

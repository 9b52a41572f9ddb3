// SPDX-License-Identifier: Apache-2.0
//
// A throw-away Postgres server for tests, reached on a port of 127.0.0.1, gone when the test is
// over; also when the test program is killed (the server then stops, its folder stays in /tmp until
// the next run). Which major: $REVIEWDB_TEST_MAJOR, else 15. Its programs:
// $REVIEWDB_TEST_PG_BIN_<major>, else /usr/lib/postgresql/<major>/bin.
//
// Everything here throws std::runtime_error when it fails: a test cannot go on without its server.
// Start clusters from the main thread: the server dies with the thread that started it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "local/data_folder.h"
#include "local/postmaster.h"
#include "pg/connection_info.h"
#include "support/temp_folder.h"

namespace support {

int test_major();

enum class Tls {
    off,
    offered,
    required,  // connections without TLS are refused
};

struct ClusterOptions {
    int major = test_major();
    Tls tls = Tls::off;
    local::Durability durability = local::Durability::none;
    local::Settings settings = {};  // {"log_statement", "all"}, …
    // A copy of that one, which must be stopped, and its standby from then on.
    const class Cluster* standby_of = nullptr;
    // Begins with a copy of that data folder, whose server must not run; empty: with a fresh one.
    std::filesystem::path copy_of = {};
};

class Cluster {
   public:
    // Makes the server and starts it: about a second for the first of a program, and a fifth of one
    // for each later.
    explicit Cluster(const ClusterOptions& options = {});
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    ~Cluster();

    // Start on the same port, after stop or kill9. Settings given here replace equal ones.
    void start(const local::Settings& changes = {});
    void stop();
    void restart(const local::Settings& changes = {});
    // SIGKILL for the server and all its processes: what a crash or a power failure looks like.
    void kill9();

    // Logins: host, port, user, password, database; with TLS also sslmode=verify-full and the CA.
    pg::ConnectionInfo login(std::string user, base::Secret password,
                             std::string database = "postgres") const;
    pg::ConnectionInfo superuser(std::string database = "postgres") const;
    // A new role with LOGIN CREATEDB CREATEROLE and nothing else, as managed servers give out.
    pg::ConnectionInfo make_administrator() const;
    // Gives the role of `login` a verifier of its password that costs next to nothing to log in
    // with (quick_verifier.h); not where something may be measured.
    void make_login_quick(const pg::ConnectionInfo& login) const;

    // Makes a base backup of the running server in `folder`, which must not be there.
    void back_up_to(const std::filesystem::path& folder) const;

    int major() const { return installation_.major; }
    int port() const { return port_; }
    pid_t postmaster_pid() const;
    const std::filesystem::path& programs() const { return installation_.bin; }
    const std::filesystem::path& data() const { return data_; }
    // Empty without TLS.
    const std::filesystem::path& ca_file() const { return ca_file_; }
    // All that the server has logged so far.
    std::string server_log() const;

   private:
    void write_access_rules() const;
    void follow(const Cluster& primary);

    TempFolder folder_;
    local::Installation installation_;
    std::optional<local::ServerUser> user_;
    std::filesystem::path data_;
    std::filesystem::path ca_file_;
    local::Settings settings_;
    local::Durability durability_;
    Tls tls_;
    int port_ = 0;
};

// Why there can be no cluster of `major` here; nothing when there can.
std::optional<std::string> reason_without_postgres(int major);

// A name for a role, a database or a branch that no other test uses: `prefix`_ and ten letters and
// digits, all lower case.
std::string unique_name(std::string_view prefix = "t");

}  // namespace support

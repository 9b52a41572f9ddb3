// SPDX-License-Identifier: Apache-2.0
//
// What is measured on: a Postgres 15 of our own that waits for its disk, SCRAM on, prepared by an
// administrator who is no superuser unless that is left to what is measured; and reviewdb as its
// operator runs it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness.h"
#include "pg/connection_info.h"
#include "support/cluster.h"

namespace bench {

inline constexpr int k_usual_major = 15;

class Stand {
   public:
    // Of another major, or with other settings, where that is what is measured.
    explicit Stand(int major = k_usual_major, const local::Settings& settings = {});
    // With TLS for whoever wants it, and nothing on it: login() is then the administrator's.
    static Stand unprepared() { return Stand(support::Tls::offered); }

    // reviewdb with these words, on this server; at `port` where it is not the server's own.
    Program reviewdb(const std::vector<std::string>& words) const;
    Program at_port(Program program, int port) const;

    const pg::ConnectionInfo& login() const { return login_; }
    // From here on login() is this one.
    void work_as(pg::ConnectionInfo login) { login_ = std::move(login); }
    std::string login_text() const { return login_.to_uri().reveal(); }
    const std::filesystem::path& data() const { return cluster_.data(); }
    const std::filesystem::path& programs() const { return cluster_.programs(); }
    int port() const { return cluster_.port(); }
    const std::filesystem::path& ca_file() const { return cluster_.ca_file(); }
    int major() const { return cluster_.major(); }

    // For arranging what is to be measured.
    pg::ConnectionInfo superuser(const std::string& database) const {
        return cluster_.superuser(database);
    }

    // The oid of a database, as text.
    std::string oid_of(const std::string& database) const;
    // Puts on disk what is to be written, so that no deed pays for the one before it: DROP DATABASE
    // makes a checkpoint.
    void settle() const;
    // Does what is not measured with a server that does not wait for its disk.
    void in_haste(const std::function<void()>& deed) const;
    // Takes the rows of what was deleted out of the registry, so that a conversation can be said
    // again word by word, and no table grows while it is measured.
    void forget_what_is_gone() const;

   private:
    explicit Stand(support::Tls tls);

    support::Cluster cluster_;
    pg::ConnectionInfo login_;
};

}  // namespace bench

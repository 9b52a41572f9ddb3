// SPDX-License-Identifier: Apache-2.0
//
// Where to connect and as whom: the settings of a libpq connection string or URI, as a value.
// Holds the password; what it prints never does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/variables.h"

namespace pg {

class ConnectionInfo {
   public:
    ConnectionInfo() = default;

    // Reads what libpq reads: "key=value …" or a postgresql:// URI, and nothing else. Fails
    // invalid_input, without quoting the text, which may hold a password.
    static base::Result<ConnectionInfo> parse(const base::Secret& text);

    // A copy in which `variables` say what is missing, under the names of libpq's variables: where
    // to log in, as whom, and what has to hold of the way there. The address is taken as a whole.
    // What they say of a session (PGOPTIONS, PGCLIENTENCODING) is left out.
    ConnectionInfo completed(const base::Variables& variables) const;

    // The value of a libpq keyword, or empty.
    std::string_view get(std::string_view keyword) const;
    // A copy with `keyword` set to `value`; an empty value removes it.
    ConnectionInfo with(std::string keyword, std::string value) const;
    ConnectionInfo with_login(std::string user, base::Secret password) const;

    const base::Secret& password() const { return password_; }
    // As a number; Postgres' own where none is named.
    int port() const;

    // "host:port/database as user", for messages.
    std::string describe() const;
    // A postgresql:// URI with the password in it.
    base::Secret to_uri() const;

    // The environment variables by which libpq is told the same. What has none is left out.
    std::map<std::string, base::Secret> to_variables() const;

    // Every keyword and value but the password, in the form of PQconnectStartParams.
    const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

   private:
    bool has(std::string_view keyword) const;
    void set(std::string_view keyword, const char* value);

    std::map<std::string, std::string, std::less<>> values_;
    base::Secret password_;
};

// Removes from the environment of this process every variable by which libpq would change where a
// session goes or how it reads what is ours. To be called before any thread is started.
void forget_variables();

// True for an address of this machine: loopback names and addresses, and socket folders.
bool is_loopback(std::string_view host);

}  // namespace pg

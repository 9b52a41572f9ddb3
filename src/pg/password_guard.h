// SPDX-License-Identifier: Apache-2.0
//
// Keeps a password from a server that asks for it in clear text or as an md5 hash. libpq gives it
// to such a server until version 16, whose require_auth says the same as this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

struct pg_conn;  // libpq's

namespace pg {

// What a server may ask for. A caller that knows its server allows more by PGREQUIREAUTH.
struct AllowedMethods {
    bool clear_text = false;
    bool md5 = false;

    // Reads libpq's list, as in "password,scram-sha-256". What it does not name is refused.
    static AllowedMethods parse(std::string_view list);
};

class PasswordGuard {
   public:
    explicit PasswordGuard(AllowedMethods allowed) : allowed_(allowed) {}

    enum class Verdict {
        proceed,
        wait,  // the message is not here yet
        refuse,
    };
    // Looks at what the server sent and libpq has not read. To be called before each PQconnectPoll;
    // does not block.
    Verdict look(pg_conn* connection);

    // Judges what stands before libpq during the login: whole messages of a server. Pure.
    Verdict judge(std::string_view sent);

    // Why it was refused, as a clause about the server.
    const std::string& reason() const { return reason_; }

   private:
    Verdict refuse(std::string reason);

    AllowedMethods allowed_;
    std::string reason_;
    bool is_over_ = false;
};

}  // namespace pg

// SPDX-License-Identifier: Apache-2.0
//
// SQL in one line, for tests that only want to arrange something or look at it. Each throws
// std::runtime_error when the session or the statement fails.
#pragma once

#include <string>

#include "pg/connection.h"

namespace support {

pg::Connection connect(const pg::ConnectionInfo& login);

// As long as one of these lives, the sessions that the superuser opens to ask or to execute
// something in `postgres` or `reviewdb` on this thread stay open for the next statement: a login
// takes longer than most statements. Not for tests of what ends sessions, or is held up by them.
class KeptSessions {
   public:
    KeptSessions();
    ~KeptSessions();
    KeptSessions(const KeptSessions&) = delete;
    KeptSessions& operator=(const KeptSessions&) = delete;
};

// One statement, in a session in which nothing is left of an earlier one.
void execute(const pg::ConnectionInfo& login, const std::string& sql);

// The column `value` of the only row: ask(login, "SELECT count(*) AS value FROM t").
std::string ask(const pg::ConnectionInfo& login, const std::string& sql);
std::string ask(pg::Connection& connection, const std::string& sql);

// The SQLSTATE that the statement, or the login before it, is refused with, or the name of the
// error kind where the server said none; empty when it succeeds.
std::string refusal(const pg::ConnectionInfo& login, const std::string& sql);

}  // namespace support

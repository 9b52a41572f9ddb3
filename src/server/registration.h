// SPDX-License-Identifier: Apache-2.0
//
// The first rows of a new registry as SQL without parameters, for a session of ours and for a
// script alike. No statement holds a key: parameters and statements reach the server's log, so a
// key that is to stand in the registry is made by the server itself.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "server/prepare.h"

namespace server {

struct Registration {
    base::Uuid installation;
    std::string host;
    int port = 5432;
    std::string sslmode_sql;  // as SQL: a script finds out when it runs
    std::string key_location = {};
    std::string key_fingerprint = {};  // empty with key_location registry
};

// Fails invalid_input for a policy, an address or a place of the key that cannot be.
base::Result<void> check_wish(const Preparation& wish);

// Fails invalid_input for what is neither registry, env, aws:NAME, nor file: with an absolute path.
base::Result<void> check_key_location(const std::string& where);

// Takes the key from where the wish says; makes the file when there is none. Fails invalid_input.
base::Result<void> locate_key(const Preparation& wish, Registration& registration);

// A migration as one statement, which a session can send.
std::string migration_statement(std::string_view sql);

// The rows, the control database's stamp and the mark. Run as the registry's owner, in one
// transaction with the migrations, which acts as the manager afterwards.
std::vector<std::string> registration_sql(const Registration& registration,
                                          const Preparation& wish);

// The policies that the wish names, address and secrets included, by key.
std::map<std::string, std::string> wished_policies(const Preparation& wish);

// One line of history about the server as a whole.
std::string history_sql(std::string_view event, std::string_view reason,
                        const environment::Actor& actor);

}  // namespace server

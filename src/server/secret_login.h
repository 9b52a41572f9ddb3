// SPDX-License-Identifier: Apache-2.0
//
// The way to a server whose login stands in a secret, in the shape that RDS and its rotation write:
// host, port, username, password, dbname. Of a secret that RDS manages itself, which has a username
// and a password only, the rest comes from elsewhere.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/variables.h"
#include "pg/connection_info.h"

namespace server {

struct SecretReference {
    std::string id;  // name or ARN
    // host, port, dbname, sslmode: what the secret does not say.
    std::map<std::string, std::string> elsewhere = {};
    // The secret of the login for daily work, where a function may not keep one of its own.
    std::string operator_id = {};
};

// Reads NAME, or NAME?host=…&port=…&dbname=…&sslmode=…&operator=…, with or without "secret:" before
// it. Fails invalid_input.
base::Result<SecretReference> parse_secret_reference(std::string_view text);

// The connection that the value describes. What neither value nor reference says comes from the
// PG* variables among `variables`; TLS is verify-full unless one of them says otherwise, by
// `authorities` (a PEM file; may be empty) if PGSSLROOTCERT names none. Fails invalid_input for a
// value that describes no login, naming the secret and what is missing and never quoting it.
base::Result<pg::ConnectionInfo> login_in(const base::Secret& value,
                                          const SecretReference& reference,
                                          const std::string& authorities,
                                          const base::Variables& variables);

// The value of a secret that login_in() reads again. Without a file of authorities: a path of this
// machine is of no use elsewhere.
base::Secret value_of_login(const pg::ConnectionInfo& login);

// The authorities that come with the program, rds-ca.pem beside it; empty where there are none.
std::string packaged_authorities();
// The same, or else the system's.
std::string usual_authorities();

// What our own secrets about a server are called in Secrets Manager: its first key, which the
// servers of one host may share, and the operator's login, of the server or of a door. The port is
// in the latter's name unless it is Postgres's own, 5432.
std::string default_key_name(std::string_view host);
std::string default_operator_name(const pg::ConnectionInfo& server, std::string_view door = {});

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
//
// The value of an environment's secret: the JSON that RDS, its rotation and its SDK helpers expect,
// with a URL, and with the environment that owns it. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"
#include "base/uuid.h"

namespace environment {

struct Description;
enum class SecretHolder;

// What an application needs to connect; host, port and sslmode as advertised.
struct ConnectionFacts {
    std::string host;
    int port = 0;
    std::string sslmode;
    std::string user;
    base::Secret password;
    std::string dbname;
};

ConnectionFacts connection_facts(const Description& description);

// postgresql://user:password@host:port/dbname?sslmode=…, with everything in it encoded.
base::Secret connection_url(const ConnectionFacts& facts);

// One line of JSON. Keys of `former` that are not ours are kept as they are; the same facts, owner
// and former value always give the same text, and that text as the former gives itself. One that
// fills a placeholder says so, for remainder_of_secret().
base::Secret make_secret_value(const ConnectionFacts& facts, const base::Uuid& owner,
                               const std::optional<base::Secret>& former);

// Whether a value keeps a place for an environment's secret and holds nothing else. It is a JSON
// object that names no host, no database and no URL, and either has "username": "placeholder", as
// the stacks of the drop-in events write it, or has no member but ours, none of which says
// anything: {} is one. Any other object is somebody's data.
bool is_placeholder(const base::Secret& value);

// What is left of a value without our members; nothing when the secret can go. What is left has
// "username": "placeholder", so that the next create fills it again: that is so when it has members
// of others, or when a placeholder was there before us. The same for what it gave itself.
std::optional<base::Secret> remainder_of_secret(const base::Secret& value);
// The same for a secret whose place somebody else looks after, which never goes.
base::Secret placeholder_left_of(const base::Secret& value);

// The environment that a secret says it belongs to; nothing for any other text.
std::optional<base::Uuid> owner_of_secret(const base::Secret& value);

// What a value says of a login, whoever wrote it; what it does not say is empty. Nothing for a text
// that is no JSON object.
std::optional<ConnectionFacts> login_in_secret(const base::Secret& value);

// Whose a value is. It is the environment's when it says so, and also when it names the
// environment's own database at the address that applications use: another program wrote it then,
// about the same thing. It is nobody's when it is a placeholder.
SecretHolder holder_of_secret(const base::Secret& value, const std::optional<base::Uuid>& owner,
                              const ConnectionFacts& facts);

}  // namespace environment

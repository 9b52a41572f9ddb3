// SPDX-License-Identifier: Apache-2.0
//
// The advisory locks of the control database: whoever works on something holds the one of its name.
#pragma once

#include <string>
#include <string_view>

#include "environment/server.h"
#include "pg/connection.h"

namespace server {

std::string environment_lock(const environment::Subject& subject);
std::string template_lock(const environment::TemplateSubject& subject);
std::string instance_lock(const base::Uuid& instance);

// The SQL condition on a row k of pg_locks: it holds the advisory lock `number` of this database.
std::string is_held(std::string_view number);

// The SQL condition on a row i of registry.instance: no session holds its instance_lock.
std::string nobody_works_on_i();

// The advisory lock's number: 63 bits of a hash, so that no two names meet by chance.
std::string lock_number(std::string_view key_text);

// Takes the lock of an instance that no environment has, if nobody else does: answers `taken`. Held
// by the session until release().
pg::Statement try_instance_lock(const base::Uuid& instance);

}  // namespace server

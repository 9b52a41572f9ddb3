// SPDX-License-Identifier: Apache-2.0
#include "server/locks.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace server {

namespace {
constexpr char k_between = '\0';
}  // namespace

std::string environment_lock(const environment::Subject& subject) {
    return "environment" + (k_between + subject.project.text()) + k_between + subject.name.text();
}
std::string template_lock(const environment::TemplateSubject& subject) {
    return "template" + (k_between + subject.project.text()) + k_between + subject.name;
}
std::string instance_lock(const base::Uuid& instance) {
    return "instance" + (k_between + instance.to_string());
}

// The database: an environment may take the same number in its own.
std::string is_held(std::string_view number) {
    return fmt::format(
        "k.locktype = 'advisory' AND k.objsubid = 1 AND k.granted AND k.database = (SELECT oid "
        "FROM pg_database WHERE datname = current_database()) "
        "AND ((k.classid::bigint << 32) | k.objid::bigint) = {}",
        number);
}

// lock_number() again.
std::string nobody_works_on_i() {
    return fmt::format("NOT EXISTS (SELECT FROM pg_locks k WHERE {})",
                       is_held("(('x' || encode(substring(sha256('\\x696e7374616e636500'::bytea "
                               "|| convert_to(i.id::text, 'UTF8')) FROM 1 FOR 8), "
                               "'hex'))::bit(64) >> 1)::bigint"));
}

std::string lock_number(std::string_view key_text) {
    const auto digest = base::sha256(key_text);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = (number << 8U) | digest.at(i);
    return std::to_string(number >> 1U);
}

pg::Statement try_instance_lock(const base::Uuid& instance) {
    return {"SELECT pg_try_advisory_lock($1::bigint) AS taken",
            {lock_number(instance_lock(instance))}};
}

}  // namespace server

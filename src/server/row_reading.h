// SPDX-License-Identifier: Apache-2.0
//
// Rows of the registry and of the catalog to the values of src/environment. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "environment/facts.h"
#include "pg/rows.h"

namespace server {

environment::Time time_of(std::int64_t seconds_since_1970);
environment::Time time_of_microseconds(std::int64_t since_1970);
// And back, as parameters for to_timestamp($::double precision); null for nothing.
std::optional<std::string> seconds_of(const std::optional<environment::Time>& time);
std::optional<std::string> exact_seconds_of(const std::optional<environment::Time>& time);

std::optional<base::Uuid> optional_uuid(const pg::Row& row, const char* column);
// The columns <prefix>_id and so on; nothing where that is null.
std::optional<environment::InstanceRecord> read_instance(const pg::Row& row, char prefix);
std::optional<environment::RoleRecord> read_role(const pg::Row& row, char prefix);

environment::Installation read_installation(const pg::Row& installation, const pg::Rows& keys);
// The keys that are not retired, as k_living_keys selects them.
extern const std::string_view k_living_keys;
std::vector<environment::KeyRecord> read_key_records(const pg::Rows& keys);
// The policy of the project $1 and of all of them.
extern const std::string_view k_policy;
std::vector<environment::PolicyRow> read_policy(const pg::Rows& rows);
// Fills the rows, the databases and the login from a row of observation_sql.
void read_observation(const pg::Row& row, environment::Facts& facts);
// The rows alone, from a row of recall_sql.
void read_records(const pg::Row& row, environment::Facts& facts);
environment::EnvironmentRecord read_environment(const pg::Row& row);
// How an environment goes or went, from the columns of k_environment_columns or of k_tombstone;
// nothing of one that stays.
std::optional<environment::Retirement> read_retirement(const pg::Row& row);

// Labels to the JSON that the registry keeps, and back.
std::string labels_to_json(const environment::Labels& labels);
environment::Labels labels_from_json(const std::string& json);

}  // namespace server

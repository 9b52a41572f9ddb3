// SPDX-License-Identifier: Apache-2.0
//
// What is read of templates and of the pool, and how the rows become facts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "environment/pool.h"
#include "environment/template.h"
#include "pg/rows.h"

namespace server {

// Where new data come from: the template that is wanted ($3), or else what the environment $2 of
// project $1 has, or else the policy's.
extern const std::string_view k_source;
// Where there is no such environment: a warm instance of that which is none of $4, locked until the
// transaction ends, whoever else looks for one; with the installation, as installation_sql() has it
// but for what only those who come later act upon, and with the key of its role. Nothing else. The
// rest of the transaction waits for no lock longer than 200 ms. Written so that nothing in it is
// looked for but by an index, for one row, however many there are.
const std::string& claimable_sql();
std::optional<environment::CloneSource> read_source(const pg::Rows& rows);
environment::WarmFacts read_warm(const pg::Row& row);

// The template $2 of project $1, with its version in service and what an unfinished build left.
std::string template_sql();
environment::TemplateRecord read_template(const pg::Row& row);
// Every template of project $1.
extern const std::string_view k_templates;

// What there is to be ($1: project), what there is ($2: the installation), and what room is left.
extern const std::string_view k_pool_targets;
std::string pool_instances_sql();
extern const std::string_view k_headroom;

}  // namespace server

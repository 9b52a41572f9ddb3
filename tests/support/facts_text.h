// SPDX-License-Identifier: Apache-2.0
//
// Facts as text in which two servers can be compared: every field, with names, numbers and moments
// told by what they are to each other.
#pragma once

#include <string>
#include <vector>

#include "environment/pool.h"
#include "environment/template.h"

namespace support {

std::string to_text(const environment::Facts& facts);
std::string to_text(const environment::PoolFacts& facts);
std::string to_text(const std::vector<environment::TemplateDescription>& templates);

}  // namespace support

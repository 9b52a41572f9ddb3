// SPDX-License-Identifier: Apache-2.0
//
// A request as far as it is the same for all operations. Internal to this room.
#pragma once

#include "api/handlers.h"
#include "api/members.h"

namespace api {

struct Request {
    Members& members;
    environment::Project project;
    environment::Execution execution = environment::Execution::carry_out;
    const Hands& hands;
};

// supply_handlers.cpp: what is made before anybody asks.
base::Result<base::Secret> list_templates(const Request& request);
base::Result<base::Secret> make_template(const Request& request);
base::Result<base::Secret> answer_pool(const Request& request);

}  // namespace api

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

// handlers.cpp: the environment that a request is about, and why.
base::Result<environment::Wish> wish_of(const Request& request);
base::Secret told(const Request& request, const environment::Wish& wish,
                  const environment::Answer& answer);

// removal_handlers.cpp: what goes, and what comes back.
base::Result<base::Secret> remove(const Request& request);
base::Result<base::Secret> restore(const Request& request);
base::Result<base::Secret> answer_trash(const Request& request);
base::Result<base::Secret> sweep(const Request& request);
// The time of the event that a request is for; nothing where it does not say. Fails invalid_input.
base::Result<std::optional<environment::Time>> event_time_of(const Request& request);

// supply_handlers.cpp: what is made before anybody asks.
base::Result<base::Secret> list_templates(const Request& request);
base::Result<base::Secret> make_template(const Request& request);
base::Result<base::Secret> answer_pool(const Request& request);

}  // namespace api

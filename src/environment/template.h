// SPDX-License-Identifier: Apache-2.0
//
// Templates: what environments are cloned from. The rules of making, refreshing and removing one;
// what fills it is the doors' to bring. Pure but for that.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "environment/plan.h"

namespace environment {

struct TemplateSubject {
    Project project;
    std::string name;  // check_template_name() holds
};

struct TemplateWish {
    TemplateSubject subject;
    std::string source;                        // what it is made from, for people; no secrets
    std::string recipe;                        // JSON
    std::string digest;                        // empty: not asked for
    bool anew = false;                         // even when it was made from the same
    bool must_be_there = false;                // refresh, and do not create
    std::optional<CloneSource> snapshot = {};  // begin with what another database of ours has
};

// Makes it, or makes its next version. Outcome unchanged and no steps when it was made from the
// same digest. Fails not_found with must_be_there, conflict for a registry that is behind.
base::Result<Plan> plan_template(const TemplateWish& wish, const Facts& facts,
                                 const FreshIdentities& fresh);
// What takes a failed build back.
Plan plan_template_undo(const Facts& facts);
// Outcome absent and no steps when there is none. Environments that were cloned from it live on.
// Fails conflict for the project's default.
base::Result<Plan> plan_forget_template(const TemplateSubject& subject, const Facts& facts);

// A template as every door shows it.
struct TemplateDescription {
    TemplateRecord record;
    std::int64_t size_bytes = 0;
    int clones = 0;  // living environments that were cloned from any of its versions
    int warm = 0;
    bool is_default = false;
};

}  // namespace environment

// SPDX-License-Identifier: Apache-2.0
//
// How a template was made, so that a refresh can make it again: JSON in the registry. Holds no
// password: a URL that has one is not kept.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "environment/template.h"

namespace api {

struct Recipe {
    std::vector<std::string> run;
    std::vector<std::string> from;
    std::string environment;  // whose data it begins with; empty: nobody's
    std::vector<std::string> scrub;
    std::vector<std::string> digest;  // paths
    bool skip_foreign = false;
    bool allow_empty = false;
    bool schema_only = false;
    std::vector<std::string> exclude_table_data = {};
    std::vector<std::string> tables = {};
    std::vector<std::string> schemas = {};

    friend bool operator==(const Recipe&, const Recipe&) = default;
    // Whether it takes less than all of archives and databases.
    bool chooses() const {
        return schema_only || !exclude_table_data.empty() || !tables.empty() || !schemas.empty();
    }
    bool has_source() const { return !run.empty() || !from.empty() || !environment.empty(); }
};

std::string to_json(const Recipe& recipe);
// What a newer program wrote besides is left alone. Fails internal for what is no recipe.
base::Result<Recipe> parse_recipe(const std::string& text);

// A template that was scrubbed is not made again without that. Fails conflict.
base::Result<void> check_scrubbed(const Recipe& recipe,
                                  const environment::TemplateDescription& former);

}  // namespace api

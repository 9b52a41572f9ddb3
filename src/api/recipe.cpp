// SPDX-License-Identifier: Apache-2.0
#include "api/recipe.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace api {

namespace {

namespace json = boost::json;
using Words = std::vector<std::string>;

// The lists of a recipe by their names.
constexpr std::array<std::pair<std::string_view, Words Recipe::*>, 7> k_lists{
    {{"run", &Recipe::run},
     {"from", &Recipe::from},
     {"scrub", &Recipe::scrub},
     {"digest", &Recipe::digest},
     {"exclude_table_data", &Recipe::exclude_table_data},
     {"tables", &Recipe::tables},
     {"schemas", &Recipe::schemas}}};

constexpr std::array<std::pair<std::string_view, bool Recipe::*>, 3> k_flags{
    {{"skip_foreign", &Recipe::skip_foreign},
     {"allow_empty", &Recipe::allow_empty},
     {"schema_only", &Recipe::schema_only}}};

}  // namespace

std::string to_json(const Recipe& recipe) {
    json::object object;
    for (const auto& [name, list] : k_lists) {
        if ((recipe.*list).empty()) continue;
        json::array words;
        for (const auto& word : recipe.*list) words.emplace_back(word);
        object[name] = std::move(words);
    }
    if (!recipe.environment.empty()) object["environment"] = recipe.environment;
    for (const auto& [name, flag] : k_flags) {
        if (recipe.*flag) object[name] = true;
    }
    return json::serialize(object);
}

base::Result<Recipe> parse_recipe(const std::string& text) {
    boost::system::error_code problem;
    const auto value = json::parse(text, problem);
    if (problem || !value.is_object()) {
        return base::fail(base::ErrorKind::internal,
                          "what the registry says of how the template was made is no recipe");
    }
    const auto& object = value.get_object();
    Recipe recipe;
    for (const auto& [name, list] : k_lists) {
        const auto* words = object.if_contains(name);
        if (words == nullptr || !words->is_array()) continue;
        for (const auto& word : words->get_array()) {
            if (word.is_string()) (recipe.*list).emplace_back(word.get_string());
        }
    }
    const auto* environment = object.if_contains("environment");
    if (environment != nullptr && environment->is_string()) {
        recipe.environment = environment->get_string();
    }
    for (const auto& [name, flag] : k_flags) {
        const auto* set = object.if_contains(name);
        recipe.*flag = set != nullptr && set->is_bool() && set->get_bool();
    }
    return recipe;
}

base::Result<void> check_scrubbed(const Recipe& recipe,
                                  const environment::TemplateDescription& former) {
    BASE_TRY_ASSIGN(const auto known, parse_recipe(former.record.recipe));
    if (known.scrub.empty() || !recipe.scrub.empty()) return {};
    return base::fail(base::ErrorKind::conflict,
                      fmt::format("the template '{}' is scrubbed, and this would make it with all "
                                  "that its source has",
                                  former.record.name),
                      "name a scrub as well (--scrub FILE), let 'reviewdb template refresh' keep "
                      "it, or take another name");
}

}  // namespace api

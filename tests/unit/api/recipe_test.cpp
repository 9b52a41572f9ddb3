// SPDX-License-Identifier: Apache-2.0
#include "api/recipe.h"

#include <gtest/gtest.h>

#include "support/must.h"

namespace {

using api::Recipe;
using support::must;

TEST(Recipe, ComesBackAsItWasWritten) {
    const Recipe full{{"npx prisma migrate deploy", "npm run \"seed\""},
                      {"a.sql", "seed/"},
                      "feature/x",
                      {"scrub.sql"},
                      {"prisma", "seed"},
                      true,
                      false,
                      true,
                      {"audit.*"},
                      {"film"},
                      {"public"}};
    EXPECT_EQ(must(api::parse_recipe(to_json(full))), full);
    EXPECT_EQ(must(api::parse_recipe(to_json(Recipe{}))), Recipe{});
    EXPECT_FALSE(Recipe{}.has_source());
}

TEST(Recipe, LeavesAloneWhatANewerProgramWroteAndRefusesWhatIsNone) {
    const auto read = must(api::parse_recipe(R"({"run": ["make"], "later": {"a": 1}})"));
    EXPECT_EQ(read.run, std::vector<std::string>{"make"});
    EXPECT_FALSE(api::parse_recipe("[]"));
    EXPECT_FALSE(api::parse_recipe("{"));
}

TEST(Recipe, OfWhatWasScrubbedIsNotTakenWithoutAScrub) {
    environment::TemplateDescription former;
    Recipe scrubbed;
    scrubbed.scrub = {"scrub.sql"};
    former.record.name = "app";
    former.record.recipe = to_json(scrubbed);
    const auto refused = api::check_scrubbed(Recipe{}, former);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
    EXPECT_TRUE(api::check_scrubbed(scrubbed, former));
    former.record.recipe = to_json(Recipe{});
    EXPECT_TRUE(api::check_scrubbed(Recipe{}, former));
}

}  // namespace

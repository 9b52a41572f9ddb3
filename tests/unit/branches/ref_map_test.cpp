// SPDX-License-Identifier: Apache-2.0
#include "branches/ref_map.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/must.h"
#include "support/temp_folder.h"

namespace {

using base::ErrorKind;
using branches::Stage;
using support::must;
using testing::ElementsAre;
using testing::HasSubstr;

// Of the kind that is in use: chatty, lossy, and it gives up on a digit at the beginning.
constexpr const char* k_script = R"(#!/bin/sh
echo "converting $1" >&2
name=$(printf '%s' "$1" | tr -d '_/-' | tr '[:upper:]' '[:lower:]')
case $name in [0-9]*) echo "can't start with a number"; exit 1 ;; esac
echo "$name"
)";

struct RefMap : testing::Test {
    base::Result<std::vector<Stage>> map(
        const std::string& command, const std::vector<std::string>& names,
        base::Deadline deadline = base::Deadline::after(std::chrono::seconds(60))) {
        branches::Branches branches;
        branches.names = names;
        return map_refs({command, variables}, branches, deadline);
    }
    std::string script(const std::string& text) const {
        std::string path = folder / "stage.sh";
        std::ofstream(path) << text;
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }

    support::TempFolder folder;
    base::Variables variables{{"PATH", getenv("PATH")},
                              {"REVIEWDB_KEY_1", "hush"},
                              {"REVIEWDB_SERVER", "hush"},
                              {"MINE", "1"}};
};

TEST_F(RefMap, gives_a_branch_its_stage_as_a_script_has_it) {
    const auto stages = must(map(script(k_script), {"Feature_Foo-Bar", "feature/foo-bar", "main"}));
    EXPECT_THAT(stages,
                ElementsAre(Stage{"Feature_Foo-Bar", "featurefoobar"},
                            Stage{"feature/foo-bar", "featurefoobar"}, Stage{"main", "main"}));
}

TEST_F(RefMap, leaves_out_a_branch_that_has_none) {
    EXPECT_THAT(must(map("test \"$1\" = main || echo \"x$1\"", {"a", "main"})),
                ElementsAre(Stage{"a", "xa"}));
    EXPECT_THAT(must(map("printf %s", {"a"})), ElementsAre(Stage{"a", "a"}));
    EXPECT_THAT(must(map("printf '%s\\r\\n' \"$1\"", {"a"})), ElementsAre(Stage{"a", "a"}));
}

TEST_F(RefMap, hands_a_branch_over_as_an_argument_and_runs_nothing_of_it) {
    const std::string out = folder / "out";
    for (const std::string name :
         {"$(id)", "`id`", "a;id", "a&&id", "a'\"b", "-n", "$HOME", "a|id", "id"}) {
        EXPECT_THAT(must(map("printf '%s\\n' \"$1\"", {name})), ElementsAre(Stage{name, name}));
        EXPECT_THAT(must(map("printf x%s", {name})), ElementsAre(Stage{name, "x" + name}));
    }
    EXPECT_THAT(must(map("echo \"$1\";", {"a>" + out})),
                ElementsAre(Stage{"a>" + out, "a>" + out}));
    EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(RefMap, fails_as_a_whole_when_the_command_fails_for_one) {
    const auto error = map(script(k_script), {"main", "2026-plan"}).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_THAT(error.message, HasSubstr("for the branch '2026-plan'"));
    EXPECT_THAT(error.message, HasSubstr("ended with 1: can't start with a number"));
    EXPECT_THAT(error.hint, HasSubstr("print nothing and end with 0"));
    EXPECT_THAT(map("echo away $1 >&2; exit 3", {"main"}).error().message,
                HasSubstr("ended with 3: away main"));
    EXPECT_THAT(map("kill -9 $$ $1", {"main"}).error().message, HasSubstr("ended by signal 9"));
    EXPECT_EQ(map("/nowhere/stage.sh", {"main"}).error().kind, ErrorKind::not_found);
}

TEST_F(RefMap, fails_for_what_is_no_stage) {
    for (const auto* command : {"echo a$1; echo b", "printf '\\377' $1", "printf 'a\\033[2J' $1",
                                "printf '\\n\\n' $1", "head -c 300 /dev/zero | tr '\\0' a # $1"}) {
        EXPECT_EQ(map(command, {"main"}).error().kind, ErrorKind::invalid_input) << command;
    }
    EXPECT_EQ(map("yes", {"main"}).error().kind, ErrorKind::unavailable);
}

TEST_F(RefMap, fails_for_a_command_that_does_nothing_with_the_branch) {
    for (const auto* command : {"", "  ", "tr / - | cat", "f() { echo x; }; f", "echo main;"}) {
        EXPECT_EQ(map(command, {"main"}).error().kind, ErrorKind::invalid_input) << command;
    }
}

TEST_F(RefMap, fails_when_no_branch_has_a_stage) {
    EXPECT_THAT(map("true", {"a", "b"}).error().message,
                HasSubstr("prints nothing for any of 2 branches"));
    EXPECT_TRUE(must(map("true", {})).empty());
}

TEST_F(RefMap, is_ended_at_the_deadline) {
    EXPECT_EQ(map("sleep 600 # $1", {"main"}, base::Deadline::after(std::chrono::milliseconds(200)))
                  .error()
                  .kind,
              ErrorKind::deadline);
}

TEST_F(RefMap, keeps_what_is_secret_to_itself) {
    const auto stages = must(map("echo \"${REVIEWDB_KEY_1-}${REVIEWDB_SERVER-}$MINE$1\"", {"a"}));
    EXPECT_THAT(stages, ElementsAre(Stage{"a", "1a"}));
}

}  // namespace

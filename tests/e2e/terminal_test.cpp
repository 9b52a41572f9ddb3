// SPDX-License-Identifier: Apache-2.0
//
// Text of others on its way to a terminal.
#include "e2e/cli_fixture.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Clears a screen, sets a title, colors, turns the direction of writing, and ends no line.
const std::string k_hostile =
    "x\x1b[2J\x1b]0;t\x07\x1b[31m\xc2\x9b"
    "1m\xe2\x80\xae\x7f";

void expect_harmless(const std::string& text) {
    EXPECT_THAT(text,
                AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")), Not(HasSubstr("\xc2\x9b")),
                      Not(HasSubstr("\xe2\x80\xae")), Not(HasSubstr("\x7f"))));
}

class TerminalTest : public e2e::CliTest {
   protected:
    static void as_superuser(const std::string& sql) {
        support::execute(support::shared_cluster().superuser(), sql);
    }
    // A database of others under a name that a terminal would obey.
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        as_superuser("CREATE DATABASE \"" + k_hostile + "\"");
    }
    void TearDown() override {
        if (!IsSkipped()) as_superuser("DROP DATABASE IF EXISTS \"" + k_hostile + "\"");
        CliTest::TearDown();
    }
};

TEST_F(TerminalTest, DoctorShowsADatabaseWithoutWhatATerminalObeys) {
    const auto text = reviewdb({"doctor"});
    EXPECT_THAT(text.out, HasSubstr("x?[2J"));
    expect_harmless(text.out + text.err);
    const auto json = reviewdb({"doctor", "-o", "json"});
    expect_harmless(json.out + json.err);
    EXPECT_THAT(json.out, HasSubstr("x\\u001b[2J"));
    EXPECT_NO_THROW(boost::json::parse(json.out));
}

TEST_F(TerminalTest, MessagesQuoteNothingThatATerminalObeys) {
    for (const e2e::Words& words : {e2e::Words{"create", k_hostile},
                                    {"get", k_hostile},
                                    {"delete", k_hostile, "--yes"},
                                    {"create", "a", "--label", "k=" + k_hostile},
                                    {"list", "--project", k_hostile},
                                    {"create", "a", "--template", k_hostile},
                                    {k_hostile},
                                    {"list", "--" + k_hostile},
                                    {"sweep", "--branches", "git:" + k_hostile},
                                    {"config", "get", k_hostile},
                                    {"init", "--close", k_hostile},
                                    {"create", "a", "--repository", k_hostile},
                                    {"list", "--deadline", k_hostile},
                                    {"template", "refresh", k_hostile}}) {
        SCOPED_TRACE(testing::PrintToString(words));
        for (const bool as_json : {false, true}) {
            auto call = words;
            if (as_json) call.insert(call.end(), {"-o", "json"});
            const auto finished = reviewdb(call, {{"PATH", "/usr/bin:/bin"}});
            expect_harmless(finished.out + finished.err);
        }
    }
    const auto logged = reviewdb({"list", "--log-level", "trace", "--log-format", "json"},
                                 {{"REVIEWDB_ACTOR", "a" + k_hostile}});
    expect_harmless(logged.out + logged.err);
}

}  // namespace

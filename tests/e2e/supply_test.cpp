// SPDX-License-Identifier: Apache-2.0
//
// Templates and the pool as their user calls them.
#include <fmt/format.h>

#include "base/uuid.h"
#include "e2e/cli_fixture.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SupplyCliTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        write("schema/1.sql",
              "CREATE TABLE person (id serial PRIMARY KEY, email text);\n"
              "INSERT INTO person (email) VALUES ('anne@example.org');\n");
        write("scrub.sql", "UPDATE person SET email = 'nobody';\n");
    }
    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories((home() / file).parent_path());
        std::ofstream(home() / file) << text;
    }
    // In a project of this test's own.
    base::Finished run(e2e::Words words, e2e::Variables variables = {}) const {
        words.insert(words.end(), {"--project", project_});
        variables.emplace("PATH", "/usr/bin:/bin");
        return reviewdb(words, std::move(variables));
    }
    boost::json::object ask(e2e::Words words) const {
        words.insert(words.end(), {"-o", "json"});
        const auto finished = run(words);
        EXPECT_EQ(finished.exit_code, 0) << words.front() << ": " << finished.err;
        return boost::json::parse(finished.out).as_object();
    }
    std::string outcome(e2e::Words words) const {
        return std::string(ask(std::move(words)).at("outcome").as_string());
    }
    std::string select(const std::string& name, const std::string& sql) const {
        return support::ask(e2e::login_of(run({"url", name}).out), sql);
    }

    std::string project_ = "s" + base::Uuid::random().short_name();
};

const e2e::Words k_create{"template", "create",    "app",      "--from", "schema",
                          "--scrub",  "scrub.sql", "--digest", "schema"};

TEST_F(SupplyCliTest, ATemplateIsMadeOnceFromTheSameAndAnewFromAnything) {
    EXPECT_EQ(outcome(k_create), "created");
    EXPECT_EQ(outcome(k_create), "unchanged");
    EXPECT_EQ(outcome({"template", "refresh", "app"}), "unchanged");
    EXPECT_EQ(outcome({"template", "refresh", "app", "--anew"}), "refreshed");
    write("scrub.sql", "UPDATE person SET email = 'somebody';\n");
    EXPECT_EQ(outcome({"template", "refresh", "app"}), "refreshed");
    EXPECT_EQ(outcome({"template", "refresh", "app", "--from", "schema", "--run", "true"}),
              "refreshed");
}

TEST_F(SupplyCliTest, WhatIsClonedHasTheDataScrubbedAndBelongsToItsRole) {
    ask(k_create);
    const auto made = ask({"create", "one", "--template", "app"});
    EXPECT_FALSE(made.at("warm").as_bool());
    EXPECT_EQ(made.at("template").as_string(), "app");
    EXPECT_EQ(select("one", "SELECT email AS value FROM person"), "nobody");
    EXPECT_EQ(select("one", "SELECT tableowner AS value FROM pg_tables WHERE tablename = 'person'"),
              made.at("role").as_string());
}

TEST_F(SupplyCliTest, AScrubThatFailsOrIsLeftOutLeavesTheFormerInService) {
    ask(k_create);
    const auto unscrubbed = run({"template", "create", "app", "--from", "schema"});
    EXPECT_EQ(unscrubbed.exit_code, 4) << unscrubbed.err;
    EXPECT_THAT(unscrubbed.err, AllOf(HasSubstr("scrubbed"), HasSubstr("--scrub")));
    write("scrub.sql", "UPDATE person SET email = 'x';\nSELECT no_such_function();\n");
    const auto failed = run({"template", "refresh", "app", "--anew"});
    EXPECT_NE(failed.exit_code, 0);
    EXPECT_THAT(failed.err, AllOf(HasSubstr("scrub.sql:2"), HasSubstr("no_such_function")));
    ask({"create", "one", "--template", "app"});
    EXPECT_EQ(select("one", "SELECT email AS value FROM person"), "nobody");
}

TEST_F(SupplyCliTest, ADumpWithoutAScrubIsWarnedOfRefusedOrLetThroughAsThePolicySays) {
    write("dump.sql",
          "--\n-- PostgreSQL database dump\n--\n\n"
          "CREATE TABLE person (id integer, email text);\n"
          "INSERT INTO person VALUES (1, 'anne@example.org');\n\n"
          "--\n-- PostgreSQL database dump complete\n--\n");
    const e2e::Words create{"template", "create", "shop", "--from", "dump.sql"};
    auto with_scrub = create;
    with_scrub.insert(with_scrub.end(), {"--scrub", "scrub.sql"});
    run({"config", "set", "scrub=require"});
    const auto refused = run(create);
    EXPECT_EQ(refused.exit_code, 4) << refused.out;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("public.person (email)"), HasSubstr("--scrub FILE")));
    EXPECT_EQ(run({"template", "get", "shop"}).exit_code, 3);
    EXPECT_THAT(run(with_scrub).err, Not(HasSubstr("personal")));
    EXPECT_EQ(run(create).exit_code, 4);
    EXPECT_EQ(run({"create", "one", "--template", "shop"}).exit_code, 0);
    EXPECT_EQ(select("one", "SELECT email AS value FROM person"), "nobody");

    run({"config", "set", "scrub=warn"});
    const auto warned = run({"template", "create", "warned", "--from", "dump.sql"});
    EXPECT_EQ(warned.exit_code, 0) << warned.err;
    EXPECT_THAT(warned.err, HasSubstr("public.person (email)"));
    run({"config", "set", "scrub=off"});
    EXPECT_THAT(run({"template", "create", "unwarned", "--from", "dump.sql"}).err,
                Not(HasSubstr("personal")));
    EXPECT_EQ(run({"delete", "one", "--purge"}).exit_code, 0);
}

TEST_F(SupplyCliTest, CreateAndResetTakeWhatWasBuiltAhead) {
    ask(k_create);
    EXPECT_EQ(run({"template", "default", "app"}).exit_code, 0);
    EXPECT_EQ(run({"pool", "set", "2"}).exit_code, 0);
    const auto filled = ask({"pool", "fill", "--jobs", "2"});
    EXPECT_EQ(filled.at("built").as_int64(), 2);
    EXPECT_TRUE(ask({"create", "one"}).at("warm").as_bool());
    EXPECT_EQ(select("one", "SELECT email AS value FROM person"), "nobody");
    const auto url = run({"url", "one"}).out;
    EXPECT_TRUE(ask({"reset", "one", "--yes"}).at("warm").as_bool());
    EXPECT_EQ(run({"url", "one"}).out, url);
    EXPECT_FALSE(ask({"create", "two"}).at("warm").as_bool());
    EXPECT_EQ(ask({"pool", "drain"}).at("pool").as_array().size(), 0U);
}

TEST_F(SupplyCliTest, TheDoctorSaysWhatOfThePoolIsNotAsItIsToBe) {
    const auto said = [&](const std::string& subject) {
        const auto all = boost::json::parse(run({"doctor", "-o", "json"}).out);
        for (const auto& one : all.at("findings").as_array()) {
            if (one.at("subject").as_string() != subject) continue;
            return fmt::format("{}: {}", std::string_view(one.at("grade").as_string()),
                               std::string_view(one.at("found").as_string()));
        }
        return std::string("nothing");
    };
    EXPECT_EQ(said("pool of app"), "nothing");
    ask(k_create);
    EXPECT_EQ(run({"pool", "set", "2", "--template", "app"}).exit_code, 0);
    EXPECT_EQ(said("pool of app"), "warning: 0 of 2 are ready");
    ask({"pool", "fill"});
    EXPECT_EQ(said("pool of app"), "ok: 2 of 2 are ready");
    ask({"create", "one", "--template", "app"});
    EXPECT_EQ(said("pool of app"), "warning: 1 of 2 are ready");
    ask({"template", "refresh", "app", "--anew"});
    EXPECT_EQ(said("pool of app"),
              "warning: 0 of 2 are ready, 1 cannot be given any more (its template has a newer "
              "version)");
    EXPECT_EQ(run({"config", "set", "disk_budget=1MB"}).exit_code, 0);
    EXPECT_EQ(run({"pool", "fill"}).exit_code, 6);
    EXPECT_THAT(said("pool"), HasSubstr("warning: nothing more is built now"));
    EXPECT_EQ(run({"config", "set", "disk_budget=none"}).exit_code, 0);
    ask({"pool", "fill"});
    EXPECT_EQ(said("pool"), "nothing");
    EXPECT_EQ(said("template more"), "nothing");
    EXPECT_EQ(run({"config", "set", "template=more"}).exit_code, 0);
    EXPECT_THAT(said("template more"), HasSubstr("is not there"));
}

TEST_F(SupplyCliTest, AutoTakesWhatTheWorkingTreeMade) {
    ask(k_create);
    EXPECT_EQ(ask({"create", "one", "--template", "auto"}).at("template").as_string(), "app");
    write("schema/2.sql", "CREATE TABLE more (id int);\n");
    const auto other = run({"create", "two", "--template", "auto", "-o", "json"});
    EXPECT_THAT(other.err, HasSubstr("default"));
    EXPECT_EQ(boost::json::parse(other.out).at("template").as_string(), "empty");
}

TEST_F(SupplyCliTest, ACommandIsHandedItsDatabaseAndNothingOfOurs) {
    const auto made =
        run({"template", "create", "app", "--allow-empty", "--run",
             "test -n \"$DATABASE_URL\" && test -n \"$PGPASSWORD\" && test -z \"$REVIEWDB_SERVER\" "
             "&& test -z \"$REVIEWDB_KEY\" && test -z \"$REVIEWDB_KEY_2\""},
            {{"REVIEWDB_KEY_2", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    const auto failed = run({"template", "create", "bad", "-o", "json", "--run",
                             "seq 1 30; echo no column price >&2; echo $PGPASSWORD >&2; exit 3"});
    EXPECT_EQ(failed.exit_code, 9);
    const auto error = failed.err.substr(failed.err.rfind("{\n  \"error\""));
    const auto told = std::string(boost::json::parse(error).at("error").at("message").as_string());
    EXPECT_THAT(told, AllOf(HasSubstr("exit 3"), HasSubstr("ended with 3"),
                            HasSubstr("no column price"), testing::Not(HasSubstr("\n1\n"))));
    EXPECT_THAT(failed.err, HasSubstr("\n1\n2\n")) << "all of it is passed on";
    const auto secret = failed.err.substr(failed.err.find("no column price\n") + 16, 43);
    EXPECT_THAT(told, testing::Not(HasSubstr(secret)));
    EXPECT_EQ(ask({"template", "list"}).at("templates").as_array().size(), 1U);
}

TEST_F(SupplyCliTest, WhatCannotBeMeantIsToldBeforeAnythingIsMade) {
    const std::vector<std::pair<e2e::Words, int>> calls{
        {{"template"}, 2},
        {{"template", "make"}, 2},
        {{"template", "create"}, 2},
        {{"template", "create", "app"}, 2},
        {{"template", "create", "Empty", "--run", "true"}, 2},
        {{"template", "create", "app", "--run", "true", "--tables", "film"}, 2},
        {{"template", "create", "auto", "--run", "true"}, 2},
        {{"template", "refresh", "app", "--run", "true"}, 3},
        {{"template", "list", "app"}, 2},
        {{"template", "get", "app"}, 3},
        {{"template", "default", "app"}, 3},
        {{"pool", "set"}, 2},
        {{"pool", "set", "many"}, 2},
        {{"pool", "set", "1", "--template", "app"}, 3},
        {{"pool", "fill", "3"}, 2},
        {{"pool", "fill", "--jobs", "65"}, 2},
        {{"pool", "pour"}, 2},
        {{"create", "one", "--template", "app"}, 3},
        {{"create", "one", "--template", "No Such"}, 2}};
    for (const auto& [words, code] : calls) {
        const auto finished = run(words);
        EXPECT_EQ(finished.exit_code, code) << testing::PrintToString(words) << finished.err;
        EXPECT_THAT(finished.err, HasSubstr("hint:")) << testing::PrintToString(words);
    }
    const auto nowhere = run({"template", "create", "app", "--from", "nowhere.sql"});
    EXPECT_EQ(nowhere.exit_code, 2);
    EXPECT_THAT(nowhere.err, HasSubstr("nowhere.sql: No such file"));
    EXPECT_EQ(ask({"list"}).at("environments").as_array().size(), 0U);
    EXPECT_EQ(ask({"template", "list"}).at("templates").as_array().size(), 0U);
}

}  // namespace

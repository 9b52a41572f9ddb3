// SPDX-License-Identifier: Apache-2.0
//
// A real application's work in its environment, as the environment's role: what it makes, keeps in
// order and tears down, and that the environment stands afterwards as if nothing had been done.
#include <fmt/format.h>

#include "pg/application_fixture.h"

namespace {

using support::ask;
using support::execute;
using support::refusal;

TEST_F(ApplicationTest, makes_things_of_every_kind_and_owns_them_all) {
    run(application());
    expect_all_is_the_roles();
    EXPECT_EQ(value("SELECT string_agg(DISTINCT relkind::text COLLATE \"C\", '') FROM "
                    "pg_class WHERE relnamespace IN ('public'::regnamespace, "
                    "'library'::regnamespace)"),
              "IScimprv");
    EXPECT_EQ(value("SELECT string_agg(title, '|' ORDER BY id) FROM film WHERE words @@ 'train' OR "
                    "title LIKE '%night%'"),
              "Train|Noir's \\ \"night\"");
    EXPECT_EQ(value("SELECT listed(rating::integer::text <+> title ORDER BY id) FROM film"),
              "0, Train, 18, Noir's \\ \"night\", 0, Crème brûlée");
    EXPECT_EQ(value("SELECT sum(amount) FROM takings"), "15");
    EXPECT_EQ(value("SELECT count(*) FROM pg_publication_tables WHERE pubname = 'changes'"), "4");
    EXPECT_EQ(value("SELECT convert_from(lo_get(4711), 'UTF8')"), "a poster");
    EXPECT_EQ(value("SELECT sum(n) FROM digits"), "45");
    EXPECT_EQ(refusal(login(), "INSERT INTO payment (paid_on, amount) VALUES ('2024-01-01', 1001)"),
              "P0001");
    EXPECT_EQ(refusal(login(), "INSERT INTO film (title, lasts) VALUES ('Twice', '[1,2)')"),
              "23P01");
    expect_whole_and_remove("SELECT films()", "3");
}

TEST_F(ApplicationTest, makes_and_drops_every_trusted_extension) {
    const auto scratch = support::unique_name("scratch");
    execute(root(), "CREATE DATABASE " + scratch);
    const auto names = support::must(support::connect(login()).run(
        {"SELECT e.name FROM pg_available_extensions e JOIN pg_available_extension_versions v ON "
         "v.name = e.name AND v.version = e.default_version WHERE v.trusted AND e.name <> "
         "'plpgsql' ORDER BY 1"},
        support::soon()));
    int made = 0;
    for (int i = 0; i < names.size(); ++i) {
        const auto name = names[i].text("name");
        SCOPED_TRACE(name);
        const auto create = fmt::format("CREATE EXTENSION \"{}\" CASCADE", name);
        const auto refused = refusal(login(), create);
        // What not even a superuser can load is not there: a language without its library.
        if (!refused.empty() && refusal(root(scratch), create) == refused) continue;
        EXPECT_EQ(refused, "");
        expect_all_is_the_roles();
        EXPECT_EQ(refusal(login(), fmt::format("ALTER EXTENSION \"{}\" UPDATE", name)), "");
        EXPECT_EQ(refusal(login(), fmt::format("DROP EXTENSION \"{}\"", name)), "");
        EXPECT_EQ(refusal(login(), create), "");
        ++made;
    }
    EXPECT_GE(made, 18);
    execute(root(), "DROP DATABASE " + scratch);
    expect_whole_and_remove("SELECT 'A'::citext = 'a' AND similarity('abc', 'abd') > 0", "true");
}

TEST_F(ApplicationTest, drops_the_public_schema_with_all_in_it_and_starts_anew) {
    run(application());
    run({"DROP SCHEMA library CASCADE", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"});
    EXPECT_EQ(value("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
              "0");
    // These belong to no schema.
    run({"DROP PUBLICATION changes", "SELECT lo_unlink(4711)"});
    run(application());
    expect_all_is_the_roles();
    expect_whole_and_remove("SELECT films()", "3");
}

TEST_F(ApplicationTest, keeps_its_tables_in_order) {
    run(application());
    const std::string files =
        "SELECT string_agg(pg_relation_filenode(oid)::text, ' ' ORDER BY relname) FROM pg_class "
        "WHERE relname IN ('film', 'film_words', 'film_released')";
    auto before = value(files);
    for (const auto* rewrite :
         {"VACUUM (FULL, ANALYZE) film", "REINDEX SCHEMA public", "REINDEX TABLE CONCURRENTLY film",
          "CLUSTER film USING film_pkey"}) {
        SCOPED_TRACE(rewrite);
        run({rewrite});
        const auto after = value(files);
        EXPECT_NE(after, before);
        before = after;
    }
    run({"DELETE FROM film WHERE id = 3", "VACUUM film", "VACUUM", "ANALYZE"});
    EXPECT_EQ(value("SELECT reltuples FROM pg_class WHERE oid = 'film'::regclass"), "2");
    expect_whole_and_remove("SELECT films()", "2");
}

TEST_F(ApplicationTest, has_what_a_session_needs) {
    auto session = support::connect(login());
    const auto run = [&](const std::string& sql) {
        const auto rows = session.run({sql}, support::soon());
        EXPECT_TRUE(rows) << sql << ": " << rows.error().message;
    };
    run("CREATE TEMPORARY TABLE draft AS SELECT generate_series(1, 1000) AS n");
    run("PREPARE up_to (integer) AS SELECT count(*)::text AS value FROM draft WHERE n <= $1");
    EXPECT_EQ(ask(session, "EXECUTE up_to (7)"), "7");
    run("BEGIN ISOLATION LEVEL SERIALIZABLE");
    run("DECLARE part CURSOR WITH HOLD FOR SELECT n::text AS value FROM draft ORDER BY n");
    run("SAVEPOINT here");
    run("DELETE FROM draft");
    run("ROLLBACK TO here");
    run("COMMIT");
    EXPECT_EQ(ask(session, "FETCH part"), "1");
    run("LISTEN news");
    run("NOTIFY news, 'now'");
    EXPECT_EQ(ask(session, "SELECT pg_try_advisory_lock(1)::text AS value"), "true");
    EXPECT_EQ(ask(session, "SELECT count(*)::text AS value FROM draft"), "1000");
    expect_whole_and_remove("SELECT current_user", made().description->role);
}

// A role may set its own defaults, as some frameworks have it do; that is no drift.
TEST_F(ApplicationTest, sets_defaults_of_its_own) {
    run({fmt::format("ALTER ROLE CURRENT_USER IN DATABASE {} SET search_path = library, public",
                     made().description->database),
         "ALTER ROLE CURRENT_USER SET statement_timeout = '5min'"});
    expect_whole_and_remove(
        "SELECT current_setting('search_path') || ' ' || "
        "current_setting('statement_timeout')",
        "library, public 5min");
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Scrubs: all rows are seen or nothing is kept, and what they did not reach is told.
#include "pg/sources_fixture.h"
#include "sources/personal.h"

namespace {

using base::ErrorKind;
using support::must;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Notes = std::vector<std::string>;

constexpr std::string_view k_customers = R"(
CREATE TABLE customer (id int PRIMARY KEY, tenant text, email text);
INSERT INTO customer SELECT g, 't' || g % 3, g || '@example.org' FROM generate_series(1, 60) g;
)";
constexpr std::string_view k_forced = R"(
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON customer USING (tenant = current_setting('app.tenant', true));
)";

class SourcesScrubTest : public SourcesTest {
   protected:
    base::Result<Notes> scrub_with(const std::vector<std::string>& files) {
        BASE_TRY_ASSIGN(const auto source, prepare({.run = {"true"}, .scrub = files}));
        BASE_TRY_ASSIGN(auto report, source.scrub(login_, soon()));
        return std::move(report.notes);
    }
    base::Result<Notes> scrub(const std::string& script) {
        return scrub_with({file("scrub.sql", script)});
    }
    // As a superuser, from whom nothing is hidden.
    std::string originals() const {
        return support::ask(support::shared_cluster().superuser(name_),
                            "SELECT count(*)::text AS value FROM customer WHERE email LIKE "
                            "'%@example.org'");
    }
    // Notes without the folder's name.
    Notes told(const base::Result<Notes>& notes) const {
        Notes all;
        for (auto note : must(base::Result<Notes>(notes))) {
            const auto folder = folder_.path().string() + "/";
            for (auto at = note.find(folder); at != std::string::npos; at = note.find(folder)) {
                note.erase(at, folder.size());
            }
            all.push_back(std::move(note));
        }
        return all;
    }
};

TEST_F(SourcesScrubTest, scrubs_in_one_transaction_or_not_at_all) {
    must(fill_with("CREATE TABLE person (name text); INSERT INTO person VALUES ('Ada');"));
    const auto first = file("1.sql", "UPDATE person SET name = 'x';");
    const auto scrub = [&](const std::string& script) {
        return scrub_with({first, file("2.sql", script)});
    };
    EXPECT_THAT(message_of(scrub("\nUPDATE persons SET name = 'y';")),
                StartsWith("2.sql:2: UPDATE persons SET name = '…': relation"));
    EXPECT_THAT(message_of(scrub("SELECT 1;\nCOMMIT;")), StartsWith("2.sql:2: COMMIT: a scrub"));
    EXPECT_THAT(message_of(scrub("DO $$ BEGIN COMMIT; END $$;")), HasSubstr("2D000"));
    EXPECT_THAT(message_of(scrub("SET no_such_parameter = 1; SELECT 1;")), HasSubstr("42704"));
    EXPECT_THAT(message_of(scrub("CREATE TABLE d (a int UNIQUE DEFERRABLE INITIALLY DEFERRED); "
                                 "INSERT INTO d VALUES (1), (1);")),
                HasSubstr("the scrub: duplicate key"));
    EXPECT_EQ(ask("SELECT name FROM person"), "Ada");
    must(scrub("SELECT 1;"));
    EXPECT_EQ(ask("SELECT name FROM person"), "x");
}

TEST_F(SourcesScrubTest, hides_no_row_from_a_scrub) {
    must(fill_with(std::string(k_customers) + std::string(k_forced)));
    const auto refused = scrub("UPDATE customer SET email = 'x';");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(message_of(refused),
                AllOf(StartsWith("scrub.sql:1: UPDATE customer"), HasSubstr("table \"customer\"")));
    EXPECT_THAT(refused.error().hint,
                AllOf(HasSubstr("public.customer"), HasSubstr("NO FORCE ROW LEVEL SECURITY")));
    EXPECT_EQ(originals(), "60");
    must(
        scrub("ALTER TABLE customer NO FORCE ROW LEVEL SECURITY;\n"
              "UPDATE customer SET email = 'x';\n"
              "ALTER TABLE customer FORCE ROW LEVEL SECURITY;"));
    EXPECT_EQ(originals(), "0");
}

TEST_F(SourcesScrubTest, lets_nothing_hide_rows_by_another_way) {
    must(fill_with(std::string(k_customers) + std::string(k_forced) + R"(
CREATE FUNCTION clean() RETURNS void LANGUAGE sql AS $$ UPDATE customer SET email = 'x' $$;
CREATE VIEW v AS SELECT * FROM customer;
CREATE VIEW w WITH (security_barrier) AS SELECT * FROM customer WHERE id > 0;
CREATE TABLE part (id int, email text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
ALTER TABLE part_1 ENABLE ROW LEVEL SECURITY;
ALTER TABLE part_1 FORCE ROW LEVEL SECURITY;
)"));
    for (const auto* script :
         {"SET row_security = on; UPDATE customer SET email = 'x';",
          "SET LOCAL row_security TO 'true'; UPDATE customer SET email = 'x';",
          "SELECT set_config('row_security', 'on', false); UPDATE customer SET email = 'x';",
          "RESET row_security; UPDATE customer SET email = 'x';",
          "RESET ALL; UPDATE customer SET email = 'x';",
          "DO $$ BEGIN UPDATE customer SET email = 'x'; END $$;",
          "DO $$ BEGIN SET LOCAL row_security = on; UPDATE customer SET email = 'x'; END $$;",
          "SELECT clean();", "UPDATE v SET email = 'x';", "UPDATE w SET email = 'x';",
          "UPDATE part_1 SET email = 'x';", "DELETE FROM customer;",
          "CREATE TABLE kept AS SELECT * FROM customer;",
          "ALTER FUNCTION clean() SET row_security = on; SELECT clean();"}) {
        EXPECT_FALSE(scrub(script).has_value()) << script;
        EXPECT_EQ(originals(), "60") << script;
    }
}

TEST_F(SourcesScrubTest, names_each_statement_that_changed_nothing) {
    must(fill_with(std::string(k_customers) + R"(
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION pretend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE swallowed AS SELECT * FROM customer;
CREATE TRIGGER s BEFORE UPDATE ON swallowed FOR EACH ROW EXECUTE FUNCTION swallow();
CREATE VIEW v AS SELECT id, email FROM customer;
CREATE TRIGGER p INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION pretend();
CREATE TABLE ruled AS SELECT * FROM customer;
CREATE RULE r AS ON UPDATE TO ruled DO INSTEAD NOTHING;
CREATE TABLE base (id int, email text);
CREATE TABLE child () INHERITS (base);
INSERT INTO child VALUES (1, 'a@example.org');
)"));
    EXPECT_THAT(
        told(scrub("UPDATE customer SET email = 'x' WHERE id > 1000;\n"
                   "DELETE FROM customer WHERE id > 1000;\n"
                   "UPDATE swallowed SET email = 'x';\n"
                   "UPDATE v SET email = 'x';\n"
                   "UPDATE ruled SET email = 'x';\n"
                   "DO $$ BEGIN UPDATE customer SET email = '' WHERE id > 1000; END $$;\n"
                   "INSERT INTO customer SELECT * FROM customer WHERE id > 1000;\n"
                   "MERGE INTO customer c USING base b ON c.id = b.id AND false WHEN MATCHED "
                   "THEN DELETE;\n"
                   "UPDATE ONLY base SET email = 'x';")),
        ElementsAre(StartsWith("scrub.sql:1: changed no row: UPDATE customer SET email = '…'"),
                    StartsWith("scrub.sql:2: changed no row: DELETE"),
                    StartsWith("scrub.sql:3: changed no row: UPDATE swallowed"),
                    StartsWith("scrub.sql:4: changed no row: UPDATE v"),
                    StartsWith("scrub.sql:5: changed no row: UPDATE ruled"),
                    StartsWith("scrub.sql:6: changed no row: DO"),
                    StartsWith("scrub.sql:7: changed no row: INSERT"),
                    StartsWith("scrub.sql:8: changed no row: MERGE"),
                    StartsWith("scrub.sql:9: changed no row: UPDATE ONLY base"),
                    "scrub.sql:9: ONLY leaves out what inherits from base: child"));
    EXPECT_THAT(told(scrub("UPDATE customer SET email = 'x';\nTRUNCATE swallowed;\n"
                           "DO $$ BEGIN TRUNCATE ruled; END $$;\nUPDATE base SET email = 'x';\n"
                           "ALTER TABLE customer DROP COLUMN email CASCADE;")),
                IsEmpty());
}

TEST_F(SourcesScrubTest, refuses_what_triggers_copy_elsewhere) {
    must(fill_with(std::string(k_customers) + R"(
CREATE TABLE audit_log (old text);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit_log VALUES (OLD.email); RETURN NEW; END $$;
CREATE TRIGGER k AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION keep();
)"));
    for (const auto* script : {"UPDATE customer SET email = 'x';",
                               "DO $$ BEGIN UPDATE customer SET email = 'x'; END $$;",
                               "TRUNCATE audit_log; UPDATE customer SET email = 'x';",
                               "INSERT INTO customer SELECT * FROM customer ON CONFLICT (id) DO "
                               "UPDATE SET email = 'x';"}) {
        const auto refused = scrub(script);
        ASSERT_FALSE(refused.has_value()) << script;
        EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
        EXPECT_THAT(message_of(refused), HasSubstr("inserted 60 rows into audit_log")) << script;
        EXPECT_EQ(originals(), "60");
    }
    must(scrub("UPDATE customer SET email = 'x';\nTRUNCATE audit_log;"));
    EXPECT_EQ(originals(), "0");
}

TEST_F(SourcesScrubTest, sees_copies_by_rules_and_by_triggers_that_wait) {
    must(fill_with(std::string(k_customers) + R"(
CREATE TABLE kept (old text);
CREATE RULE k AS ON DELETE TO customer DO ALSO INSERT INTO kept VALUES (OLD.email);
)"));
    EXPECT_THAT(message_of(scrub("DELETE FROM customer WHERE id < 3;")),
                HasSubstr("inserted 2 rows into kept"));
    must(fill_with(R"(
DROP RULE k ON customer;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO kept VALUES (OLD.email); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER k AFTER UPDATE ON customer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION keep();
)"));
    EXPECT_THAT(message_of(scrub("UPDATE customer SET email = 'x' WHERE id < 3;")),
                HasSubstr("inserted 2 rows into kept"));
    EXPECT_EQ(originals(), "60");
}

TEST_F(SourcesScrubTest, takes_rows_that_move_between_partitions_for_no_copy) {
    must(fill_with(R"(
CREATE TABLE part (id int, email text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
INSERT INTO part VALUES (1, 'a'), (11, 'b');
)"));
    EXPECT_THAT(told(scrub("UPDATE part SET id = id + 10, email = 'x' WHERE id = 1;")), IsEmpty());
}

TEST_F(SourcesScrubTest, refreshes_materialized_views_after_those_that_they_read) {
    must(fill_with(std::string(k_customers) + std::string(k_forced) + R"(
ALTER TABLE customer NO FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW emails AS SELECT id, email FROM customer;
CREATE VIEW between AS SELECT * FROM emails;
CREATE MATERIALIZED VIEW "Again" AS SELECT * FROM between;
CREATE MATERIALIZED VIEW never AS SELECT email FROM customer WITH NO DATA;
)"));
    must(scrub("UPDATE customer SET email = 'x';"));
    EXPECT_EQ(ask("SELECT count(*) FROM emails WHERE email <> 'x'"), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM \"Again\" WHERE email <> 'x'"), "0");
    EXPECT_EQ(ask("SELECT relispopulated FROM pg_class WHERE relname = 'never'"), "false");
}

TEST_F(SourcesScrubTest, keeps_nothing_when_a_materialized_view_cannot_be_refreshed) {
    must(fill_with(std::string(k_customers) + R"(
CREATE FUNCTION odd(text) RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN IF $1 = 'x' THEN RAISE 'no'; END IF; RETURN $1; END $$;
CREATE MATERIALIZED VIEW emails AS SELECT odd(email) FROM customer;
)"));
    const auto refused = scrub("UPDATE customer SET email = 'x';");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(message_of(refused), StartsWith("REFRESH MATERIALIZED VIEW public.emails: "));
    EXPECT_EQ(originals(), "60");
}

TEST_F(SourcesScrubTest, refuses_a_scrub_without_a_statement) {
    for (const auto* script : {"", "-- nothing\n", "SET a.b = 1;"}) {
        const auto refused = scrub(script);
        ASSERT_FALSE(refused.has_value()) << script;
        EXPECT_EQ(message_of(refused), "the scrub scrub.sql holds no statement");
    }
}

TEST_F(SourcesScrubTest, names_tables_with_rows_that_look_personal) {
    const auto find = [&] {
        support::execute(login_, "VACUUM (ANALYZE)");
        return must(sources::find_personal_data(login_, soon()));
    };
    EXPECT_FALSE(find().has_rows);
    must(fill_with(R"(
CREATE TABLE customer (id int, "E_Mail" text, home_phone text, note text);
CREATE TABLE empty (email text);
CREATE TABLE machine (id int, assn int, classname text);
INSERT INTO customer VALUES (1, 'a@example.org', '1', '');
INSERT INTO machine VALUES (1, 1, 'x');
)"));
    auto found = find();
    EXPECT_TRUE(found.has_rows);
    EXPECT_EQ(to_text(found),
              "1 table looks as if it held personal data: public.customer (E_Mail, home_phone)");
    must(
        fill_with("DO $$ BEGIN FOR i IN 10..21 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT 1 "
                  "AS iban', i); END LOOP; END $$;"));
    found = find();
    EXPECT_EQ(found.tables.size(), 10U);
    EXPECT_EQ(found.count, 13U);
    EXPECT_TRUE(to_text(found).ends_with("; and 3 more")) << to_text(found);
}

TEST_F(SourcesScrubTest, finds_rows_that_no_statistics_tell_of) {
    must(fill_with("CREATE TABLE guest (email text); INSERT INTO guest VALUES ('a@example.org');"));
    const auto found = must(sources::find_personal_data(login_, soon()));
    EXPECT_TRUE(found.has_rows);
    EXPECT_EQ(found.count, 1U);
}

TEST_F(SourcesScrubTest, tells_a_dump_from_other_sql) {
    EXPECT_FALSE(must(fill_with("CREATE TABLE a (email text);")).brings_a_dump);
    EXPECT_TRUE(must(fill_with("--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE b (email "
                               "text);\n--\n-- PostgreSQL database dump complete\n--\n"))
                    .brings_a_dump);
}

}  // namespace

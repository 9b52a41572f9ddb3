// SPDX-License-Identifier: Apache-2.0
//
// A copy of a database is handed over to another role, and is that role's in everything.
#include "pg/hand_over_fixture.h"

namespace {

using support::execute;
using support::must;
using support::refusal;
using testing::ElementsAre;
using testing::IsEmpty;

// Every owner, grant, default privilege and policy of a database, one a line.
constexpr auto k_rights = R"(
SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
    SELECT pg_describe_object(classid, objid, objsubid) || ' ' || deptype::text || ' '
        || pg_get_userbyid(refobjid) AS line
    FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT format('%s: %s', what, (SELECT string_agg(x::text, ' ' ORDER BY x::text COLLATE "C")
        FROM unnest(acl) x)) FROM (
        SELECT 'table ' || oid::regclass, relacl FROM pg_class
        UNION ALL SELECT 'column ' || attrelid::regclass || ' ' || attname, attacl FROM pg_attribute
        UNION ALL SELECT 'function ' || oid::regprocedure, proacl FROM pg_proc
        UNION ALL SELECT 'type ' || oid::regtype, typacl FROM pg_type
        UNION ALL SELECT 'schema ' || nspname, nspacl FROM pg_namespace
        UNION ALL SELECT 'object ' || oid, lomacl FROM pg_largeobject_metadata
        UNION ALL SELECT format('default %s %s of %s', defaclnamespace::regnamespace, defaclobjtype,
            pg_get_userbyid(defaclrole)), defaclacl FROM pg_default_acl
    ) one (what, acl) WHERE acl IS NOT NULL
    UNION ALL
    SELECT format('%s %s: %s', polrelid::regclass, polname, (SELECT string_agg(CASE r WHEN 0 THEN '-'
        ELSE pg_get_userbyid(r) END, ' ' ORDER BY r = 0, pg_get_userbyid(r)) FROM unnest(polroles) r))
    FROM pg_policy
) every (line))";

class HandedOver : public HandOverTest {
   protected:
    std::string rights_in(const std::string& database) const { return seen(database, k_rights); }
    // The rights there, with the other name where there was one.
    static std::string renamed(std::string text, const std::string& name,
                               const std::string& other) {
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
            text.replace(at, name.size(), other);
        }
        return text;
    }
    void expect_all_is_handed_over() const {
        EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
        EXPECT_THAT(others_named(copy_, to_), ElementsAre(reader_));
        EXPECT_EQ(memberships(), "0");
    }
    // As what owns everything may: changes and drops one of each kind, and makes all of it again.
    void expect_of_use() {
        run_as(to_, copy_, statements_of("hand_over_of_each.sql"));
        run_as(to_, copy_, statements_of("application.sql"));
        EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
    }
};

// The names are as long as each other, so that lists of them have the same order.
TEST_F(HandedOver, a_copy_of_every_kind_of_thing_is_the_new_roles_with_every_right) {
    from_ = support::unique_name("the_one_");
    to_ = support::unique_name("the_two_");
    make_role(from_);
    make_role(to_);
    fill_with_everything();
    const auto before = rights_in(original_);
    make_database(copy_, original_, to_);
    must(hand_over(copy_));
    EXPECT_EQ(rights_in(copy_), renamed(before, from_, to_));
    EXPECT_EQ(rights_in(original_), before);
    expect_all_is_handed_over();
    expect_of_use();
}

TEST_F(HandedOver, the_former_role_goes_while_the_copy_lives) {
    fill_with_everything();
    make_database(copy_, original_, to_);
    must(hand_over(copy_));
    as_manager("reviewdb", {"DROP DATABASE " + original_, "DROP ROLE " + from_});
    expect_all_is_handed_over();
    EXPECT_EQ(must(support::connect(login_of(to_, copy_))
                       .run({"SELECT title FROM film WHERE id = 1"}, support::soon()))
                  .size(),
              1);
    must(hand_over(copy_));
    expect_of_use();
}

TEST_F(HandedOver, the_former_roles_own_database_stays_as_it_was) {
    fill_with_everything();
    const auto grants = "SELECT datacl FROM pg_database WHERE datname = '" + original_ + "'";
    const auto rights = seen("postgres", grants);
    EXPECT_THAT(rights, testing::HasSubstr(from_ + "=CTc/reviewdb_manager"));
    make_database(copy_, original_, to_);
    must(hand_over(copy_));
    EXPECT_EQ(seen("postgres", grants), rights);
    run_as(from_, original_, {"CREATE SCHEMA another", "CREATE TEMPORARY TABLE t ()"});
    EXPECT_EQ(refusal(login_of(from_, copy_), "SELECT 1"), "42501");
    EXPECT_EQ(refusal(login_of(to_, original_), "SELECT 1"), "42501");
    run_as(from_, original_, statements_of("hand_over_of_each.sql"));
}

// As a template is made: built by a login, handed to its own owner, then copied at will.
TEST_F(HandedOver, a_template_of_an_owner_without_a_login_is_copied_for_two_environments) {
    fill_with_everything();
    const auto builder = from_;
    const auto environment = to_;
    to_ = support::unique_name("owner");
    make_role(to_, "NOLOGIN");
    must(hand_over(original_));
    EXPECT_EQ(seen(original_, "SELECT count(*) FROM pg_shdepend WHERE refobjid = " +
                                  oid_of(builder) + " AND dbid <> 0"),
              "0");
    EXPECT_EQ(memberships(), "0");
    from_ = to_;
    for (const auto& role : {environment, builder}) {
        to_ = role;
        copy_ = support::unique_name("copy");
        make_database(copy_, original_, to_);
        must(hand_over(copy_));
        expect_all_is_handed_over();
    }
    as_manager("reviewdb", {"DROP DATABASE " + original_, "DROP ROLE " + from_});
    expect_of_use();
}

TEST_F(HandedOver, a_role_without_rights_on_the_database_gets_a_publication_and_no_rights) {
    make_original({"CREATE TABLE film ()", "CREATE PUBLICATION changes FOR TABLE film"});
    make_database(copy_, original_, reader_);
    must(hand_over(copy_));
    EXPECT_EQ(seen(copy_, "SELECT pg_get_userbyid(pubowner) FROM pg_publication"), to_);
    EXPECT_EQ(
        seen(copy_, fmt::format("SELECT has_database_privilege('{}', '{}', 'CREATE')", to_, copy_)),
        "false");
}

TEST_F(HandedOver, grants_on_what_is_somebody_elses_are_given_and_taken_where_the_manager_may) {
    make_original({"CREATE TABLE film (title text)"});
    make_database(copy_, original_, to_);
    for (const auto* sql :
         {"ALTER SCHEMA public OWNER TO pg_database_owner",
          "GRANT USAGE ON SCHEMA public TO {me} WITH GRANT OPTION",
          "CREATE TABLE other (a integer, b integer)", "ALTER TABLE other OWNER TO {to}",
          "GRANT SELECT, DELETE ON other TO {me}", "GRANT UPDATE (b) ON other TO {me}",
          "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'",
          "ALTER FUNCTION f(integer) OWNER TO {to}", "GRANT EXECUTE ON FUNCTION f(integer) TO {me}",
          "ALTER DEFAULT PRIVILEGES FOR ROLE {to} GRANT SELECT ON TABLES TO {me}"}) {
        execute(root(copy_), renamed(filled(sql), "{to}", to_));
    }
    must(hand_over(copy_));
    EXPECT_THAT(others_named(copy_, to_), IsEmpty());
    const auto may = [&](const std::string& what) {
        return seen(copy_, fmt::format("SELECT has_{} ", renamed(what, "ROLE", to_)));
    };
    EXPECT_EQ(may("schema_privilege('ROLE', 'public', 'USAGE WITH GRANT OPTION')"), "true");
    EXPECT_EQ(seen(copy_, "SELECT defaclacl FROM pg_default_acl"), "");
    EXPECT_THAT(not_owned(copy_, to_), ElementsAre("schema public of pg_database_owner"));
}

TEST_F(HandedOver, what_only_a_superuser_can_change_is_named) {
    make_original({"CREATE TABLE film ()"});
    make_database(copy_, original_, to_);
    execute(root(copy_), "CREATE TABLE secret ()");
    execute(root(copy_), "GRANT SELECT ON secret TO " + from_);
    execute(root(copy_), "GRANT USAGE ON LANGUAGE sql TO " + from_);
    const auto handed = hand_over(copy_);
    ASSERT_FALSE(handed);
    EXPECT_NE(handed.error().message.find("secret"), std::string::npos) << handed.error().message;
    EXPECT_EQ(memberships(), "0");
    EXPECT_THAT(not_owned(copy_, to_), testing::Contains("table secret of test_superuser"));
}

TEST_F(HandedOver, a_role_that_owns_a_database_is_refused) {
    make_original({"CREATE TABLE film ()"});
    make_database(copy_, original_, to_);
    execute(root(), fmt::format("ALTER DATABASE {} OWNER TO {}", original_, from_));
    const auto handed = hand_over(copy_);
    ASSERT_FALSE(handed);
    EXPECT_EQ(handed.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(seen("postgres", fmt::format("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE "
                                           "datname = '{}'",
                                           original_)),
              from_);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Handing over what is very much, under names and code that somebody chose with care, and while
// the server or others get in the way.
#include <chrono>
#include <future>
#include <thread>

#include "pg/hand_over_fixture.h"
#include "support/at_once.h"

namespace {

using support::ask;
using support::must;
using support::soon;
using testing::IsEmpty;

class HandOverInTrouble : public HandOverTest {
   protected:
    void expect_all_is_handed_over() const {
        EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
        EXPECT_THAT(others_named(copy_, to_), IsEmpty());
        EXPECT_EQ(memberships(), "0");
    }
    void expect_nothing_names_the_former_role() const {
        EXPECT_EQ(seen(copy_, "SELECT count(*) FROM pg_shdepend WHERE refobjid = " + oid_of(from_) +
                                  " AND dbid = (SELECT oid FROM pg_database WHERE datname = "
                                  "current_database())"),
                  "0");
    }
    std::string owned_by(const std::string& role) const {
        return seen(copy_, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relowner = " +
                               oid_of(role));
    }
    // Hands over while somebody holds a table of it, and ends that session as soon as it waits.
    base::Result<void> hand_over_and_die(const std::string& table) const {
        auto holder = support::connect(root(copy_));
        must(holder.run({"BEGIN"}, soon()));
        must(holder.run({fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE", table)}, soon()));
        auto handed = std::async(std::launch::async, [&] { return hand_over(copy_); });
        const auto deadline = soon();
        const auto end = fmt::format(
            "SELECT count(pg_terminate_backend(pid))::text AS value FROM "
            "pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
            copy_);
        auto watcher = support::connect(root());
        while (ask(watcher, end) == "0" && !deadline.passed()) {
        }
        return handed.get();
    }
    void make_owner_without_login() {
        make_original({tables(3)});
        to_ = support::unique_name("owner");
        make_role(to_, "NOLOGIN");
        must(hand_over(original_));
        from_ = to_;
    }
};

TEST_F(HandOverInTrouble, two_thousand_tables_take_a_part_of_the_lock_table_at_a_time) {
    make_original({tables(2000)});
    make_database(copy_, original_, to_);
    must(hand_over(copy_));
    expect_all_is_handed_over();
    const auto transactions = std::stoi(seen(
        copy_, "SELECT count(DISTINCT xmin::text) FROM pg_class WHERE relowner = " + oid_of(to_)));
    // 10,000 locks, and a quarter of the 6,400 that a server of 100 connections reckons with at a
    // time.
    EXPECT_EQ(transactions, 7);
    run_as(to_, copy_, {"DROP TABLE t1", "ALTER TABLE t2000 ADD COLUMN y integer"});
}

TEST_F(HandOverInTrouble, a_repeat_goes_on_where_a_killed_one_stopped) {
    make_original({tables(2000)});
    make_database(copy_, original_, to_);
    const auto killed = hand_over_and_die("t1900");
    ASSERT_FALSE(killed);
    EXPECT_EQ(killed.error().kind, base::ErrorKind::unavailable) << killed.error().message;
    EXPECT_NE(owned_by(from_), "0");
    EXPECT_NE(owned_by(to_), "0");
    EXPECT_EQ(memberships(), "0");
    must(hand_over(copy_));
    EXPECT_EQ(owned_by(from_), "0");
    expect_all_is_handed_over();
}

TEST_F(HandOverInTrouble, a_repeat_takes_back_the_membership_that_a_killed_one_left) {
    make_owner_without_login();
    to_ = support::unique_name("to");
    make_role(to_);
    make_database(copy_, original_, to_);
    ASSERT_FALSE(hand_over_and_die("t2"));
    EXPECT_EQ(owned_by(to_), "0");
    EXPECT_EQ(memberships(), cluster().major() >= 16 ? "1" : "0");
    must(hand_over(copy_));
    expect_all_is_handed_over();
    as_manager("reviewdb",
               {fmt::format("GRANT {} TO {}", pg::identifier(from_), pg::identifier(to_))});
    EXPECT_EQ(memberships(), "1");
    must(hand_over(copy_));
    EXPECT_EQ(memberships(), "0");
}

TEST_F(HandOverInTrouble, what_somebody_holds_is_overloaded_and_leaves_no_membership) {
    make_owner_without_login();
    to_ = support::unique_name("to");
    make_role(to_);
    make_database(copy_, original_, to_);
    auto holder = support::connect(root(copy_));
    must(holder.run({"BEGIN"}, soon()));
    must(holder.run({"LOCK TABLE t2 IN ACCESS SHARE MODE"}, soon()));
    const auto handed = hand_over(copy_);
    ASSERT_FALSE(handed);
    EXPECT_EQ(handed.error().kind, base::ErrorKind::overloaded) << handed.error().message;
    EXPECT_EQ(memberships(), "0");
    EXPECT_EQ(owned_by(to_), "0");
}

TEST_F(HandOverInTrouble, copies_of_one_template_are_handed_over_at_once) {
    make_owner_without_login();
    constexpr std::size_t k_copies = 8;
    std::vector<std::string> roles;
    for (std::size_t i = 0; i < k_copies; ++i) {
        roles.push_back(support::unique_name("to"));
        make_role(roles.back());
        make_database(roles.back(), original_, roles.back());
    }
    support::at_once(4, k_copies, [&](std::size_t i) {
        auto inside = manager(roles[i]);
        must(server::hand_over(inside, from_, roles[i], soon()));
    });
    for (const auto& role : roles) {
        to_ = copy_ = role;
        expect_all_is_handed_over();
    }
}

// One waits inside its transaction; the other need not wait for it.
TEST_F(HandOverInTrouble, a_copy_that_takes_long_does_not_hold_up_another_of_the_template) {
    make_owner_without_login();
    const auto other = support::unique_name("to");
    for (const auto& role : {to_ = support::unique_name("to"), other}) {
        make_role(role);
        make_database(role, original_, role);
    }
    copy_ = to_;
    auto holder = support::connect(root(copy_));
    must(holder.run({"BEGIN"}, soon()));
    must(holder.run({"LOCK TABLE t2 IN ACCESS SHARE MODE"}, soon()));
    auto held_up = std::async(std::launch::async, [&] {
        auto inside = manager(copy_);
        must(inside.run({"SET lock_timeout = 0"}, soon()));
        return server::hand_over(inside, from_, to_, soon());
    });
    const auto waiting = fmt::format(
        "SELECT count(*)::text AS value FROM pg_stat_activity WHERE datname = '{}' AND "
        "wait_event_type = 'Lock'",
        copy_);
    const auto deadline = soon();
    while (ask(root(), waiting) == "0" && !deadline.passed()) {
    }
    auto inside = manager(other);
    const auto handed = server::hand_over(inside, from_, other, soon());
    EXPECT_TRUE(handed) << handed.error().message;
    must(holder.run({"COMMIT"}, soon()));
    must(held_up.get());
    expect_all_is_handed_over();
}

TEST_F(HandOverInTrouble, names_are_data_whoever_chose_them) {
    from_ = "from \"%I\" %1$s'; DROP TABLE film; --" + support::unique_name();
    to_ = "to \"$1\" {} \\ '; COMMIT; --" + support::unique_name();
    make_role(from_);
    make_role(to_);
    fill_with_everything();
    make_database(copy_, original_, to_);
    const auto count = seen(copy_, "SELECT count(*) FROM pg_class");
    must(hand_over(copy_));
    EXPECT_EQ(seen(copy_, "SELECT count(*) FROM pg_class"), count);
    EXPECT_THAT(not_owned(copy_, to_), IsEmpty());
    EXPECT_THAT(others_named(copy_, to_), testing::ElementsAre(reader_));
    expect_nothing_names_the_former_role();
    run_as(to_, copy_, statements_of("hand_over_of_each.sql"));
}

// Whatever the queries of the hand-over call has a name-sake here that shouts.
TEST_F(HandOverInTrouble, nobody_elses_code_runs_as_the_manager) {
    std::vector<std::string> traps{
        "CREATE FUNCTION shout() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'sprung by %', "
        "current_user; END $$"};
    for (const auto* signature :
         {"format(text, name)", "format(text, text)", "format(text, name, name, name)",
          "quote_ident(name)", "quote_ident(text)", "pg_get_userbyid(oid)", "current_database()",
          "pg_describe_object(oid, oid, integer)", "current_setting(text)",
          "replace(text, text, text)"}) {
        traps.push_back(fmt::format(
            "CREATE FUNCTION {} RETURNS text LANGUAGE sql AS 'SELECT shout()'", signature));
    }
    traps.emplace_back(
        "CREATE FUNCTION has_database_privilege(oid, oid, text) RETURNS boolean LANGUAGE sql AS "
        "'SELECT shout() IS NULL'");
    for (const auto* type : {"oid", "name", "\"char\"", "bigint"}) {
        traps.push_back(
            fmt::format("CREATE FUNCTION trap({0}, {0}) RETURNS boolean LANGUAGE sql AS 'SELECT "
                        "shout() IS NULL'",
                        type));
        traps.push_back(fmt::format(
            "CREATE OPERATOR = (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = trap)", type));
    }
    for (const auto* sql : {
             "CREATE TABLE bait (id integer, said text)",
             "INSERT INTO bait VALUES (1)",
             R"(CREATE FUNCTION spring(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
                BEGIN IF current_user <> session_user THEN RAISE 'sprung'; END IF; RETURN $1; END $$)",
             "CREATE INDEX ON bait (spring(id))",
             "CREATE MATERIALIZED VIEW trapped AS SELECT spring(id) FROM bait",
             "CREATE POLICY only_me ON bait TO {me} USING (spring(id) > 0)",
             "ALTER TABLE bait ENABLE ROW LEVEL SECURITY",
             "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
         }) {
        traps.emplace_back(sql);
    }
    make_original(traps);
    make_database(copy_, original_, to_);
    auto careless = manager(copy_);
    must(careless.run({"SET search_path = public, pg_catalog"}, soon()));
    const auto sprung = server::hand_over(careless, from_, to_, soon());
    ASSERT_FALSE(sprung);
    EXPECT_EQ(sprung.error().sqlstate, "P0001") << sprung.error().message;
    must(hand_over(copy_));
    expect_nothing_names_the_former_role();
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "sources/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/contents.h"

namespace {

using sources::Patterns;
using sources::TablePattern;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(TablePattern, fits_as_in_pg_dump) {
    const auto fits = [](const std::string& pattern, const char* schema, const char* name) {
        return TablePattern::parse(pattern).value().matches(schema, name);
    };
    EXPECT_TRUE(fits("film", "public", "film"));
    EXPECT_TRUE(fits("film", "other", "film"));
    EXPECT_FALSE(fits("film", "public", "films"));
    EXPECT_TRUE(fits("FILM", "public", "film"));
    EXPECT_FALSE(fits("\"Film\"", "public", "film"));
    EXPECT_TRUE(fits("\"Film\"", "public", "Film"));
    EXPECT_TRUE(fits("audit.*", "audit", "log"));
    EXPECT_FALSE(fits("audit.*", "public", "audit"));
    EXPECT_TRUE(fits("a*b*c", "public", "a--b-b--c"));
    EXPECT_FALSE(fits("a*b*c", "public", "a--b-b--"));
    EXPECT_TRUE(fits("t?", "public", "t\xc3\xa4"));
    EXPECT_TRUE(fits("\"a.*\"", "public", "a.*"));
    EXPECT_FALSE(fits("\"a.*\"", "public", "a.b"));
}

TEST(TablePattern, is_refused_when_it_would_mean_something_else) {
    for (const auto* text : {"", ".", "a.", "a.b.c", "\"a", "a|b", "[ab]", "a\\b", "a'b", "a\nb"}) {
        const auto refused = TablePattern::parse(text);
        ASSERT_FALSE(refused.has_value()) << text;
        EXPECT_THAT(refused.error().hint, HasSubstr("double quotes"));
    }
    EXPECT_FALSE(TablePattern::parse_schema("a.b").has_value());
}

TEST(TablePattern, reaches_pg_dump_with_the_same_meaning) {
    const auto patterns = sources::parse_patterns(
        {.schema_only = true, .exclude_table_data = {"log", "a.b"}, .tables = {"-x; rm"}});
    EXPECT_THAT(patterns.value().for_pg_dump(),
                ElementsAre("--schema-only", "--exclude-table-data=*.log",
                            "--exclude-table-data=a.b", "--table=*.-x; rm", "--strict-names"));
    EXPECT_FALSE(sources::parse_patterns({.tables = {"a"}, .schemas = {"b"}}).has_value());
}

// As pg_restore 15 prints it.
constexpr std::string_view k_list = R"(;
; Archive created at 2026-12-01 02:19:32 UTC
;     Format: CUSTOM
;
3390; 0 0 ENCODING - ENCODING 
6; 2615 16384 SCHEMA - audit owner
846; 1247 16386 TYPE public mood owner
223; 1255 16389 FUNCTION public f(integer, text) owner
217; 1259 16400 TABLE audit log owner
;	depends on: 6
216; 1259 16391 TABLE public film owner
;	depends on: 846
3395; 0 0 COMMENT public TABLE film owner
;	depends on: 216
219; 1259 16413 TABLE public film extra owner
215; 1259 16390 SEQUENCE public film_id_seq owner
;	depends on: 216
3398; 0 0 SEQUENCE OWNED BY public film_id_seq owner
;	depends on: 215
220; 1259 16418 VIEW public v owner
;	depends on: 216 216 216 846
3224; 2604 16394 DEFAULT public film id owner
;	depends on: 216 215 216
3384; 0 16400 TABLE DATA audit log owner
;	depends on: 217
3383; 0 16391 TABLE DATA public film owner
;	depends on: 216
3400; 0 0 SEQUENCE SET public film_id_seq owner
;	depends on: 215
3230; 2606 16406 CONSTRAINT audit log log_pkey owner
;	depends on: 217
3227; 2606 16399 CONSTRAINT public film film_pkey owner
;	depends on: 216
3228; 1259 16416 INDEX public film_t owner
;	depends on: 216
3236; 2620 16417 TRIGGER public film trg owner
;	depends on: 223 216
3235; 2606 16407 FK CONSTRAINT audit log log_film_id_fkey owner
;	depends on: 3227 217 216
)";

// The ids that are chosen, or why not.
std::string chosen(const sources::Choice& choice) {
    const auto patterns = sources::parse_patterns(choice).value();
    const auto list = sources::choose(sources::parse_contents(k_list), patterns, "a.dump");
    if (!list) return list.error().message;
    std::string ids;
    for (const auto& entry : sources::parse_contents(*list)) {
        ids += (ids.empty() ? "" : " ") + std::to_string(entry.id);
    }
    return ids;
}

TEST(Contents, take_tables_with_their_parts_and_needs) {
    EXPECT_EQ(chosen({.tables = {"public.film*"}}),
              "846 223 216 3395 219 215 3398 3224 3383 3400 3227 3228 3236");
    // The foreign key to what is not chosen is left out.
    EXPECT_EQ(chosen({.tables = {"log"}}), "6 217 3384 3230");
    EXPECT_EQ(chosen({.tables = {"log", "public.fil*"}}),
              "6 846 223 217 216 3395 219 215 3398 3224 3384 3383 3400 3230 3227 3228 3236 3235");
    // What a view needs comes without rows.
    EXPECT_EQ(chosen({.tables = {"v"}}), "846 216 220");
}

TEST(Contents, take_schemas) {
    EXPECT_EQ(chosen({.schemas = {"audit"}}), "6 217 3384 3230");
    EXPECT_THAT(chosen({.schemas = {"pub*"}}), AllOf(HasSubstr("223"), HasSubstr("3383"),
                                                     HasSubstr("220"), Not(HasSubstr("217"))));
}

TEST(Contents, leave_out_rows) {
    const auto ids = chosen({.exclude_table_data = {"audit.*"}});
    EXPECT_THAT(
        ids, AllOf(HasSubstr("217"), HasSubstr("3383"), HasSubstr("3235"), Not(HasSubstr("3384"))));
}

TEST(Contents, name_a_pattern_to_which_nothing_fits) {
    EXPECT_EQ(chosen({.tables = {"film", "none"}}), "--tables 'none' matches no table in a.dump");
    EXPECT_EQ(chosen({.exclude_table_data = {"public.log"}}),
              "--exclude-table-data 'public.log' matches no table in a.dump");
    EXPECT_EQ(chosen({.schemas = {"Audit*", "x"}}), "--schemas 'x' matches no schema in a.dump");
}

TEST(Contents, are_not_guessed_from_a_name_with_blanks) {
    EXPECT_THAT(chosen({.tables = {"film"}}), HasSubstr("'public film extra owner'"));
}

}  // namespace

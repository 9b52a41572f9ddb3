// SPDX-License-Identifier: Apache-2.0
#include "sources/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "unit/sources/cut.h"

namespace {

using sources::Backslash;
using sources_test::cut;
using sources_test::k_no_limit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> pieces(std::string_view script) {
    const auto done = cut(script);
    EXPECT_EQ(done.trouble, "") << script;
    return done.pieces;
}

// Everything that a script can hold, with a semicolon wherever one must not count.
constexpr std::string_view k_everything = R"(-- a comment; with a semicolon
/* and /* a nested; */ one; */
CREATE TABLE "odd;name" (a text DEFAULT 'it''s; so', b int);
INSERT INTO "odd;name" VALUES (E'back\'slash; \\', 1), ('plain \', 2);
SELECT U&'\0041;' AS u, B'01' AS b, x'1f' AS x, U&"d;" FROM t;
SELECT $$one; $two; $$, $tag$ $$; $other$; $tag$, a$b$c FROM t WHERE n = $1;
CREATE RULE r AS ON INSERT TO t DO (DELETE FROM t; DELETE FROM t);
CREATE OR REPLACE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1; END;
  SELECT 2;
END;
BEGIN; END;
COPY t (a, b) FROM stdin;
1	\N
\\.	x;
\.
\restrict abc
SELECT E'one;'
  'two\';' -- comment
  'three\';';
SELECT 1 -- the last; has no semicolon of its own
)";

TEST(Lexer, cuts_a_script_into_its_statements) {
    EXPECT_THAT(pieces("SELECT 1;\n\n SELECT\n2 ;;; SELECT 3"),
                ElementsAre("1: SELECT 1", "3: SELECT\n2", "4: SELECT 3"));
    EXPECT_THAT(pieces(""), IsEmpty());
    EXPECT_THAT(pieces(" \n-- nothing\n/* at all */;\n"), IsEmpty());
}

TEST(Lexer, minds_no_semicolon_in_quotes_and_comments) {
    EXPECT_THAT(
        pieces("SELECT ';', ';'';', \";\", \"\"\";\", $$;$$, $a$;$$;$a$ -- ;\n/*;/*;*/;*/;"),
        ElementsAre("1: SELECT ';', ';'';', \";\", \"\"\";\", $$;$$, $a$;$$;$a$ -- "
                    ";\n/*;/*;*/;*/"));
}

TEST(Lexer, takes_a_backslash_for_an_escape_only_where_it_is_one) {
    EXPECT_THAT(pieces(R"(SELECT '\'; SELECT E'\';'; SELECT e'\\'; SELECT 1)"),
                ElementsAre(R"(1: SELECT '\')", R"(1: SELECT E'\';')", R"(1: SELECT e'\\')",
                            "1: SELECT 1"));
    const auto old = cut(R"(SELECT '\';'; SELECT 1)", k_no_limit, k_no_limit, Backslash::escape);
    EXPECT_THAT(old.pieces, ElementsAre(R"(1: SELECT '\';')", "1: SELECT 1"));
    // A word that ends in e is not one letter E.
    EXPECT_THAT(pieces(R"(SELECT type'\'; SELECT U&'\'; SELECT 1)"),
                ElementsAre(R"(1: SELECT type'\')", R"(1: SELECT U&'\')", "1: SELECT 1"));
}

TEST(Lexer, goes_on_with_an_escape_string_on_the_next_line) {
    EXPECT_THAT(pieces("SELECT E'a'\n '\\';'; SELECT 1"),
                ElementsAre("1: SELECT E'a'\n '\\';'", "2: SELECT 1"));
    EXPECT_THAT(pieces("SELECT E'a' -- c\n\n'\\';'; SELECT 1"),
                ElementsAre("1: SELECT E'a' -- c\n\n'\\';'", "3: SELECT 1"));
    // On the same line it is another string, where the backslash is a letter.
    EXPECT_THAT(pieces("SELECT E'a' '\\'; SELECT 1"),
                ElementsAre("1: SELECT E'a' '\\'", "1: SELECT 1"));
}

TEST(Lexer, knows_dollar_quotes_from_names_and_parameters) {
    EXPECT_THAT(pieces("SELECT a$b$; SELECT $1; SELECT é$x$; SELECT $é$;$é$; SELECT 1$$;$$"),
                ElementsAre("1: SELECT a$b$", "1: SELECT $1", "1: SELECT é$x$", "1: SELECT $é$;$é$",
                            "1: SELECT 1$$;$$"));
}

TEST(Lexer, takes_a_number_together_with_the_letters_behind_it) {
    EXPECT_THAT(pieces("SELECT 1e5$$; SELECT 1e'\\'; SELECT 1.5u&'\\'; SELECT $1e'\\'; SELECT 1"),
                ElementsAre("1: SELECT 1e5$$", "1: SELECT 1e'\\'", "1: SELECT 1.5u&'\\'",
                            "1: SELECT $1e'\\'", "1: SELECT 1"));
    EXPECT_THAT(pieces("SELECT 1e+5$$;$$; SELECT 1e+$$;$$; SELECT 1e-5e'\\'; SELECT 1"),
                ElementsAre("1: SELECT 1e+5$$;$$", "1: SELECT 1e+$$;$$", "1: SELECT 1e-5e'\\'",
                            "1: SELECT 1"));
}

TEST(Lexer, keeps_what_stands_in_parentheses_together) {
    EXPECT_THAT(pieces("CREATE RULE r AS DO (SELECT 1; SELECT (2);); SELECT 3"),
                ElementsAre("1: CREATE RULE r AS DO (SELECT 1; SELECT (2);)", "1: SELECT 3"));
    EXPECT_THAT(pieces("SELECT 1); SELECT 2"), ElementsAre("1: SELECT 1)", "1: SELECT 2"));
}

TEST(Lexer, keeps_the_body_of_a_routine_together) {
    const std::string body =
        "FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN 1=1 THEN 2 END; SELECT 3; END";
    EXPECT_THAT(pieces("CREATE " + body + "; CREATE OR REPLACE " + body + "; SELECT 1"),
                ElementsAre("1: CREATE " + body, "1: CREATE OR REPLACE " + body, "1: SELECT 1"));
    EXPECT_THAT(pieces("create procedure p() begin atomic; end; SELECT 1"),
                ElementsAre("1: create procedure p() begin atomic; end", "1: SELECT 1"));
    EXPECT_THAT(pieces("BEGIN; SELECT 1; END; CREATE VIEW v AS SELECT begin FROM t; SELECT 1"),
                ElementsAre("1: BEGIN", "1: SELECT 1", "1: END",
                            "1: CREATE VIEW v AS SELECT begin FROM t", "1: SELECT 1"));
}

TEST(Lexer, hands_on_the_data_of_a_copy) {
    EXPECT_THAT(pieces("COPY t FROM stdin;\n1;\n\\N\n\\.\nSELECT 1;"),
                ElementsAre("1: COPY t FROM stdin", "data: 1;\n\\N\n", "5: SELECT 1"));
    EXPECT_THAT(pieces("COPY t FROM stdin; -- a comment\n\\.\nSELECT 1;"),
                ElementsAre("1: COPY t FROM stdin", "data: ", "3: SELECT 1"));
    // Only a line of its own ends it.
    EXPECT_THAT(pieces("COPY t FROM stdin;\na\\.\n\\.b\n\\\\.\n\\."),
                ElementsAre("1: COPY t FROM stdin", "data: a\\.\n\\.b\n\\\\.\n"));
    EXPECT_THAT(pieces("COPY t FROM stdin;\r\n1\r\n\\.\r\nSELECT 1;\r\n"),
                ElementsAre("1: COPY t FROM stdin", "data: 1\r\n", "4: SELECT 1"));
}

TEST(Lexer, tells_of_text_between_a_copy_and_its_data) {
    EXPECT_EQ(cut("\nCOPY t FROM stdin; SELECT 1;\n1\n\\.\n").trouble,
              "2: behind a COPY FROM STDIN its line has to end");
}

TEST(Lexer, tells_commands_of_psql_from_statements) {
    EXPECT_THAT(pieces("\\connect other\nSELECT 1;\n  \\! rm -rf / \nSELECT 2 \\gexec\nSELECT 3;"),
                ElementsAre("1: \\connect other", "2: SELECT 1", "3: \\! rm -rf /", "4: \\gexec",
                            "5: SELECT 3"));
}

TEST(Lexer, counts_lines_whatever_ends_them) {
    EXPECT_THAT(pieces("-- one\r\nSELECT 1;\r\n/*\r\n*/SELECT 'a\r\nb';SELECT 2;"),
                ElementsAre("2: SELECT 1", "4: SELECT 'a\r\nb'", "5: SELECT 2"));
}

TEST(Lexer, says_what_the_script_ends_in_and_where_that_began) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"SELECT 1;\nSELECT 'a\n\n", "2: the script ends inside a quoted string that begins here"},
        {"SELECT \"a", "1: the script ends inside a quoted name that begins here"},
        {"\n\n/* /* */ ", "3: the script ends inside a comment that begins here"},
        {"DO $x$ $$ ", "1: the script ends inside a string in dollar quotes that begins here"},
        {"SELECT E'a\\'", "1: the script ends inside a quoted string that begins here"},
        {"\nSELECT (1",
         "2: the script ends inside the statement that begins here, between "
         "parentheses"},
        {"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;",
         "1: the script ends inside the statement that begins here, before its END"},
        {"\nCOPY t FROM stdin;\n1\n2\n",
         "2: the script ends in the data of the COPY that begins here"},
        {"COPY t FROM stdin;", "1: the script ends in the data of the COPY that begins here"},
        {"COPY t FROM stdin;\n\\", "1: the script ends in the data of the COPY that begins here"},
        {"--\n-- PostgreSQL database dump\n--\nSELECT 1;\nSELECT 2",
         "5: the dump ends here without its last line, which says that it is complete"},
    };
    for (const auto& [script, trouble] : cases) EXPECT_EQ(cut(script).trouble, trouble) << script;
    EXPECT_EQ(
        cut("-- PostgreSQL database dump\nSELECT 1;\n-- PostgreSQL database dump complete").trouble,
        "");
}

TEST(Lexer, tells_of_a_byte_0) {
    using namespace std::string_literals;
    EXPECT_THAT(cut("SELECT 1;\nSELECT '\0';"s).trouble, StartsWith("2: a byte 0"));
    EXPECT_THAT(cut("SELECT 1;\nSELECT '\0';"s, 3).trouble, StartsWith("2: a byte 0"));
}

TEST(Lexer, takes_no_statement_beyond_its_limit) {
    constexpr std::size_t k_limit = 1U << 20U;
    const std::string much(k_limit, 'x');
    EXPECT_THAT(cut("SELECT 1;\nSELECT '" + much + "';", 65536, k_limit).trouble,
                HasSubstr("2: what begins here is longer than 1 MB"));
    std::string many = "SELECT 1";
    while (many.size() < k_limit) many += ", 1";
    EXPECT_THAT(cut(many, 65536, k_limit).trouble,
                HasSubstr("1: what begins here is longer than 1 MB"));
    // Data has none.
    EXPECT_EQ(cut("COPY t FROM stdin;\n" + much + much + "\n\\.\n", 65536, k_limit).trouble, "");
}

TEST(Lexer, cuts_the_same_however_the_script_arrives) {
    const auto whole = cut(k_everything);
    EXPECT_EQ(whole.trouble, "");
    EXPECT_EQ(whole.pieces.size(), 13U);
    for (std::size_t part = 1; part <= k_everything.size(); ++part) {
        EXPECT_EQ(cut(k_everything, part).pieces, whole.pieces) << "parts of " << part;
    }
}

// What was read of a script that was cut off is what the whole one begins with; only the last
// statement may be part of one, and then it has no semicolon.
TEST(Lexer, reads_every_beginning_of_a_script) {
    const auto whole = cut(k_everything).pieces;
    for (std::size_t size = 0; size < k_everything.size(); ++size) {
        // Half of what begins a comment is a symbol.
        const auto next = k_everything.substr(size == 0 ? 0 : size - 1, 2);
        if (next == "--" || next == "/*") continue;
        const auto some = cut(k_everything.substr(0, size), 7);
        ASSERT_LE(some.pieces.size(), whole.size());
        for (std::size_t i = 0; i < some.pieces.size(); ++i) {
            if (i + 1 < some.pieces.size() || !some.trouble.empty()) {
                EXPECT_EQ(some.pieces[i], whole[i]) << "the first " << size << " bytes";
            } else {
                EXPECT_THAT(whole[i], StartsWith(some.pieces[i]))
                    << "the first " << size << " bytes";
            }
        }
    }
}

// Chance makes what nobody thinks of; what a script is cut into must not depend on the parts that
// it arrives in, and nothing of it may be lost.
TEST(Lexer, cuts_nonsense_the_same_however_it_arrives) {
    constexpr std::array<std::string_view, 34> k_bits{"'",
                                                      "\"",
                                                      "$$",
                                                      "$a$",
                                                      "$",
                                                      ";",
                                                      "(",
                                                      ")",
                                                      "--",
                                                      "/*",
                                                      "*/",
                                                      "\n",
                                                      "\r\n",
                                                      " ",
                                                      "E'",
                                                      "U&'",
                                                      "B'",
                                                      "\\",
                                                      "\\.",
                                                      "\n\\.\n",
                                                      "begin",
                                                      "end",
                                                      "case",
                                                      "x",
                                                      "1e5",
                                                      "1.5",
                                                      "é",
                                                      "-",
                                                      "create ",
                                                      "function ",
                                                      "or ",
                                                      "replace ",
                                                      "COPY t FROM stdin;\n",
                                                      "begin atomic "};
    std::mt19937 chance(4711);  // NOLINT(cert-msc51-cpp): the same nonsense each time
    for (int round = 0; round < 3000; ++round) {
        std::string script;
        const auto length = chance() % 30;
        for (unsigned i = 0; i < length; ++i) script += k_bits.at(chance() % k_bits.size());
        const auto whole = cut(script);
        const auto parts = cut(script, 1 + chance() % 5);
        EXPECT_EQ(parts.pieces, whole.pieces) << script;
        EXPECT_EQ(parts.trouble, whole.trouble) << script;
    }
}

}  // namespace

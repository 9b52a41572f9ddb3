// SPDX-License-Identifier: Apache-2.0
//
// What our lexer cuts out of a script, beside what psql cuts out of it.
#include <algorithm>
#include <random>

#include "base/subprocess.h"
#include "pg/sources_fixture.h"
#include "unit/sources/cut.h"

namespace {

using support::must;

// psql's log has each query between two lines of its own.
constexpr std::string_view k_before = "********* QUERY **********\n";
constexpr std::string_view k_behind = "\n**************************";

// Without blanks, of which psql drops some, and without comments before the first word and the
// semicolon behind the last.
std::string bare(std::string_view statement) {
    std::string text;
    bool begun = false;
    while (!statement.empty()) {
        const auto token =
            sources::first_token(statement, sources::Rest::none, sources::Backslash::letter);
        statement.remove_prefix(token.text.size());
        const bool empty = token.kind == sources::TokenKind::blank ||
                           (token.kind == sources::TokenKind::comment && !begun);
        if (!empty) text += token.text;
        begun = begun || !empty;
    }
    while (text.ends_with(';') || text.ends_with(' ')) text.pop_back();
    return text;
}

class SourcesPsqlTest : public SourcesTest {
   protected:
    std::vector<std::string> by_psql(const std::string& script) const {
        const auto log = (folder_ / "log").string();
        std::filesystem::remove(log);
        base::Command command{.arguments = {support::shared_cluster().programs() / "psql", "-X",
                                            "-q", "-L", log, "-f", file("a.sql", script)},
                              .inherits = base::Environment::bare};
        for (const auto& [name, value] : login_.to_variables()) {
            command.environment[name] = value.reveal();
        }
        must(base::run(command, soon()));
        std::ifstream stream(log);
        const std::string text(std::istreambuf_iterator<char>(stream), {});
        std::vector<std::string> queries;
        for (auto at = text.find(k_before); at != std::string::npos; at = text.find(k_before, at)) {
            at += k_before.size();
            const auto query = bare(text.substr(at, text.find(k_behind, at) - at));
            if (!query.empty()) queries.push_back(query);
        }
        return queries;
    }

    // Of a script that is cut off psql sends the rest too.
    void expect_the_same(const std::string& script) const {
        const auto cut = sources_test::cut(script);
        std::vector<std::string> ours;
        for (const auto& piece : cut.pieces) ours.push_back(bare(piece.substr(piece.find(' '))));
        std::erase(ours, "");
        auto theirs = by_psql(script);
        if (!cut.trouble.empty() && !theirs.empty()) theirs.pop_back();
        EXPECT_EQ(ours, theirs) << script << "\n" << cut.trouble;
    }
};

TEST_F(SourcesPsqlTest, cuts_a_real_script_as_psql_does) {
    std::ifstream stream(dump("pagila-schema.dump"));
    expect_the_same({std::istreambuf_iterator<char>(stream), {}});
}

TEST_F(SourcesPsqlTest, cuts_nonsense_as_psql_does) {
    constexpr std::array<std::string_view, 40> k_bits{
        "'",  "'",   "\"", "$$",  "$a$",     "$",         ";",    ";",        "(",          ")",
        "--", "/*",  "*/", "\n",  "\n",      " ",         "E'",   "U&'",      "U&\"",       "B'",
        "x'", "N'",  "''", "\\'", "é",       "begin ",    "end ", "case ",    "x",          "1e5",
        "1",  "_e'", "-",  "/",   "create ", "function ", "or ",  "replace ", "procedure ", "$1"};
    std::mt19937 chance(4711);  // NOLINT(cert-msc51-cpp): the same nonsense each time
    for (int round = 0; round < 300; ++round) {
        std::string script;
        const auto length = 1 + chance() % 40;
        for (unsigned i = 0; i < length; ++i) {
            const auto bit = k_bits.at(chance() % k_bits.size());
            // Outside of quotes a backslash is a command of psql's.
            const bool quoted = std::ranges::count(script, '\'') % 2 == 1;
            if (bit != "\\'" || quoted) script += bit;
        }
        if (script.find('\\') != std::string::npos &&
            std::ranges::any_of(sources_test::cut(script).pieces, [](const std::string& piece) {
                return piece.find(": \\") != std::string::npos;
            })) {
            continue;
        }
        expect_the_same(script);
    }
}

}  // namespace

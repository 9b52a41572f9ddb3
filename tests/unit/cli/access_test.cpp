// SPDX-License-Identifier: Apache-2.0
#include "app/cli/access.h"

#include <gtest/gtest.h>

#include <sstream>

#include "app/cli/formats.h"

namespace {

using Secrets = std::map<std::string, base::Secret>;

// As GitHub's runner reads the file: NAME=VALUE, or NAME<<END and lines up to END.
std::map<std::string, std::string> as_the_runner_reads(const std::string& text) {
    std::map<std::string, std::string> read;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        const auto heredoc = line.find("<<");
        const auto equals = line.find('=');
        if (heredoc == std::string::npos || equals < heredoc) {
            read[line.substr(0, equals)] = line.substr(equals + 1);
            continue;
        }
        const auto end = line.substr(heredoc + 2);
        std::string value;
        std::string part;
        for (bool first = true; std::getline(lines, part) && part != end; first = false) {
            value += (first ? "" : "\n") + part;
        }
        read[line.substr(0, heredoc)] = value;
    }
    return read;
}

TEST(Access, a_value_with_line_ends_is_one_value_in_github_env) {
    const Secrets variables{
        {"PGHOST", base::Secret("db\nNODE_OPTIONS=--require=/tmp/evil.js\nEOF\nX<<EOF\ny")},
        {"PGPASSWORD", base::Secret("it's = << fine")},
        {"PGUSER", base::Secret("")}};
    const auto read = as_the_runner_reads(cli::github_lines(variables));
    ASSERT_EQ(read.size(), 3U);
    for (const auto& [name, value] : variables) EXPECT_EQ(read.at(name), value.reveal()) << name;
}

TEST(Access, the_end_of_a_value_in_github_env_cannot_be_guessed) {
    const Secrets variables{{"A", base::Secret("x")}};
    EXPECT_NE(cli::github_lines(variables), cli::github_lines(variables));
}

TEST(Access, a_value_with_quotes_and_line_ends_is_one_word_for_a_shell) {
    const auto route = pg::ConnectionInfo().with("host", "a'$(id)\nX=1").with("port", "5432");
    const auto lines = cli::formatted("env", cli::variables_of(route)).value();
    EXPECT_NE(lines.find("PGHOST='a'\\''$(id)\nX=1'\n"), std::string::npos) << lines;
}

TEST(Access, github_is_told_to_mask_the_password_in_every_form) {
    const auto route =
        pg::ConnectionInfo().with("host", "h").with_login("u", base::Secret("50% @/?#"));
    testing::internal::CaptureStderr();
    cli::mask(route, {{"GITHUB_ACTIONS", "true"}});
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "::add-mask::50%25 @/?#\n"
              "::add-mask::50%2525%2520%2540%252F%253F%2523\n"
              "::add-mask::postgresql://u:50%2525%2520%2540%252F%253F%2523@h/\n");
    testing::internal::CaptureStderr();
    cli::mask(route, {});
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace

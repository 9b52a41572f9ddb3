// SPDX-License-Identifier: Apache-2.0
//
// What a person at a terminal is asked before something is destroyed.
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "e2e/cli_fixture.h"

namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Talk {
    int exit_code = 0;
    std::string shown;
};

// Runs the program on a terminal, and types `answer` once it asks.
Talk talk(const std::filesystem::path& home, e2e::Words words, const std::string& answer,
          const std::string& server) {
    words.insert(words.begin(), REVIEWDB_PROGRAM);
    std::vector<std::string> variables{"HOME=" + home.string(), "PATH=/usr/bin:/bin",
                                       "XDG_STATE_HOME=" + (home / "state").string()};
    if (!server.empty()) variables.push_back("REVIEWDB_SERVER=" + server);
    const auto vector = [](std::vector<std::string>& texts) {
        std::vector<char*> pointers;
        pointers.reserve(texts.size() + 1);
        for (auto& text : texts) pointers.push_back(text.data());
        pointers.push_back(nullptr);
        return pointers;
    };
    const auto arguments = vector(words);
    const auto environment = vector(variables);
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
        execve(arguments[0], arguments.data(), environment.data());
        _exit(127);
    }
    Talk told;
    bool answered = false;
    std::array<char, 4096> block{};
    for (ssize_t count = 0; (count = read(terminal, block.data(), block.size())) > 0;) {
        told.shown.append(block.data(), static_cast<std::size_t>(count));
        if (answered || told.shown.find("[y/N]") == std::string::npos) continue;
        answered = write(terminal, answer.data(), answer.size()) > 0;
    }
    close(terminal);
    int status = 0;
    waitpid(child, &status, 0);
    told.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return told;
}

class QuestionTest : public e2e::CliTest {
   protected:
    Talk on_a_terminal(const e2e::Words& words, const std::string& answer) const {
        return talk(home().path(), words, answer, operator_url());
    }
};

TEST_F(QuestionTest, DeleteOnATerminalAsksAndNothingButYesIsYes) {
    const auto name = support::unique_name();
    output({"create", name});
    for (const auto* answer : {"n\n", "\n", "yesterday\n", "\x04"}) {
        const auto told = on_a_terminal({"delete", name}, answer);
        EXPECT_EQ(told.exit_code, 1) << told.shown;
        EXPECT_THAT(told.shown, HasSubstr(name));
        EXPECT_THAT(told.shown, HasSubstr("nothing was changed"));
    }
    output({"url", name});
    const auto agreed = on_a_terminal({"delete", name}, "y\n");
    EXPECT_EQ(agreed.exit_code, 0);
    EXPECT_THAT(agreed.shown, AllOf(HasSubstr("restored from the trash for "),
                                    ContainsRegex("its database \\([0-9.]+ MB\\) and role\\?"),
                                    HasSubstr("reviewdb restore '" + name + "'")));
    EXPECT_EQ(reviewdb({"get", name}).exit_code, 3);

    output({"create", name});
    const auto told = on_a_terminal({"delete", name, "--yes"}, "");
    EXPECT_EQ(told.exit_code, 0) << told.shown;
    EXPECT_THAT(told.shown, Not(HasSubstr("[y/N]")));
    EXPECT_EQ(reviewdb({"get", name}).exit_code, 3);

    output({"create", name});
    const auto forever = on_a_terminal({"delete", name, "--purge"}, "y\n");
    EXPECT_EQ(forever.exit_code, 0) << forever.shown;
    EXPECT_THAT(forever.shown, HasSubstr("cannot be restored"));
}

TEST_F(QuestionTest, CreateOnATerminalEndsWithTheUrlWithoutItsPasswordAndTheNextCommand) {
    const auto name = support::unique_name();
    const auto told = on_a_terminal({"create", name}, "");
    EXPECT_EQ(told.exit_code, 0) << told.shown;
    const auto login = e2e::login_of(output({"url", name}));
    const auto end =
        told.shown.substr(std::min(told.shown.find("postgresql://"), told.shown.size()));
    EXPECT_THAT(end, StartsWith("postgresql://" + std::string(login.get("user")) + "@"));
    EXPECT_THAT(end, HasSubstr("\nNext: reviewdb psql '" + name + "'\r\n"));
    EXPECT_THAT(told.shown, Not(HasSubstr(login.password().reveal())));
    EXPECT_THAT(output({"create", name}), Not(HasSubstr("Next:"))) << "not on a terminal";
    output({"delete", name, "--yes"});
}

TEST_F(QuestionTest, RefreshAsksBeforeItRunsWhatOnlyTheServerSays) {
    const auto project = "q" + support::unique_name("x").substr(2);
    const e2e::Words refresh{"template", "refresh", "app", "--project", project};
    output({"template", "create", "app", "--allow-empty", "--run", "true", "--project", project});
    const support::TempFolder other;
    for (const auto* answer : {"n\n", "\n", "yesterday\n"}) {
        const auto told = talk(other.path(), refresh, answer, operator_url());
        EXPECT_EQ(told.exit_code, 5) << told.shown;
        EXPECT_THAT(told.shown, HasSubstr("--run 'true'"));
    }
    EXPECT_EQ(talk(other.path(), refresh, "y\n", operator_url()).exit_code, 0);
    const auto again = talk(other.path(), refresh, "", operator_url());
    EXPECT_EQ(again.exit_code, 0) << again.shown;
    EXPECT_THAT(again.shown, Not(HasSubstr("[y/N]")));
}

// A server that root starts runs as somebody else, who has to get in.
TEST(LocalQuestion, LocalRemoveOnATerminalAsksAsDeleteDoes) {
    const support::TempFolder home("reviewdb-test-", 0755);
    const auto call = [&](const e2e::Words& words) { return e2e::call(home.path(), words, {}); };
    const auto started = call({"local", "start"});
    ASSERT_EQ(started.exit_code, 0) << started.err;
    for (const auto* answer : {"n\n", "\n", "yesterday\n"}) {
        const auto told = talk(home.path(), {"local", "remove"}, answer, "");
        EXPECT_EQ(told.exit_code, 1) << told.shown;
        EXPECT_THAT(told.shown, HasSubstr((home / "state").string()));
        EXPECT_THAT(told.shown, HasSubstr("nothing was changed"));
    }
    EXPECT_THAT(call({"local", "status"}).out, HasSubstr("running"));
    const auto told = talk(home.path(), {"local", "remove"}, "y\n", "");
    EXPECT_EQ(told.exit_code, 0) << told.shown;
    EXPECT_THAT(call({"local", "status"}).out, HasSubstr("absent"));
    // Nothing to lose, nothing to ask.
    EXPECT_THAT(talk(home.path(), {"local", "remove"}, "", "").shown, Not(HasSubstr("[y/N]")));
    EXPECT_EQ(talk(home.path(), {"local", "remove", "--yes"}, "", "").exit_code, 0);
    EXPECT_EQ(call({"local", "remove"}).exit_code, 0);
}

}  // namespace

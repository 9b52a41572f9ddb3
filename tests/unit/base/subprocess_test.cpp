// SPDX-License-Identifier: Apache-2.0
#include "base/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/file.h"
#include "support/must.h"
#include "support/soon.h"
#include "support/temp_folder.h"

namespace {

using base::Command;
using base::Deadline;
using base::ErrorKind;
using base::Lifetime;
using support::must;
using support::soon;
using namespace std::chrono_literals;

base::Finished run(const Command& command) { return must(base::run(command, soon())); }

Command shell(const std::string& script) { return {.arguments = {"sh", "-c", script}}; }

int exit_status(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

TEST(Subprocess, answers_what_the_program_printed_and_how_it_ended) {
    const auto finished = run(shell("echo out; echo err >&2; exit 7"));
    EXPECT_EQ(finished.out, "out\n");
    EXPECT_EQ(finished.err, "err\n");
    EXPECT_EQ(finished.exit_code, 7);
    EXPECT_EQ(run(shell("kill -9 $$")).exit_code, 128 + SIGKILL);
}

TEST(Subprocess, passes_arguments_as_they_are) {
    const std::string hostile = "a b'\"$(exit 1)`x`;\\\n*";
    EXPECT_EQ(run({.arguments = {"printf", "%s", hostile}}).out, hostile);
}

TEST(Subprocess, feeds_and_drains_more_than_a_pipe_holds) {
    const std::string much(3'000'000, 'x');
    const auto finished = run({.arguments = {"sh", "-c", "tee /dev/stderr"}, .input = much});
    EXPECT_EQ(finished.out, much);
    EXPECT_EQ(finished.err, much);
}

TEST(Subprocess, does_not_mind_a_program_that_reads_nothing) {
    const auto finished = run({.arguments = {"true"}, .input = std::string(3'000'000, 'x')});
    EXPECT_EQ(finished.exit_code, 0);
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(Subprocess, sets_the_environment_on_top_of_what_is_inherited) {
    setenv("CALLERS_OWN", "own", 1);
    setenv("REVIEWDB_KEY_2", "key", 1);
    Command command = shell("echo ${CALLERS_OWN-none} ${REVIEWDB_KEY_2-none} ${PATH:+path} $GIVEN");
    command.environment = {{"GIVEN", "given"}};
    EXPECT_EQ(run(command).out, "none none path given\n");
    command.inherits = base::Environment::application;
    EXPECT_EQ(run(command).out, "own none path given\n");
    command.environment = {{"CALLERS_OWN", "ours"}};
    EXPECT_EQ(run(command).out, "ours none path\n");
    unsetenv("CALLERS_OWN");
    unsetenv("REVIEWDB_KEY_2");
}

TEST(Subprocess, runs_in_the_folder_and_as_the_user_that_are_named) {
    EXPECT_EQ(run({.arguments = {"pwd"}, .folder = "/usr"}).out, "/usr\n");
    if (geteuid() != 0) GTEST_SKIP() << "only root may name a user";
    EXPECT_EQ(run({.arguments = {"id"}, .user = base::UnixUser{65534, 65534}}).out.substr(0, 9),
              "uid=65534");
    EXPECT_EQ(run({.arguments = {"id", "-G"}, .user = base::UnixUser{65534, 65534}}).out,
              "65534\n");
}

TEST(Subprocess, kills_what_does_not_end_in_time) {
    const auto start = std::chrono::steady_clock::now();
    // The second has closed its outputs, so their end says nothing about its own.
    for (const auto* script : {"exec sleep 60", "exec >/dev/null 2>&1; exec sleep 60"}) {
        const auto late = base::run(shell(script), Deadline::after(100ms));
        ASSERT_FALSE(late) << script;
        EXPECT_EQ(late.error().kind, ErrorKind::deadline) << script;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

// The number of the process that a script wrote into `file`.
pid_t pid_in(const std::string& file) {
    const auto deadline = soon();
    while (must(base::read_file(file)).value_or("").find('\n') == std::string::npos) {
        if (deadline.passed()) return 0;
        std::this_thread::sleep_for(2ms);
    }
    return static_cast<pid_t>(std::stol(must(base::read_file(file)).value_or("0")));
}

bool is_gone(pid_t pid) {
    const auto deadline = soon();
    // A zombie that nobody reaped has ended as well.
    const auto state = [pid] {
        return must(base::read_file("/proc/" + std::to_string(pid) + "/stat")).value_or(") Z");
    };
    while (state().find(") Z") == std::string::npos) {
        if (deadline.passed()) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

TEST(Subprocess, ends_all_that_a_program_started) {
    const support::TempFolder folder;
    const auto file = (folder / "pid").string();
    const auto helper = "(trap '' TERM; exec sleep 60) >/dev/null 2>&1 & echo $! >" + file;
    EXPECT_EQ(run(shell(helper)).exit_code, 0);
    EXPECT_TRUE(is_gone(pid_in(file)));
    // One that keeps the output open holds nobody up.
    EXPECT_EQ(run(shell("sleep 60 & echo said")).out, "said\n");
    std::filesystem::remove(file);
    EXPECT_FALSE(base::run(shell(helper + "; exec sleep 60"), Deadline::after(500ms)));
    EXPECT_TRUE(is_gone(pid_in(file)));
}

TEST(Subprocess, keeps_no_more_output_than_it_is_told_to) {
    for (const auto* script : {"yes", "yes >&2"}) {
        auto command = shell(script);
        command.longest_output = 100'000;
        const auto refused = base::run(command, soon());
        ASSERT_FALSE(refused) << script;
        EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
        EXPECT_NE(refused.error().message.find("more than 100000 bytes"), std::string::npos);
    }
    auto exact = shell("printf 12345");
    exact.longest_output = 5;
    EXPECT_EQ(run(exact).out, "12345");
}

// Runs `check` in a process that has no file descriptor left; true when it answers true.
bool without_descriptors(const std::function<bool()>& check) {
    const pid_t child = fork();
    if (child == 0) {
        while (open("/dev/null", O_RDONLY) >= 0) {
        }
        _exit(check() ? 0 : 1);
    }
    return exit_status(child) == 0;
}

TEST(Subprocess, waits_no_longer_than_its_deadline_without_a_descriptor_for_the_end) {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{64, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    auto silent = must(base::start(shell("exec >/dev/null 2>&1; exec sleep 60")));
    auto quick = must(base::start(shell("sleep 0.2; exit 7")));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(without_descriptors([&] {
        const auto late = std::move(silent).finish(Deadline::after(200ms));
        return !late && late.error().kind == ErrorKind::deadline;
    }));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(must(std::move(quick).finish(soon())).exit_code, 7);
}

TEST(Subprocess, hands_none_of_our_files_to_a_program) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);  // without O_CLOEXEC
    const auto seen = run(shell("ls /proc/$$/fd | tr '\\n' ' '")).out;
    close(ends[0]);
    close(ends[1]);
    // The shell's pipe to tr is not there yet when it is named.
    EXPECT_EQ(seen.find(" " + std::to_string(ends[1]) + " "), std::string::npos) << seen;
}

TEST(Subprocess, runs_while_nobody_waits_for_it) {
    auto echo = must(base::start({.arguments = {"cat"}, .input = "said"}));
    auto pid = must(base::start(shell("echo $$; exec sleep 60")));
    EXPECT_EQ(must(std::move(echo).finish(soon())).out, "said");
    EXPECT_FALSE(std::move(pid).finish(Deadline::after(100ms)));
}

TEST(Subprocess, kills_what_nobody_asks_about) {
    const support::TempFolder folder;
    const auto file = (folder / "pid").string();
    {
        const auto forgotten = must(base::start(shell("echo $$ >" + file + "; exec sleep 60")));
        const auto deadline = soon();
        while (must(base::read_file(file)).value_or("").empty() && !deadline.passed()) {
            std::this_thread::sleep_for(2ms);
        }
    }
    const auto pid = static_cast<pid_t>(std::stol(must(base::read_file(file)).value_or("0")));
    ASSERT_GT(pid, 0);
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST(Subprocess, says_that_a_program_is_not_there) {
    for (const auto* program :
         {"no-such-program-here", "/no/such/program", "/etc", "/etc/passwd"}) {
        const auto refused = base::run({.arguments = {program}}, soon());
        ASSERT_FALSE(refused) << program;
        EXPECT_EQ(refused.error().kind, ErrorKind::not_found) << program;
        EXPECT_NE(refused.error().message.find(program), std::string::npos) << program;
    }
}

TEST(Subprocess, finds_programs_as_a_shell_does) {
    EXPECT_EQ(base::find_program("/bin/sh"), "/bin/sh");
    EXPECT_TRUE(base::find_program("sh").value_or("").ends_with("/sh"));
    EXPECT_EQ(base::find_program("no-such-program-here"), std::nullopt);
}

TEST(Subprocess, becomes_another_program) {
    const pid_t child = fork();
    if (child == 0) {
        base::replace_process(shell("exit 9"));
        _exit(1);
    }
    EXPECT_EQ(WEXITSTATUS(exit_status(child)), 9);
    EXPECT_EQ(base::replace_process({.arguments = {"no-such-program-here"}}).kind,
              ErrorKind::not_found);
}

class BackgroundTest : public testing::Test {
   protected:
    void SetUp() override { ASSERT_TRUE(base::write_file(output, "before\n", 0600)); }

    support::TempFolder folder;
    std::string output = (folder / "output").string();
};

TEST_F(BackgroundTest, appends_what_it_prints_to_the_file) {
    const auto child =
        must(base::spawn(shell("echo out; echo err >&2; cat"), output, Lifetime::its_own));
    EXPECT_EQ(exit_status(child), 0);
    EXPECT_EQ(must(base::read_file(output)), "before\nout\nerr\n");
}

TEST_F(BackgroundTest, follows_no_link_to_its_log_and_opens_it_as_its_user) {
    const auto link = (folder / "link").string();
    ASSERT_EQ(symlink(output.c_str(), link.c_str()), 0);
    EXPECT_FALSE(base::spawn(shell("echo out"), link, Lifetime::its_own));
    const auto fifo = (folder / "fifo").string();
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_FALSE(base::spawn(shell("echo out"), fifo, Lifetime::its_own));
    if (geteuid() != 0) GTEST_SKIP() << "only root may name a user";
    auto other = shell("echo out");
    other.user = base::UnixUser{65534, 65534};
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
    EXPECT_EQ(base::spawn(other, output, Lifetime::its_own).error().kind, ErrorKind::denied);
    EXPECT_EQ(must(base::read_file(output)), "before\n");
    ASSERT_EQ(chown(output.c_str(), 65534, 65534), 0);
    EXPECT_EQ(exit_status(must(base::spawn(other, output, Lifetime::its_own))), 0);
    EXPECT_EQ(must(base::read_file(output)), "before\nout\n");
}

TEST_F(BackgroundTest, has_a_session_of_its_own) {
    const auto child = must(base::spawn({.arguments = {"sleep", "60"}}, output, Lifetime::its_own));
    EXPECT_EQ(getsid(child), child);
    kill(child, SIGKILL);
    exit_status(child);
}

TEST_F(BackgroundTest, keeps_none_of_our_files_open) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const auto child = must(base::spawn({.arguments = {"sleep", "60"}}, output, Lifetime::its_own));
    close(ends[1]);
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    kill(child, SIGKILL);
    exit_status(child);
}

TEST_F(BackgroundTest, ends_with_the_thread_that_started_it_when_it_is_to) {
    pid_t ours = 0;
    pid_t its_own = 0;
    const Command sleep{.arguments = {"sleep", "60"}};
    std::thread([&] {
        ours = must(base::spawn(sleep, output, Lifetime::ours));
        its_own = must(base::spawn(sleep, output, Lifetime::its_own));
    }).join();
    EXPECT_EQ(WTERMSIG(exit_status(ours)), SIGQUIT);
    EXPECT_EQ(waitpid(its_own, nullptr, WNOHANG), 0);
    kill(its_own, SIGKILL);
    exit_status(its_own);
}

TEST_F(BackgroundTest, says_at_once_that_it_cannot_start) {
    EXPECT_EQ(base::spawn({.arguments = {"no-such-program-here"}}, output, Lifetime::its_own)
                  .error()
                  .kind,
              ErrorKind::not_found);
    EXPECT_FALSE(base::spawn({.arguments = {"true"}}, folder / "absent", Lifetime::its_own));
    // Nothing is left to be waited for.
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/must.h"
#include "support/soon.h"
#include "support/temp_folder.h"

namespace {

using base::Child;
using base::Deadline;
using base::ErrorKind;
using base::Wiring;
using support::must;
using support::soon;
using namespace std::chrono_literals;

Child start(const std::string& script, Wiring wiring) {
    return must(Child::start({.arguments = {"sh", "-c", script}}, wiring));
}

// All that comes from `fd` until its end.
std::string all_of(int fd) {
    std::string text;
    std::array<char, 4096> block{};
    for (;;) {
        pollfd something{fd, POLLIN, 0};
        if (poll(&something, 1, 20000) <= 0) return text + " … and then nothing for too long";
        const auto count = read(fd, block.data(), block.size());
        if (count <= 0) return text;
        text.append(block.data(), static_cast<std::size_t>(count));
    }
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool is_gone(pid_t process) {
    for (const auto deadline = soon(); !deadline.passed(); std::this_thread::sleep_for(5ms)) {
        if (kill(process, 0) != 0) return true;
        // Nobody may be there to reap it.
        if (content_of("/proc/" + std::to_string(process) + "/stat").find(") Z") !=
            std::string::npos) {
            return true;
        }
    }
    return false;
}

TEST(Child, is_listened_to_while_it_runs) {
    auto child = start("echo out; echo err >&2; exit 3", Wiring::listened_to);
    EXPECT_EQ(all_of(child.output()), "out\n");
    EXPECT_EQ(all_of(child.errors()), "err\n");
    EXPECT_EQ(must(child.finish(soon())), 3);
}

TEST(Child, is_talked_with) {
    auto child = start("cat", Wiring::talked_with);
    ASSERT_EQ(send(child.input(), "hello", 5, MSG_NOSIGNAL), 5);
    child.close_input();
    EXPECT_EQ(all_of(child.output()), "hello");
    EXPECT_EQ(must(child.finish(soon())), 0);
}

TEST(Child, has_nothing_to_read_unless_it_is_talked_with) {
    auto child = start("cat; exit 4", Wiring::listened_to);
    EXPECT_EQ(must(child.finish(soon())), 4);
}

TEST(Child, ends_with_everything_it_started_at_the_deadline) {
    auto child = start("sleep 1000 & echo $!; wait", Wiring::listened_to);
    std::array<char, 32> number{};
    pollfd something{child.output(), POLLIN, 0};
    ASSERT_EQ(poll(&something, 1, 20000), 1);
    ASSERT_GT(read(child.output(), number.data(), number.size() - 1), 0);
    const pid_t grandchild = std::stoi(number.data());
    const auto finished = child.finish(Deadline::after(10ms));
    ASSERT_FALSE(finished.has_value());
    EXPECT_EQ(finished.error().kind, ErrorKind::deadline);
    EXPECT_TRUE(is_gone(grandchild));
}

TEST(Child, leaves_nothing_running_behind) {
    const support::TempFolder folder;
    const auto file = folder / "number";
    auto child = start("trap '' TERM; sleep 1000 & echo $! > " + file.string(), Wiring::loud);
    EXPECT_EQ(must(child.finish(soon())), 0);
    EXPECT_TRUE(is_gone(std::stoi(content_of(file))));
}

TEST(Child, says_that_there_is_no_such_program) {
    const auto child = Child::start({.arguments = {"/no/such/program"}}, Wiring::loud);
    ASSERT_FALSE(child.has_value());
    EXPECT_EQ(child.error().kind, ErrorKind::not_found);
}

}  // namespace

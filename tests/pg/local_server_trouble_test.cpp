// SPDX-License-Identifier: Apache-2.0
//
// What a local server survives, and what it refuses.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "local/local_server.h"
#include "pg/local_server_fixture.h"

namespace {

using base::ErrorKind;
using local::StartOutcome;
using support::must;
using namespace std::chrono_literals;

bool is_in(std::string_view part, const std::string& text) {
    return text.find(part) != std::string::npos;
}

// A process of the unix user that runs the server, which is no server.
pid_t start_bystander() {
    base::Command sleep{.arguments = {"sleep", "60"}};
    if (const auto user = support::server_user()) sleep.user = user->id;
    return must(base::spawn(sleep, "/dev/null", base::Lifetime::ours));
}

void end(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

void kill_all(const std::filesystem::path& data) {
    while (!local::processes_of(data).empty()) {
        for (const auto pid : local::processes_of(data)) kill(pid, SIGKILL);
        // Those that this program started stay zombies until they are waited for.
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }
}

TEST_F(LocalServerTest, recovers_when_the_machine_lost_power) {
    start_with_data();
    kill_all(data);
    ASSERT_TRUE(std::filesystem::exists(data / "postmaster.pid"));
    EXPECT_FALSE(must(server().status()).running);
    const auto again = start();
    EXPECT_EQ(again.outcome, StartOutcome::started);
    EXPECT_EQ(kept(again), "data");
}

TEST_F(LocalServerTest, ends_the_orphans_of_a_killed_postmaster) {
    const auto started = start_with_data();
    auto session = support::connect(started.administrator);
    std::thread busy([&] {
        // It never looks whether its postmaster is alive.
        EXPECT_FALSE(
            session.run({"SELECT count(*) FROM generate_series(1, 1000000000000)"}, soon()));
    });
    const auto is_busy =
        "SELECT count(*)::text AS value FROM pg_stat_activity"
        " WHERE state = 'active' AND query LIKE '%generate_series(1, 1%'"
        " AND pid <> pg_backend_pid()";
    while (support::ask(started.administrator, is_busy) == "0") std::this_thread::sleep_for(5ms);
    kill(must(server().status()).pid, SIGKILL);
    while (must(server().status()).running) std::this_thread::sleep_for(1ms);
    ASSERT_FALSE(local::processes_of(data).empty());
    const auto again = start();
    busy.join();
    EXPECT_EQ(again.outcome, StartOutcome::started);
    EXPECT_EQ(kept(again), "data");
}

TEST_F(LocalServerTest, is_not_misled_by_a_stale_pid_file_whose_number_is_somebody_elses_now) {
    start_with_data();
    auto lines = *must(base::read_file(data / "postmaster.pid"));
    kill_all(data);
    const auto bystander = start_bystander();
    lines.replace(0, lines.find('\n'), std::to_string(bystander));
    write(data / "postmaster.pid", lines);

    EXPECT_FALSE(must(server().status()).running);
    EXPECT_FALSE(must(server().stop(soon())));
    EXPECT_EQ(kept(start()), "data");
    EXPECT_EQ(kill(bystander, 0), 0);
    end(bystander);
}

TEST_F(LocalServerTest, is_not_misled_by_a_pid_file_that_a_crash_has_emptied) {
    for (const auto* content : {"", "garbage\n"}) {
        start();
        kill_all(data);
        write(data / "postmaster.pid", content);
        EXPECT_EQ(start().outcome, StartOutcome::started) << content;
    }
}

TEST_F(LocalServerTest, moves_to_another_port_and_says_so_when_its_own_is_taken) {
    const auto before = start_with_data();
    must(server().remember_operator(before.administrator));
    must(server().stop(soon()));
    const auto port = std::stoi(std::string(before.administrator.get("port")));

    const int intruder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // What the server's last connections left on the port does not count.
    const int yes = 1;
    ASSERT_EQ(setsockopt(intruder, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(intruder, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(intruder, 1), 0);

    testing::internal::CaptureStderr();
    const auto after = start();
    const auto said = testing::internal::GetCapturedStderr();
    close(intruder);
    EXPECT_NE(after.administrator.get("port"), before.administrator.get("port"));
    EXPECT_TRUE(is_in(std::to_string(port), said)) << said;
    EXPECT_TRUE(is_in(after.administrator.get("port"), said)) << said;
    EXPECT_EQ(kept(after), "data");
    EXPECT_EQ(must(server().operator_login())->get("port"), after.administrator.get("port"));
    must(server().stop(soon()));
    EXPECT_EQ(start().administrator.get("port"), after.administrator.get("port"));
}

TEST_F(LocalServerTest, is_made_whole_when_the_first_start_was_killed_at_any_moment) {
    const std::array moments{5ms, 60ms, 200ms, 400ms, 600ms, 800ms};
    for (const auto moment : moments) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            [[maybe_unused]] const auto ignored = server().start(soon());
            _exit(0);
        }
        std::this_thread::sleep_for(moment);
        end(child);
        EXPECT_EQ(support::ask(start().administrator, "SELECT 'up' AS value"), "up");
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            EXPECT_FALSE(is_in(".new-", entry.path().string())) << moment.count();
        }
        must(server().remove(soon()));
        EXPECT_FALSE(std::filesystem::exists(folder)) << moment.count();
    }
}

TEST_F(LocalServerTest, leaves_a_folder_of_somebody_else_as_it_is) {
    std::filesystem::create_directories(data);
    write(folder / "thesis.txt", "years of work");
    const auto is_refused = [](const auto& result) {
        return !result && result.error().kind == ErrorKind::conflict &&
               is_in("/state is not", result.error().message);
    };
    EXPECT_TRUE(is_refused(server().start(soon())));
    EXPECT_TRUE(is_refused(server().stop(soon())));
    EXPECT_TRUE(is_refused(server().status()));
    EXPECT_TRUE(is_refused(server().remove(soon())));
    EXPECT_TRUE(is_refused(server().remember_operator(pg::ConnectionInfo())));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
    EXPECT_EQ(must(base::read_file(folder / "thesis.txt")), "years of work");
}

TEST_F(LocalServerTest, removes_only_what_is_its_own) {
    start();
    write(folder / "thesis.txt", "years of work");
    EXPECT_TRUE(must(server().remove(soon())));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
    EXPECT_EQ(must(base::read_file(folder / "thesis.txt")), "years of work");
}

TEST_F(LocalServerTest, says_which_major_made_data_that_no_program_here_can_serve) {
    start();
    must(server().stop(soon()));
    write(data / "PG_VERSION", "12\n");
    const auto refused = server().start(soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
    EXPECT_TRUE(is_in("made by Postgres 12", refused.error().message)) << refused.error().message;
    EXPECT_TRUE(is_in("Postgres 12", refused.error().hint)) << refused.error().hint;
}

TEST_F(LocalServerTest, quotes_the_servers_last_words_when_it_does_not_start) {
    start();
    must(server().stop(soon()));
    write(data / "pg_hba.conf", "nonsense\n");
    const auto refused = server().start(soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(is_in("FATAL:  could not load", refused.error().message))
        << refused.error().message;
    EXPECT_TRUE(is_in((folder / "log").string(), refused.error().hint)) << refused.error().hint;
}

TEST_F(LocalServerTest, leaves_nothing_half_made_when_the_disk_is_full) {
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{2 << 20, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const auto refused = server().start(soon());
    setrlimit(RLIMIT_FSIZE, &before);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(is_in("initdb could not make", refused.error().message)) << refused.error().message;
    EXPECT_FALSE(std::filesystem::exists(data));
    EXPECT_EQ(start().outcome, StartOutcome::made);
}

TEST_F(LocalServerTest, names_a_folder_that_it_may_not_make) {
    folder = "/proc/reviewdb";
    const auto refused = server().start(soon());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(is_in("/proc/reviewdb", refused.error().message)) << refused.error().message;
}

TEST_F(LocalServerTest, names_the_folder_that_the_servers_unix_user_cannot_enter) {
    if (geteuid() != 0) GTEST_SKIP() << "only root runs Postgres as another user";
    const auto closed = parent / "closed";
    std::filesystem::create_directory(closed);
    std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
    folder = closed / "state";
    const auto refused = server().start(soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_TRUE(is_in("cannot enter " + closed.string(), refused.error().message))
        << refused.error().message;
    EXPECT_TRUE(is_in("REVIEWDB_STATE_DIR", refused.error().hint)) << refused.error().hint;
}

TEST_F(LocalServerTest, says_what_to_do_when_the_superusers_password_is_gone) {
    start();
    std::filesystem::remove(folder / "administrator");
    const auto refused = server().start(soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
    EXPECT_TRUE(is_in("reviewdb local remove", refused.error().hint)) << refused.error().hint;
}

}  // namespace

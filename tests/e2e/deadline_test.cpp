// SPDX-License-Identifier: Apache-2.0
//
// --deadline against everything that can keep a call waiting: it is the user's, and no call takes a
// second longer.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <mutex>

#include "base/bytes.h"
#include "e2e/cli_fixture.h"
#include "support/at_once.h"
#include "support/starting_server.h"
#include "support/tcp_proxy.h"

namespace {

using namespace std::chrono_literals;
using e2e::Words;
using Clock = std::chrono::steady_clock;

constexpr auto k_deadline = 1s;
// The promise is one second more. A busy machine may take its time to start a program.
constexpr auto k_promise = 1s;
constexpr auto k_noise = 4s;

// A socket on a free port of 127.0.0.1 with a queue of `backlog` that nobody ever takes from.
class DeafListener {
   public:
    explicit DeafListener(int backlog) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        auto* name = reinterpret_cast<sockaddr*>(&address_);
        socklen_t size = sizeof address_;
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(fd_, name, size) != 0 || listen(fd_, backlog) != 0 ||
            getsockname(fd_, name, &size) != 0) {
            throw std::runtime_error("the deaf listener cannot listen");
        }
    }
    DeafListener(const DeafListener&) = delete;
    DeafListener& operator=(const DeafListener&) = delete;
    ~DeafListener() {
        for (const int fd : callers_) close(fd);
        close(fd_);
    }
    int port() const { return ntohs(address_.sin_port); }
    // Takes up the whole queue, so that the next connection gets no answer at all.
    void fill() {
        constexpr int k_more_than_fit = 8;
        for (int i = 0; i < k_more_than_fit; ++i) {
            callers_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            [[maybe_unused]] const auto begun = connect(
                callers_.back(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
        }
    }

   private:
    int fd_;
    sockaddr_in address_{};
    std::vector<int> callers_;
};

class DeadlineTest : public e2e::CliTest {
   protected:
    static std::string url(const std::string& host, int port) {
        return fmt::format("postgresql://reviewdb_operator:x@{}:{}/reviewdb?sslmode=disable", host,
                           port);
    }
    // The call ends in time with the exit code that says "later", and says `why`.
    void expect_in_time(const std::function<base::Finished()>& deed, const std::string& why) {
        const auto start = Clock::now();
        const auto finished = deed();
        const auto taken = Clock::now() - start;
        EXPECT_EQ(finished.exit_code, 6) << finished.err;
        EXPECT_EQ(finished.out, "");
        EXPECT_THAT(finished.err, testing::ContainsRegex(why));
        EXPECT_LT(taken, k_deadline + k_promise + k_noise);
        const std::lock_guard lock(mutex_);
        worst_ = std::max(worst_, std::chrono::duration_cast<std::chrono::milliseconds>(taken));
    }
    // For verbs that change, that read, and that look.
    void expect_all_in_time(const std::string& server, const std::string& why) {
        const std::vector<Words> calls{{"create", "x"}, {"delete", "x"}, {"reset", "x", "--yes"},
                                       {"url", "x"},    {"list"},        {"doctor"},
                                       {"init"}};
        support::at_once(calls.size(), calls.size(), [&](std::size_t i) {
            auto words = calls.at(i);
            SCOPED_TRACE(words.front());
            words.insert(words.end(), {"--deadline", "1s"});
            expect_in_time([&] { return reviewdb(words, {{"REVIEWDB_SERVER", server}}); }, why);
        });
    }
    void TearDown() override {
        std::cout << "the slowest took " << worst_.count() << " ms of " << 1000 << "\n";
    }

    std::mutex mutex_;
    std::chrono::milliseconds worst_{0};
};

TEST_F(DeadlineTest, ends_when_the_server_accepts_and_never_answers) {
    const DeafListener listener(64);
    expect_all_in_time(url("127.0.0.1", listener.port()), "no answer in time");
}

TEST_F(DeadlineTest, ends_when_nothing_answers_at_the_address) {
    DeafListener listener(0);
    listener.fill();
    expect_all_in_time(url("127.0.0.1", listener.port()), "no answer in time");
}

TEST_F(DeadlineTest, ends_when_the_address_refuses) {
    int port = 0;
    {
        const DeafListener listener(0);
        port = listener.port();
    }
    expect_all_in_time(url("127.0.0.1", port), "cannot connect to 127.0.0.1");
}

TEST_F(DeadlineTest, ends_when_the_server_goes_on_starting_up) {
    int port = 0;
    {
        const DeafListener listener(0);
        port = listener.port();
    }
    const support::StartingServer starting(port);
    expect_all_in_time(url("127.0.0.1", port), "starting up");
}

TEST_F(DeadlineTest, ends_when_the_host_has_no_address) {
    expect_all_in_time(url("no-such-host.invalid", 5432), "no-such-host.invalid");
}

TEST_F(DeadlineTest, ends_when_the_server_stops_answering_on_the_way) {
    for (const auto* text :
         {"pg_try_advisory_lock", "CREATE ROLE", "CREATE DATABASE", "retired_at"}) {
        SCOPED_TRACE(text);
        support::TcpProxy wire(port());
        wire.stall_after_request(text);
        auto server = operator_url();
        const auto from = ":" + std::to_string(port());
        server.replace(server.find(from), from.size(), ":" + std::to_string(wire.port()));
        const auto name = support::unique_name();
        const bool removal = std::string_view(text) == "retired_at";
        if (removal) output({"create", name});
        expect_in_time(
            [&] {
                return reviewdb({removal ? "delete" : "create", name, "--deadline", "1s"},
                                {{"REVIEWDB_SERVER", server}});
            },
            "in time|in_doubt|connection|worked on");
        wire.reset();
        wire.forward();
        output({"create", name});
        output({"delete", name});
    }
}

TEST_F(DeadlineTest, ends_when_somebody_else_works_on_the_environment) {
    const auto name = support::unique_name();
    const auto digest =
        base::sha256("environment" + std::string(1, '\0') + "review" + std::string(1, '\0') + name);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = (number << 8U) | digest.at(i);
    auto holder = support::connect(support::shared_cluster().superuser("reviewdb"));
    support::must(
        holder.run({"SELECT pg_advisory_lock($1::bigint)", {std::to_string(number >> 1U)}},
                   base::Deadline::after(10s)));
    for (const auto* verb : {"create", "delete", "close", "rotate"}) {
        SCOPED_TRACE(verb);
        expect_in_time(
            [&] {
                return reviewdb({verb, name, "--deadline", "1s"});
            },
            "being worked on by.*server process " + std::to_string(holder.backend_pid()));
    }
}

TEST_F(DeadlineTest, ends_when_somebody_locks_the_registry) {
    auto holder = support::connect(support::shared_cluster().superuser("reviewdb"));
    const auto soon = base::Deadline::after(10s);
    support::must(holder.run({"BEGIN"}, soon));
    support::must(holder.run({"LOCK TABLE registry.environment"}, soon));
    for (const Words& words : {Words{"create", "x"}, Words{"list"}, Words{"doctor"}}) {
        SCOPED_TRACE(words.front());
        auto all = words;
        all.insert(all.end(), {"--deadline", "1s"});
        expect_in_time([&] { return reviewdb(all); }, "in time|lock");
    }
}

// A name server that is there and says nothing, in a mount namespace of the call's own.
TEST_F(DeadlineTest, ends_when_the_name_server_does_not_answer) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can have a name server of its own";
    constexpr const char* k_address = "127.77.0.53";
    const int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    inet_pton(AF_INET, k_address, &address.sin_addr);
    if (bind(silent, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close(silent);
        GTEST_SKIP() << "the port of name servers is taken";
    }
    const auto file = home() / "resolv.conf";
    std::ofstream(file) << "nameserver " << k_address << "\n";
    base::Command command{
        .arguments = {"unshare", "-m", "sh", "-c",
                      "mount --bind \"$1\" /etc/resolv.conf || exit 77; shift; exec \"$@\"", "sh",
                      file.string(), REVIEWDB_PROGRAM, "create", "x", "--deadline", "1s"},
        .environment = {{"HOME", home().path().string()},
                        {"REVIEWDB_SERVER", url("database.example.org", 5432)}},
        .inherits = base::Environment::bare};
    const auto run = [&] { return support::must(base::run(command, base::Deadline::after(60s))); };
    if (run().exit_code == 77) {
        close(silent);
        GTEST_SKIP() << "no mount namespaces here";
    }
    expect_in_time(run, "'database.example.org' was not resolved in time");
    close(silent);
}

}  // namespace

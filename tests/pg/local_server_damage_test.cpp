// SPDX-License-Identifier: Apache-2.0
//
// A local server that was damaged from outside while it ran, or while it did not.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "local/damage.h"
#include "pg/local_server_fixture.h"

namespace {

using base::ErrorKind;
using local::StartOutcome;
using support::must;
using testing::HasSubstr;

// The file of the server's POSIX shared memory.
std::filesystem::path shared_memory_of(pid_t postmaster) {
    std::ifstream maps("/proc/" + std::to_string(postmaster) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        const auto at = line.find("/dev/shm/PostgreSQL.");
        if (at != std::string::npos) return line.substr(at);
    }
    throw std::runtime_error("the server has no shared memory");
}

TEST_F(LocalServerTest, is_restarted_when_its_shared_memory_was_removed) {
    start_with_data();
    const auto pid = must(server().status()).pid;
    EXPECT_FALSE(local::lost_shared_memory(pid));
    std::filesystem::remove(shared_memory_of(pid));
    EXPECT_TRUE(local::lost_shared_memory(pid));

    testing::internal::CaptureStderr();
    const auto again = start();
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(again.outcome, StartOutcome::started);
    EXPECT_THAT(said, HasSubstr("shared memory of the local server was removed"));
    EXPECT_EQ(kept(again), "data");
    EXPECT_FALSE(local::lost_shared_memory(must(server().status()).pid));
}

TEST_F(LocalServerTest, names_the_part_of_its_data_that_was_removed) {
    for (const auto* part : {"PG_VERSION", "global", "global/pg_filenode.map", "pg_wal"}) {
        start();
        std::filesystem::remove_all(data / part);
        for (const auto* when : {"running", "stopped"}) {
            const auto refused = server().start(soon());
            ASSERT_FALSE(refused) << part << ", " << when;
            EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
            EXPECT_THAT(refused.error().message, HasSubstr((data / part).string())) << when;
            EXPECT_THAT(refused.error().hint, HasSubstr("reviewdb local remove"));
            EXPECT_THAT(must(server().status()).missing.string(),
                        HasSubstr((data / part).string()));
            // Some of these servers can only be killed.
            static_cast<void>(local::stop_postmaster(data, local::Shutdown::immediate, soon()));
        }
        EXPECT_TRUE(must(server().remove(soon()))) << part;
    }
    EXPECT_EQ(start().outcome, StartOutcome::made);
}

TEST_F(LocalServerTest, is_made_anew_with_a_warning_when_its_whole_data_folder_was_removed) {
    const auto before = start_with_data();
    const auto pid = must(server().status()).pid;
    std::filesystem::remove_all(data);

    testing::internal::CaptureStderr();
    const auto after = start();
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(after.outcome, StartOutcome::made);
    EXPECT_THAT(said, HasSubstr("was removed, with all databases in it"));
    // The server without a folder is gone, and its port is free again.
    EXPECT_EQ(after.administrator.get("port"), before.administrator.get("port"));
    EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid) + "/cwd"));
    EXPECT_EQ(support::ask(after.administrator, "SELECT 'up' AS value"), "up");
}

}  // namespace

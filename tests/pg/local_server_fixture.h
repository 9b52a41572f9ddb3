// SPDX-License-Identifier: Apache-2.0
//
// A folder for a local server of the test's own, which is gone when the test is over.
#pragma once

#include <chrono>
#include <fstream>
#include <string>

#include "base/file.h"
#include "local/local_server.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/pristine.h"
#include "support/sql.h"
#include "support/temp_folder.h"

class LocalServerTest : public support::PgTest {
   protected:
    void SetUp() override {
        support::PgTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        places.folders = {support::installation_of(support::test_major()).bin};
    }
    void TearDown() override {
        if (local::StateFolder(folder).owner() == local::StateFolder::Owner::us) {
            EXPECT_TRUE(server().remove(soon()));
        }
    }

    static base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(60)); }

    // A new view of the same server, as another program would have it.
    local::LocalServer server() { return {folder, places, log}; }

    local::Started start() { return support::must(server().start(soon())); }
    local::Started start_with_data() {
        auto started = start();
        support::execute(started.administrator, "CREATE TABLE kept AS SELECT 'data' AS value");
        return started;
    }
    static std::string kept(const local::Started& started) {
        return support::ask(started.administrator, "SELECT value FROM kept");
    }

    static void write(const std::filesystem::path& file, const std::string& content) {
        std::ofstream(file) << content;
    }

    support::TempFolder parent{"reviewdb-test-", 0755, support::Medium::memory};
    std::filesystem::path folder = parent / "state";
    std::filesystem::path data = folder / "data";
    local::SearchPlaces places;
    base::Log log{base::LogLevel::warning, base::LogFormat::text};
};

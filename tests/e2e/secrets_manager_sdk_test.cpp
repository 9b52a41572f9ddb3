// SPDX-License-Identifier: Apache-2.0
//
// AWS's own JavaScript client against the stand-in for Secrets Manager: that it signs, speaks and
// understands refusals is what shows that the stand-in speaks the protocol. The scenarios are in
// tests/e2e/tools/aws; REVIEWDB_TEST_TOOLS is where ./dev test has installed the client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/subprocess.h"
#include "support/aws/secrets_manager.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace {

using support::Fault;
using testing::ElementsAre;

class SecretsManagerSdk : public testing::Test {
   protected:
    void SetUp() override {
        const char* tools = getenv("REVIEWDB_TEST_TOOLS");  // NOLINT(concurrency-mt-unsafe)
        if (tools == nullptr) {
            // NOLINTNEXTLINE(concurrency-mt-unsafe)
            if (getenv("CI") != nullptr) FAIL() << "CI tests with it, but there are no tools";
            GTEST_SKIP() << "Skipped: no tools (REVIEWDB_TEST_TOOLS is not set)";
        }
        std::filesystem::copy(std::filesystem::path(REVIEWDB_TOOLS_SOURCE) / "aws", home_.path(),
                              std::filesystem::copy_options::recursive);
        std::filesystem::create_directory_symlink(std::filesystem::path(tools) / "node_modules",
                                                  home_ / "node_modules");
    }

    base::Finished run(const std::string& scenario, std::map<std::string, std::string> variables,
                       int attempts) const {
        base::Command command{.arguments = {"node", "secrets_manager.mjs", scenario},
                              .environment = std::move(variables),
                              .inherits = base::Environment::bare,
                              .folder = home_.path().string()};
        command.environment["HOME"] = home_.path().string();
        command.environment["ATTEMPTS"] = std::to_string(attempts);
        return support::must(base::run(command, base::Deadline::after(std::chrono::seconds(60))));
    }
    void expect_success(const std::string& scenario) const {
        const auto finished = run(scenario, aws_.variables(), 1);
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        EXPECT_THAT(aws_.calls(), testing::Not(testing::IsEmpty()));
    }
    // What the SDK makes of reading the secret `s`: its value, or the error's name.
    std::string read_once(int attempts = 1) const {
        return run("reads_once", aws_.variables(), attempts).out;
    }

    support::TempFolder home_{"reviewdb-sdk-"};
    support::SecretsManagerStandIn aws_;
};

TEST_F(SecretsManagerSdk, creates_and_reads) { expect_success("creates_and_reads"); }
TEST_F(SecretsManagerSdk, puts_versions) { expect_success("puts_versions"); }
TEST_F(SecretsManagerSdk, moves_stages) { expect_success("moves_stages"); }
TEST_F(SecretsManagerSdk, tags) { expect_success("tags"); }
TEST_F(SecretsManagerSdk, deletes_and_restores) { expect_success("deletes_and_restores"); }
TEST_F(SecretsManagerSdk, rotates) { expect_success("rotates"); }
TEST_F(SecretsManagerSdk, meets_every_error_by_its_class) { expect_success("meets_every_error"); }

TEST_F(SecretsManagerSdk, reads_what_a_test_has_put) {
    aws_.put("s", "here");
    EXPECT_EQ(read_once(), "here\n");
    EXPECT_THAT(aws_.actions(), ElementsAre("GetSecretValue"));
}

TEST_F(SecretsManagerSdk, knows_faults_by_their_names) {
    aws_.put("s", "here");
    aws_.fail_at(1, Fault::throttle());
    aws_.fail_at(2, Fault::access_denied());
    aws_.fail_at(3, Fault::expired_token());
    aws_.fail_at(4, Fault::internal_error());
    EXPECT_EQ(read_once(), "ThrottlingException\n");
    EXPECT_EQ(read_once(), "AccessDeniedException\n");
    EXPECT_EQ(read_once(), "ExpiredTokenException\n");
    EXPECT_EQ(read_once(), "InternalServiceError\n");
}

TEST_F(SecretsManagerSdk, tries_again_after_what_passes) {
    aws_.put("s", "here");
    aws_.fail_next(Fault::throttle());
    aws_.fail_next(Fault::unavailable());
    aws_.fail_next(Fault::close());
    EXPECT_EQ(read_once(4), "here\n");
    EXPECT_EQ(aws_.count("GetSecretValue"), 4U);
}

TEST_F(SecretsManagerSdk, is_refused_with_credentials_that_nobody_knows) {
    aws_.put("s", "here");
    auto wrong = aws_.credentials();
    wrong.secret_access_key += "x";
    const auto variables = aws_.variables();
    aws_.accept_only({wrong});
    EXPECT_EQ(run("reads_once", variables, 1).out, "InvalidSignatureException\n");
}

}  // namespace

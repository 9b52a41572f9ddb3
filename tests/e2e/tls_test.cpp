// SPDX-License-Identifier: Apache-2.0
//
// A server that takes nothing but TLS, with a certificate of an authority that only a file knows.
#include "e2e/cli_fixture.h"
#include "support/pristine.h"
#include "support/tls_files.h"

namespace {

using support::Cluster;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class TlsTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        options.tls = support::Tls::required;
        cluster_ = std::make_unique<Cluster>(options);
        const auto made = reviewdb({"init", "--advertise", address()},
                                   cluster_->make_administrator().to_uri().reveal());
        ASSERT_EQ(made.exit_code, 0) << made.err;
        operator_ = made.out;
        operator_.pop_back();
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(cluster_->port()); }
    base::Finished reviewdb(const e2e::Words& words, const std::string& server) const {
        return e2e::call(home_.path(), words, {{"REVIEWDB_SERVER", server}});
    }
    std::string output(const e2e::Words& words) const {
        const auto finished = reviewdb(words, operator_);
        EXPECT_EQ(finished.exit_code, 0) << words[0] << ": " << finished.err;
        return finished.out;
    }
    // The operator's string with one keyword changed.
    std::string operator_with(const std::string& keyword, const std::string& value) const {
        return e2e::login_of(operator_).with(keyword, value).to_uri().reveal();
    }

    support::TempFolder home_;
    std::unique_ptr<Cluster> cluster_;
    std::string operator_;
};

TEST_F(TlsTest, EverythingWorksAndWhatIsPrintedHasTheAdvertisedModeAndNoPathOfOurs) {
    EXPECT_THAT(operator_, HasSubstr("sslmode=verify-full"));
    output({"create", "branch"});
    const auto url = output({"url", "branch"});
    EXPECT_THAT(url, EndsWith("?sslmode=verify-full\n"));
    EXPECT_THAT(output({"env", "branch"}), Not(HasSubstr("sslrootcert")));
    const auto login = e2e::login_of(url).with("sslrootcert", cluster_->ca_file().string());
    EXPECT_EQ(support::ask(login,
                           "SELECT ssl::text AS value FROM pg_stat_ssl WHERE pid = "
                           "pg_backend_pid()"),
              "true");
    EXPECT_EQ(output({"psql", "branch", "--via", "connection", "--", "-X", "-A", "-t", "-c",
                      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"}),
              "t\n");
    output({"doctor"});
    output({"delete", "branch"});
}

TEST_F(TlsTest, AnotherAuthorityIsDeniedAtOnceAndNamed) {
    const support::TempFolder folder("reviewdb-test-", 0755);
    support::must(local::give(folder.path(), support::server_user()));
    const auto other = support::make_tls_files(folder.path(), support::server_user());
    for (const e2e::Words& words : {e2e::Words{"create", "branch"}, {"list"}, {"init"}}) {
        const auto finished = reviewdb(words, operator_with("sslrootcert", other.authority));
        EXPECT_EQ(finished.exit_code, 5) << finished.err;
        EXPECT_THAT(finished.err, HasSubstr("certificate"));
        EXPECT_THAT(finished.err, HasSubstr(address()));
    }
}

TEST_F(TlsTest, WithoutTlsOrAnAuthorityNothingIsSentAndTheErrorSaysWhy) {
    const auto plain = reviewdb({"create", "branch"}, operator_with("sslmode", "disable"));
    EXPECT_EQ(plain.exit_code, 5) << plain.err;
    const auto none = reviewdb({"create", "branch"}, operator_with("sslrootcert", ""));
    EXPECT_EQ(none.exit_code, 5) << none.err;
    EXPECT_THAT(none.err, AnyOf(HasSubstr("sslrootcert"), HasSubstr("root certificate")));
    // Through a name that the certificate does not have.
    const auto name = reviewdb(
        {"create", "branch"}, operator_with("host", "another.example.org") + "&hostaddr=127.0.0.1");
    EXPECT_EQ(name.exit_code, 5) << name.err;
    EXPECT_THAT(name.err, HasSubstr("another.example.org"));
}

}  // namespace

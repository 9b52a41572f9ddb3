// SPDX-License-Identifier: Apache-2.0
//
// The command line with secrets, key and the operator's login in Secrets Manager.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "e2e/cli_fixture.h"
#include "environment/secret_value.h"
#include "support/aws/secrets_manager.h"
#include "support/incumbent.h"
#include "support/sql.h"

namespace {

using support::Incumbent;

class CliAwsTest : public support::PgTest {
   protected:
    static constexpr const char* k_administrator = "administrator";

    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        options.tls = support::Tls::required;
        cluster_.emplace(options);
        administrator_ = cluster_->make_administrator();
        aws_.put(k_administrator,
                 fmt::format(R"({{"host":"{}","port":{},"username":"{}","password":"{}"}})",
                             administrator_->get("host"), administrator_->get("port"),
                             administrator_->get("user"), administrator_->password().reveal()));
    }

    base::Finished reviewdb(const e2e::Words& words, const std::string& server) {
        auto variables = aws_.variables();
        variables["REVIEWDB_SERVER"] = server;
        variables["PGSSLROOTCERT"] = cluster_->ca_file().string();
        return e2e::call(home_.path(), words, variables);
    }
    base::Finished as_operator(const e2e::Words& words) {
        return reviewdb(words, "secret:" + operator_secret());
    }
    std::string operator_secret() const {
        return fmt::format("reviewdb/operator/127.0.0.1/{}", cluster_->port());
    }
    void init() {
        const auto prepared = reviewdb({"init", "--secrets", "aws", "--advertise",
                                        fmt::format("127.0.0.1:{}", cluster_->port())},
                                       "secret:administrator");
        ASSERT_EQ(prepared.exit_code, 0) << prepared.err;
        EXPECT_EQ(prepared.out, "");
        EXPECT_NE(prepared.err.find("secret:" + operator_secret()), std::string::npos)
            << prepared.err;
    }
    void expect_success(const base::Finished& finished) {
        EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
    }
    pg::ConnectionInfo login_of(const std::string& secret) {
        const auto login =
            *environment::login_in_secret(base::Secret(aws_.value(secret).value_or("{}")));
        return administrator_->with("dbname", login.dbname).with_login(login.user, login.password);
    }

    support::TempFolder home_;
    std::optional<support::Cluster> cluster_;
    std::optional<pg::ConnectionInfo> administrator_;
    support::SecretsManagerStandIn aws_;
};

TEST_F(CliAwsTest, EveryVerbWorksWithSecretsKeyAndLoginInSecretsManager) {
    init();
    EXPECT_TRUE(aws_.value("reviewdb/key/127.0.0.1"));
    expect_success(as_operator({"config", "set", "secret_tags=team=web cost=42"}));
    const auto url = as_operator({"create", "feature/x", "-o", "url"});
    expect_success(url);
    const auto names = aws_.names();
    const auto name = std::ranges::find_if(
        names, [](const auto& one) { return one.starts_with("review_feature_x__"); });
    ASSERT_NE(name, names.end());
    EXPECT_EQ(aws_.secret(*name)->tags.at("team"), "web");
    EXPECT_EQ(support::ask(login_of(*name), "SELECT 'in' AS value"), "in");
    EXPECT_NE(as_operator({"create", "feature/x"}).out.find("unchanged"), std::string::npos);
    for (const auto& words : std::vector<e2e::Words>{{"rotate", "feature/x"},
                                                     {"reset", "feature/x", "--yes"},
                                                     {"repair", "--all"},
                                                     {"close", "feature/x"},
                                                     {"open", "feature/x"},
                                                     {"doctor"}}) {
        expect_success(as_operator(words));
    }
    EXPECT_EQ(support::ask(login_of(*name), "SELECT 'in' AS value"), "in");
    expect_success(as_operator({"delete", "feature/x"}));
    EXPECT_FALSE(aws_.secret(*name));
}

TEST_F(CliAwsTest, KeysAreMadeMovedAndRetiredThere) {
    init();
    expect_success(as_operator({"create", "x"}));
    expect_success(as_operator({"key", "rotate"}));
    EXPECT_TRUE(aws_.value("reviewdb/key/127.0.0.1.2"));
    expect_success(as_operator({"rotate", "--all"}));
    expect_success(as_operator({"key", "retire", "1"}));
    expect_success(as_operator({"key", "move", "aws:company/reviewdb"}));
    EXPECT_TRUE(aws_.value("company/reviewdb.2"));
    EXPECT_NE(as_operator({"create", "x"}).out.find("unchanged"), std::string::npos);
    EXPECT_EQ(support::ask(login_of("review_x"), "SELECT 'in' AS value"), "in");
}

TEST_F(CliAwsTest, TheOperatorsLoginIsRotatedInItsSecret) {
    init();
    const auto before = *aws_.value(operator_secret());
    const auto rotated = as_operator({"rotate", "--operator"});
    expect_success(rotated);
    EXPECT_EQ(rotated.out, "");
    EXPECT_NE(*aws_.value(operator_secret()), before);
    expect_success(as_operator({"create", "x"}));
}

TEST_F(CliAwsTest, AMissingPermissionOrSecretIsNamedWithWhatHelps) {
    init();
    aws_.deny("CreateSecret");
    const auto refused = as_operator({"create", "x"});
    EXPECT_EQ(refused.exit_code, 5) << refused.err;
    EXPECT_NE(refused.err.find("secretsmanager:CreateSecret"), std::string::npos) << refused.err;
    aws_.allow("CreateSecret");
    expect_success(as_operator({"create", "x"}));
    const auto lost = reviewdb({"list"}, "secret:nowhere");
    EXPECT_EQ(lost.exit_code, 3) << lost.err;
    EXPECT_NE(lost.err.find("nowhere"), std::string::npos) << lost.err;
}

TEST_F(CliAwsTest, ImportTakesOverAllStagesOfTheFormerLambda) {
    init();
    const Incumbent incumbent(*administrator_);
    for (const auto* stage : {"one", "two-b", "Three"}) {
        aws_.put(Incumbent::secret(stage), incumbent.create(stage).reveal());
    }
    aws_.put(Incumbent::secret("spoilt"), incumbent.create("spoilt").reveal());
    aws_.put(Incumbent::secret("spoilt"), Incumbent::placeholder().reveal());
    const auto import = [&](const e2e::Words& more) {
        e2e::Words words{"import", "--project", "reviewapp"};
        words.insert(words.end(), more.begin(), more.end());
        return reviewdb(words, "secret:administrator");
    };
    expect_success(reviewdb({"config", "set", "secret_pattern=aurora_postgres_{slug}_cdk",
                             "adopt=import", "--project", "reviewapp"},
                            "secret:" + operator_secret()));
    const auto planned = import({"--dry-run"});
    EXPECT_EQ(planned.exit_code, 4) << planned.out << planned.err;
    EXPECT_NE(planned.out.find("two-b"), std::string::npos) << planned.out;
    EXPECT_EQ(as_operator({"list", "-q", "--project", "reviewapp"}).out, "");
    const auto done = import({});
    EXPECT_EQ(done.exit_code, 4) << done.out << done.err;
    EXPECT_EQ(as_operator({"list", "-q", "--project", "reviewapp"}).out, "Three\none\ntwo-b\n");
    for (const auto* stage : {"one", "two-b", "Three"}) {
        EXPECT_EQ(support::ask(login_of(Incumbent::secret(stage)), "SELECT 'in' AS value"), "in");
    }
    const auto again = import({"one"});
    expect_success(again);
    EXPECT_NE(again.out.find("unchanged"), std::string::npos) << again.out;
}

}  // namespace

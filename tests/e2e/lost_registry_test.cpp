// SPDX-License-Identifier: Apache-2.0
//
// The control database is gone and the environments are not: they are named, never taken for
// absent, and there is a way on.
#include <fmt/format.h>

#include "e2e/cli_fixture.h"

namespace {

using e2e::login_of;
using e2e::Words;
using support::ask;
using support::execute;
using testing::AllOf;
using testing::HasSubstr;

// A server that only the test uses.
class LostRegistryTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        cluster_ = std::make_unique<support::Cluster>();
        administrator_ = cluster_->make_administrator().to_uri().reveal();
    }
    base::Finished call(const std::string& server, const Words& words) const {
        return e2e::call(home_.path(), words, {{"REVIEWDB_SERVER", server}});
    }
    base::Finished init(const Words& more = {}) {
        Words words{"init", "--sslmode", "disable", "--advertise",
                    "127.0.0.1:" + std::to_string(cluster_->port())};
        words.insert(words.end(), more.begin(), more.end());
        auto made = call(administrator_, words);
        if (made.exit_code == 0) operator_ = made.out.substr(0, made.out.find('\n'));
        return made;
    }
    base::Finished reviewdb(const Words& words) const { return call(operator_, words); }
    std::string output(const Words& words) const {
        const auto finished = reviewdb(words);
        EXPECT_EQ(finished.exit_code, 0) << words[0] << ": " << finished.err;
        return finished.out;
    }
    // With a row in the environment `name`.
    void make(const std::string& name) const {
        output({"create", name});
        execute(login_of(output({"url", name})), "CREATE TABLE mine AS SELECT 1 AS one");
    }
    void lose_registry() const {
        execute(cluster_->superuser(), "DROP DATABASE reviewdb WITH (FORCE)");
    }
    // Databases, roles and their passwords.
    std::string server() const {
        return ask(cluster_->superuser(),
                   "SELECT (SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database) "
                   "|| (SELECT string_agg(rolname || coalesce(rolpassword, ''), ' ' ORDER BY "
                   "rolname) FROM pg_authid) AS value");
    }
    std::string number_of_tables(const std::string& database) const {
        return ask(cluster_->superuser(database),
                   "SELECT count(*)::text AS value FROM pg_tables WHERE tablename = 'mine'");
    }

    std::unique_ptr<support::Cluster> cluster_;
    std::string administrator_;
    std::string operator_;
    support::TempFolder home_;
};

TEST_F(LostRegistryTest, IsNotMadeAnewWithoutAWord) {
    ASSERT_EQ(init().exit_code, 0);
    make("login");
    make("feature/x");
    lose_registry();
    const auto before = server();
    const auto refused = init();
    EXPECT_EQ(refused.exit_code, 4) << refused.err;
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, AllOf(HasSubstr("review_login"), HasSubstr("review_feature_x__"),
                                   HasSubstr("--adopt"), HasSubstr("--beside")));
    EXPECT_EQ(server(), before);
    // No verb takes what is there for absent.
    for (const Words& words :
         {Words{"delete", "login"}, {"url", "login"}, {"create", "login"}, {"doctor"}}) {
        EXPECT_NE(reviewdb(words).exit_code, 0) << words[0];
    }
    EXPECT_EQ(server(), before);
    EXPECT_EQ(init({"--adopt", "--beside"}).exit_code, 2);
}

TEST_F(LostRegistryTest, IsMadeFromTheStampsWithTheKeyThatReadsThem) {
    std::ofstream(home_ / "key") << std::string(64, 'a') << "\n";
    const auto key = "file:" + (home_ / "key").string();
    ASSERT_EQ(init({"--key", key}).exit_code, 0);
    make("login");
    make("feature/x");
    const auto url = output({"url", "feature/x"});
    lose_registry();
    const auto adopted = init({"--key", key, "--adopt"});
    ASSERT_EQ(adopted.exit_code, 0) << adopted.err;
    EXPECT_THAT(adopted.err, HasSubstr("adopted as 'feature/x' of project review"));
    EXPECT_EQ(output({"url", "feature/x"}), url);
    EXPECT_EQ(output({"list", "--quiet"}), "feature/x\nlogin\n");
    EXPECT_EQ(ask(login_of(url), "SELECT one::text AS value FROM mine"), "1");
    EXPECT_EQ(output({"create", "login", "--quiet"}), "login\n");
    output({"delete", "login"});
}

TEST_F(LostRegistryTest, IsMadeFromTheNamesOfDatabasesWhereTheKeyWasLostToo) {
    ASSERT_EQ(init().exit_code, 0);
    make("login");
    make("feature/x");
    lose_registry();
    const auto adopted = init({"--adopt"});
    ASSERT_EQ(adopted.exit_code, 0) << adopted.err;
    EXPECT_THAT(adopted.err, AllOf(HasSubstr("adopted as 'login' of project review"),
                                   HasSubstr("adopted into the trash")));
    output({"create", "login"});
    EXPECT_EQ(ask(login_of(output({"url", "login"})), "SELECT one::text AS value FROM mine"), "1");
    EXPECT_EQ(output({"doctor", "--quiet"}).find("failure"), std::string::npos);
}

TEST_F(LostRegistryTest, OfAnotherInstallationIsLeftBeside) {
    ASSERT_EQ(init().exit_code, 0);
    make("login");
    lose_registry();
    ASSERT_EQ(init({"--beside"}).exit_code, 0);
    for (const Words& words : {Words{"delete", "login"},
                               {"create", "login"},
                               {"get", "login"},
                               {"url", "login"},
                               {"reset", "login"},
                               {"repair", "login"}}) {
        const auto refused = reviewdb(words);
        EXPECT_EQ(refused.exit_code, 4) << words[0] << ": " << refused.err;
        EXPECT_THAT(refused.err,
                    AllOf(HasSubstr("review_login"), HasSubstr("the stamp of the installation")));
    }
    EXPECT_EQ(number_of_tables("review_login"), "1");
    output({"create", "other"});
    EXPECT_EQ(output({"delete", "nothing"}), "nothing  absent\n");
}

TEST_F(LostRegistryTest, ARowThatIsMissingIsNoAbsence) {
    ASSERT_EQ(init().exit_code, 0);
    make("login");
    execute(cluster_->superuser("reviewdb"),
            "DELETE FROM registry.environment WHERE name = 'login'");
    execute(cluster_->superuser("reviewdb"),
            "DELETE FROM registry.instance WHERE database = 'review_login'");
    for (const Words& words :
         {Words{"delete", "login"}, {"create", "login"}, {"get", "login"}, {"url", "login"}}) {
        const auto refused = reviewdb(words);
        EXPECT_EQ(refused.exit_code, 4) << words[0] << ": " << refused.err;
        EXPECT_THAT(refused.err, AllOf(HasSubstr("review_login"), HasSubstr("repair --registry")));
    }
    EXPECT_THAT(output({"repair", "--registry"}), HasSubstr("adopted as 'login'"));
    EXPECT_EQ(ask(login_of(output({"url", "login"})), "SELECT one::text AS value FROM mine"), "1");
    execute(cluster_->superuser(), "COMMENT ON DATABASE review_login IS NULL");
    execute(cluster_->superuser("reviewdb"),
            "DELETE FROM registry.environment WHERE name = 'login'");
    execute(cluster_->superuser("reviewdb"),
            "DELETE FROM registry.instance WHERE database = 'review_login'");
    const auto unreadable = reviewdb({"delete", "login"});
    EXPECT_EQ(unreadable.exit_code, 4);
    EXPECT_THAT(unreadable.err, HasSubstr("a stamp that cannot be read"));
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// A server and its copy, which share one secret store: whatever is done on the copy, no secret of
// the original changes, and nobody is led from one to the other.
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "e2e/cli_fixture.h"
#include "local/port.h"
#include "support/pristine.h"

namespace {

using e2e::Variables;
using e2e::Words;
using support::ask;
using support::Cluster;
using support::must;
using testing::HasSubstr;
using testing::Not;
using Secrets = std::map<std::string, std::string>;
using namespace std::chrono_literals;

enum class Form { stopped, crashed, backup };

// How long both are at work; ./dev chaos has a minute.
std::chrono::seconds time_at_work() {
    const auto* seconds = getenv("REVIEWDB_COPY_SECONDS");
    return std::chrono::seconds(seconds == nullptr ? 0 : std::stoi(seconds));
}

class CopiesTest : public support::PgTest, public testing::WithParamInterface<Form> {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        std::filesystem::create_directory(store_);
        std::filesystem::permissions(store_, std::filesystem::perms::owner_all);
        original_.emplace();
        prepare("127.0.0.1:" + std::to_string(original_->port()));
        if (HasFailure()) return;
        for (const auto* name : {"login", "feature/x", "pay"}) {
            succeeds(*original_, {"create", name, "-q"});
        }
        for (const auto& word : {"host", "dbname"}) {
            EXPECT_THAT(secrets().begin()->second, HasSubstr(word));
        }
    }

    void prepare(const std::string& address) {
        const auto made =
            e2e::call(home_.path(), {"init", "--sslmode", "disable", "--advertise", address},
                      {{"REVIEWDB_SERVER", original_->make_administrator().to_uri().reveal()}});
        ASSERT_EQ(made.exit_code, 0) << made.err;
        operator_ = e2e::login_of(made.out);
        original_->make_login_quick(operator_);
        succeeds(*original_, {"config", "set", "--all-projects", "secrets=file:" + store_.string(),
                              "trash_window=7d"});
    }

    void copy(Form form) {
        support::ClusterOptions options;
        options.copy_of = original_->data();
        if (form == Form::backup) {
            options.copy_of = folder_ / "backup";
            original_->back_up_to(options.copy_of);
        } else if (form == Form::stopped) {
            original_->stop();
        } else {
            original_->kill9();
        }
        copy_.emplace(options);
        if (form != Form::backup) original_->start();
    }

    base::Finished call(const Cluster& server, const Words& words, Variables more = {}) const {
        const auto login = operator_.with("port", std::to_string(server.port()));
        more.emplace("REVIEWDB_SERVER", login.to_uri().reveal());
        return e2e::call(home_.path(), words, std::move(more));
    }
    std::string succeeds(const Cluster& server, const Words& words) const {
        const auto finished = call(server, words);
        EXPECT_EQ(finished.exit_code, 0) << testing::PrintToString(words) << ": " << finished.err;
        return finished.out;
    }
    std::string refused(const Cluster& server, const Words& words, Variables more = {}) const {
        const auto finished = call(server, words, std::move(more));
        EXPECT_EQ(finished.exit_code, 4) << testing::PrintToString(words) << ": " << finished.err;
        EXPECT_EQ(finished.out, "") << testing::PrintToString(words);
        return finished.err;
    }
    Secrets secrets() const {
        Secrets found;
        for (const auto& entry : std::filesystem::directory_iterator(store_)) {
            std::ifstream stream(entry.path());
            found[entry.path().filename().string()] = {std::istreambuf_iterator<char>(stream), {}};
        }
        return found;
    }

    // Every verb, on what the copy has in common with the original and on what is its own.
    std::vector<Words> every_verb() const {
        const std::string sql = folder_ / "table.sql";
        std::ofstream(sql) << "CREATE TABLE t (i int);\n";
        return {{"create", "login"},
                {"create", "login", "-o", "url"},
                {"create", "login", "-o", "env"},
                {"create", "own"},
                {"create", "own", "-o", "json"},
                {"get", "login"},
                {"list"},
                {"url", "login"},
                {"env", "login"},
                {"exec", "login", "--", "true"},
                {"psql", "login", "--", "--version"},
                {"repair", "login"},
                {"repair", "--all"},
                {"rotate", "login"},
                {"rotate", "--all"},
                {"close", "login"},
                {"open", "login"},
                {"reset", "login", "--yes"},
                {"extend", "login", "--ttl", "1s"},
                {"protect", "pay"},
                {"unprotect", "pay"},
                {"sweep"},
                {"release", "pay", "--yes", "-o", "url"},
                {"delete", "feature/x"},
                {"create", "feature/x"},
                {"restore", "feature/x"},
                {"delete", "login", "--purge"},
                {"trash", "list"},
                {"trash", "empty", "--yes"},
                {"template", "create", "data", "--from", sql},
                {"template", "refresh", "data"},
                {"template", "create", "again", "--environment", "pay"},
                {"pool", "set", "1"},
                {"pool", "fill"},
                {"create", "from_the_pool"},
                {"pool", "drain"},
                {"template", "delete", "data"},
                {"import"},
                {"key", "rotate"},
                {"rotate", "--all"},
                {"key", "move", "file:" + (store_ / "key").string()},
                {"config", "set", "ttl=7d"},
                {"config", "set", "--all-projects", "port=" + std::to_string(copy_->port())},
                {"config", "set", "host=localhost"},
                {"init"},
                {"init", "--confirm-server"},
                {"init", "--confirm-server", "--advertise",
                 "127.0.0.1:" + std::to_string(copy_->port())},
                {"repair", "--registry"},
                {"history"},
                {"report"},
                {"doctor"},
                {"uninstall", "--yes", "--delete-all"},
                {"uninstall", "--yes"}};
    }

    // Calls a verb on the copy, and looks at the secrets but the one that changes meanwhile.
    bool does_no_harm(const Words& words, const Secrets& before) const {
        const auto said = call(*copy_, words);
        EXPECT_LT(said.exit_code, 100) << testing::PrintToString(words) << ": " << said.err;
        EXPECT_THAT(said.out, Not(HasSubstr("postgresql://"))) << testing::PrintToString(words);
        EXPECT_THAT(said.out, Not(HasSubstr("PGPASSWORD"))) << testing::PrintToString(words);
        auto now = secrets();
        std::erase_if(now, [](const auto& one) {
            return one.first.find("of_the_original") != std::string::npos;
        });
        EXPECT_EQ(now, before) << testing::PrintToString(words) << ": " << said.err;
        return now == before;
    }

    support::TempFolder home_;
    support::TempFolder folder_{"reviewdb-copies-", 0755, support::Medium::memory};
    std::filesystem::path store_ = folder_ / "secrets";
    std::optional<Cluster> original_;
    std::optional<Cluster> copy_;
    pg::ConnectionInfo operator_;
};

TEST_P(CopiesTest, NoVerbOnACopyChangesASecretOfTheOriginal) {
    copy(GetParam());
    const auto before = secrets();
    const auto end = std::chrono::steady_clock::now() + time_at_work();
    std::atomic<bool> over = false;
    // The original works on what the copy does not have.
    std::thread at_work([&] {
        while (!over) {
            succeeds(*original_, {"create", "login", "-q"});
            succeeds(*original_, {"create", "of_the_original", "-q"});
            succeeds(*original_, {"rotate", "of_the_original", "-q"});
            succeeds(*original_, {"delete", "of_the_original", "-q"});
        }
    });
    bool harmless = true;
    do {
        for (const auto& words : every_verb()) harmless = harmless && does_no_harm(words, before);
    } while (harmless && std::chrono::steady_clock::now() < end);
    over = true;
    at_work.join();
    EXPECT_EQ(secrets(), before);
    const auto all = call(*original_, {"repair", "--all", "--dry-run"});
    EXPECT_EQ(all.exit_code, 0) << all.out << all.err;
}

TEST_P(CopiesTest, ACopyHandsOutNoUrlAndSaysWhatToDo) {
    copy(GetParam());
    const auto github = folder_ / "github";
    for (const Words& words :
         {Words{"url", "login"}, Words{"env", "login"},
          Words{"url", "login", "--via", "connection"}, Words{"exec", "login", "--", "env"},
          Words{"create", "login", "-o", "url"}, Words{"create", "login", "-o", "env"},
          Words{"create", "login", "--exec", "--", "env"}, Words{"create", "login", "-o", "github"},
          Words{"rotate", "login"}, Words{"create", "fresh"},
          Words{"release", "login", "--yes", "-o", "url"}}) {
        const auto why = refused(*copy_, words, {{"GITHUB_ENV", github.string()}});
        EXPECT_THAT(why, HasSubstr("not proven to be the original"));
        EXPECT_THAT(why, HasSubstr("leads to another server"));
        EXPECT_THAT(why, HasSubstr("secrets=none"));
    }
    EXPECT_FALSE(std::filesystem::exists(github));
    // A session inside the copy stays inside it.
    const auto inside =
        succeeds(*copy_, {"exec", "login", "--via", "connection", "--", "printenv", "PGPORT"});
    EXPECT_EQ(inside, std::to_string(copy_->port()) + "\n");

    const auto doctor = call(*copy_, {"doctor"});
    EXPECT_NE(doctor.exit_code, 0);
    EXPECT_THAT(doctor.out, HasSubstr("not proven to be the original"));
    EXPECT_THAT(succeeds(*original_, {"doctor", "-q"}), HasSubstr("server: is proven"));
}

TEST_P(CopiesTest, WorkInsideACopyGoesOnAndWithoutASecretStoreAllOfIt) {
    copy(GetParam());
    const auto before = secrets();
    succeeds(*copy_, {"reset", "login", "--yes"});
    succeeds(*copy_, {"close", "login"});
    succeeds(*copy_, {"delete", "pay", "--purge"});
    EXPECT_EQ(secrets(), before);

    succeeds(*copy_, {"config", "set", "--all-projects", "secrets=none"});
    succeeds(*copy_, {"open", "login"});
    succeeds(*copy_, {"rotate", "login"});
    succeeds(*copy_, {"create", "own"});
    EXPECT_THAT(refused(*copy_, {"url", "own"}), HasSubstr("leads to another server"));
    const auto address = "127.0.0.1:" + std::to_string(copy_->port());
    succeeds(*copy_, {"init", "--confirm-server", "--advertise", address});
    EXPECT_THAT(succeeds(*copy_, {"url", "own"}), HasSubstr(address));
    EXPECT_EQ(ask(e2e::login_of(succeeds(*copy_, {"url", "own"})), "SELECT 'in' AS value"), "in");
    EXPECT_EQ(secrets(), before);
    EXPECT_THAT(succeeds(*original_, {"url", "login"}),
                HasSubstr("127.0.0.1:" + std::to_string(original_->port())));
}

// As when a snapshot takes the place of what was lost.
TEST_P(CopiesTest, ACopyTakesThePlaceOfTheOriginalWhenThatIsGone) {
    copy(GetParam());
    const auto address = "127.0.0.1:" + std::to_string(copy_->port());
    const Words words{"init", "--confirm-server", "--advertise", address};
    EXPECT_THAT(refused(*copy_, words), HasSubstr("would write the same secrets"));
    original_->stop();
    EXPECT_THAT(succeeds(*copy_, words), HasSubstr(address));
    succeeds(*copy_, {"repair", "--all"});
    for (const auto& [name, value] : secrets()) EXPECT_THAT(value, HasSubstr(address)) << name;
    EXPECT_THAT(succeeds(*copy_, {"history"}), HasSubstr("confirmed"));
}

std::vector<Form> forms() {
    if (getenv("REVIEWDB_TEST_EXHAUSTIVELY") == nullptr) return {Form::stopped, Form::backup};
    return {Form::stopped, Form::crashed, Form::backup};
}
std::string name_of(const testing::TestParamInfo<Form>& form) {
    return form.param == Form::stopped   ? "StoppedCopy"
           : form.param == Form::crashed ? "CrashCopy"
                                         : "BaseBackup";
}
INSTANTIATE_TEST_SUITE_P(Forms, CopiesTest, testing::ValuesIn(forms()), name_of);

class RestartTest : public CopiesTest {};

TEST_F(RestartTest, TheProofFollowsARestartByItself) {
    const auto started = [&] {
        return ask(original_->superuser("reviewdb"),
                   "SELECT (started_at = pg_postmaster_start_time())::text AS value "
                   "FROM registry.installation");
    };
    EXPECT_EQ(started(), "true");
    original_->restart();
    EXPECT_EQ(started(), "false");
    succeeds(*original_, {"url", "login"});
    EXPECT_EQ(started(), "true");
    original_->kill9();
    original_->start();
    succeeds(*original_, {"rotate", "login"});
    EXPECT_EQ(started(), "true");
}

// An operator behind a tunnel.
TEST_F(RestartTest, AnAddressThatCannotBeReachedIsConfirmedByHand) {
    const auto port = must(local::choose_port());
    succeeds(*original_, {"config", "set", "--all-projects", fmt::format("port={}", port)});
    succeeds(*original_, {"repair", "--all"});
    EXPECT_THAT(succeeds(*original_, {"url", "login"}), HasSubstr(std::to_string(port)));
    original_->restart();
    const auto before = secrets();
    for (const Words& words : {Words{"url", "login"}, Words{"rotate", "login"}}) {
        const auto why = refused(*original_, words);
        EXPECT_THAT(why, HasSubstr("cannot be reached from here"));
        EXPECT_THAT(why, HasSubstr("reviewdb init --confirm-server"));
    }
    EXPECT_EQ(secrets(), before);
    EXPECT_THAT(succeeds(*original_, {"init", "--confirm-server"}), HasSubstr("by hand"));
    succeeds(*original_, {"rotate", "login"});
    succeeds(*original_, {"url", "login"});
    EXPECT_THAT(succeeds(*original_, {"history"}), HasSubstr("confirmed"));
    EXPECT_THAT(succeeds(*original_, {"init", "--confirm-server"}), HasSubstr("already"));
}

// The password would go to whatever address an operator wrote into the policy.
TEST_F(RestartTest, AnAdministratorsPasswordGoesToNoOtherAddress) {
    const auto administrator = original_->superuser();
    succeeds(*original_, {"config", "set", "--all-projects", "host=localhost"});
    original_->restart();
    const auto said = call(*original_, {"init", "--confirm-server"},
                           {{"REVIEWDB_SERVER", administrator.to_uri().reveal()}});
    EXPECT_NE(said.exit_code, 0);
    EXPECT_THAT(said.err, HasSubstr("daily work is an operator's"));
}

TEST(LocalCopiesTest, AFolderOfTheLocalServerThatWasCopiedIsNoOriginal) {
    if (support::reason_without_postgres(support::test_major())) GTEST_SKIP();
    const support::TempFolder home{"reviewdb-test-", 0755, support::Medium::memory};
    const auto local = [&](const std::string& folder, const Words& words) {
        return e2e::call(
            home.path(), words,
            {{"REVIEWDB_STATE_DIR", (home / folder).string()}, {"REVIEWDB_SERVER", "local"}});
    };
    const auto url = local("first", {"create", "branch", "-o", "url"});
    ASSERT_EQ(url.exit_code, 0) << url.err;
    ASSERT_EQ(local("first", {"local", "stop"}).exit_code, 0);
    support::copy_folder(home / "first", home / "second");
    // The first one is started last, and so takes another port than it had.
    const auto copied = local("second", {"url", "branch"});
    EXPECT_EQ(copied.exit_code, 4) << copied.err;
    EXPECT_EQ(copied.out, "");
    EXPECT_THAT(copied.err, HasSubstr("was copied or moved"));
    const auto again = local("first", {"url", "branch"});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(ask(e2e::login_of(again.out), "SELECT 'in' AS value"), "in");

    EXPECT_EQ(local("second", {"init", "--confirm-server"}).exit_code, 0);
    const auto confirmed = local("second", {"url", "branch"});
    EXPECT_EQ(confirmed.exit_code, 0) << confirmed.err;
    EXPECT_NE(confirmed.out, again.out);
    for (const auto* folder : {"first", "second"}) local(folder, {"local", "remove", "--yes"});
}

}  // namespace

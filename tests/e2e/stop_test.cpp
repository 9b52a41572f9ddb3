// SPDX-License-Identifier: Apache-2.0
//
// A process that is stopped and keeps its connection holds the lock for as long as its lease, and
// can do no harm when it wakes up. All are stopped at once, so that the lease is waited for once.
#include <algorithm>
#include <memory>

#include "e2e/process.h"

namespace {

using e2e::Process;
using e2e::Words;

constexpr const char* k_project = "stops";

struct Pair {
    std::string step;
    std::string name;
    std::string url;  // what the second create made
    std::unique_ptr<Process> stopped;
    std::unique_ptr<Process> second;
};

class StopTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        output({"config", "set", "secrets=file:" + (home() / "secrets").string(),
                "trash_window=none", "--project", k_project});
    }
    std::unique_ptr<Process> begin(const Words& words) const {
        return std::make_unique<Process>(home().path(), words,
                                         e2e::Variables{{"REVIEWDB_SERVER", operator_url()}});
    }
    // A process that was stopped while it did `step`. Where it was quicker, in a later step.
    Pair stop_in(const std::string& verb, const std::string& step) const {
        Pair pair;
        pair.step = step;
        pair.name = support::unique_name("branch");
        const Words create{"create", pair.name, "--project", k_project};
        if (verb != "create") output(create);
        pair.stopped = begin({verb, pair.name, "--project", k_project});
        EXPECT_TRUE(pair.stopped->begins(step)) << pair.stopped->output();
        pair.stopped->signal(SIGSTOP);
        return pair;
    }
    std::string databases_of(const std::string& name) const {
        return support::ask(support::shared_cluster().superuser("reviewdb"),
                            "SELECT count(*)::text AS value FROM registry.environment e "
                            "JOIN registry.instance i ON i.id = e.instance "
                            "JOIN pg_database d ON d.oid = i.oid AND d.datname = i.database "
                            "WHERE e.name = '" +
                                name + "' AND e.state <> 'gone'");
    }
    // Its URL, which works and stands in the environment's one secret.
    std::string usable_url(const std::string& name) const {
        auto url = output({"url", name, "--project", k_project});
        EXPECT_NE(url, "");
        if (url.empty()) return url;
        EXPECT_EQ(support::refusal(e2e::login_of(url), "CREATE TABLE IF NOT EXISTS t (n int)"), "");
        EXPECT_EQ(databases_of(name), "1");
        url.pop_back();
        int secrets = 0;
        for (const auto& file : std::filesystem::directory_iterator(home() / "secrets")) {
            std::ifstream stream(file.path());
            const std::string text(std::istreambuf_iterator<char>(stream), {});
            if (text.find('"' + url + '"') != std::string::npos) ++secrets;
        }
        EXPECT_EQ(secrets, 1);
        return url;
    }
    static std::string half_made() {
        return support::ask(support::shared_cluster().superuser(),
                            "SELECT count(*)::text AS value FROM pg_database "
                            "WHERE datname ~ '^reviewdb_[bx]_'");
    }
};

TEST_F(StopTest, WhoIsStoppedWithTheLockIsOvertakenAndDoesNoHarmLater) {
    std::vector<Pair> pairs;
    for (const auto* step : {"record_intent", "create_role", "create_database", "secure_database",
                             "hand_over", "claim", "write_secret"}) {
        pairs.push_back(stop_in("create", step));
    }
    for (const auto* step : {"record_retirement", "bury", "drop_database"}) {
        pairs.push_back(stop_in("delete", step));
    }
    for (auto& pair : pairs) {
        pair.second = begin({"create", pair.name, "--project", k_project, "--deadline", "45s"});
    }
    for (auto& pair : pairs) {
        SCOPED_TRACE(pair.step + "\n" + pair.stopped->output() + pair.second->output());
        EXPECT_EQ(pair.second->wait(), 0);
        pair.url = usable_url(pair.name);
    }
    EXPECT_EQ(half_made(), "0");

    for (auto& pair : pairs) {
        SCOPED_TRACE(pair.step);
        pair.stopped->signal(SIGCONT);
        const int code = pair.stopped->wait();
        SCOPED_TRACE(pair.stopped->output());
        EXPECT_TRUE(code == 0 || code == 6) << code;
    }
    EXPECT_EQ(half_made(), "0");
    for (auto& pair : pairs) {
        SCOPED_TRACE(pair.step + "\n" + pair.stopped->output());
        EXPECT_EQ(usable_url(pair.name), pair.url);
        output({"delete", pair.name, "--project", k_project});
        EXPECT_EQ(databases_of(pair.name), "0");
    }
}

}  // namespace

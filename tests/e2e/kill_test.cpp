// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL at moments spread evenly over the whole of each verb, and then at the beginning of each
// step that they missed. After each kill the same verb once more has to end as if nothing had been.
// $REVIEWDB_KILLS says how often: 20 times unless told otherwise.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "e2e/process.h"

namespace {

using e2e::Process;
using e2e::Words;
using std::chrono::steady_clock;
using Steps = std::vector<std::string_view>;

constexpr const char* k_project = "kills";
constexpr std::string_view k_before_the_first = "(before the first)";

int kills_wanted() {
    const char* text = getenv("REVIEWDB_KILLS");
    return text != nullptr ? std::stoi(text) : 20;
}

enum class Deed { make, repair, remove };
constexpr std::array k_deeds{Deed::make, Deed::repair, Deed::remove};

std::string_view to_text(Deed deed) {
    return deed == Deed::make ? "create" : deed == Deed::repair ? "create (repair)" : "delete";
}

class KillTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        output({"config", "set", "secrets=file:" + secrets().string(), "trash_window=none",
                "--project", k_project});
    }

    std::filesystem::path secrets() const { return home() / "secrets"; }

    Words words(Deed deed) const {
        return {deed == Deed::remove ? "delete" : "create", name_, "--project", k_project};
    }
    Process begin(Deed deed) const {
        return {home().path(), words(deed), {{"REVIEWDB_SERVER", operator_url()}}};
    }

    // Brings the server to where the deed has all of its work to do.
    void arrange(Deed deed) {
        if (deed == Deed::make) {
            reviewdb(words(Deed::remove));
            name_ = support::unique_name("branch");
            return;
        }
        auto make = words(Deed::make);
        make.insert(make.end(), {"-o", "json"});
        const auto made = json(make);
        if (deed != Deed::repair) return;
        const std::string role(made.at("role").as_string());
        const std::string database(made.at("database").as_string());
        const auto superuser = support::shared_cluster().superuser();
        support::execute(superuser, "ALTER ROLE " + role + " PASSWORD 'other' CONNECTION LIMIT 7");
        support::execute(superuser, "GRANT CONNECT ON DATABASE \"" + database + "\" TO PUBLIC");
        for (const auto& file : secret_files()) std::filesystem::remove(file);
    }

    std::vector<std::filesystem::path> secret_files() const {
        std::vector<std::filesystem::path> files;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(secrets(), ignored)) {
            files.push_back(entry.path());
        }
        return files;
    }

    // What there is of the project, and of what is half made or half removed.
    std::string census() const {
        auto superuser = support::connect(support::shared_cluster().superuser("reviewdb"));
        const auto count = [&](const std::string& from) {
            return support::ask(superuser, "SELECT count(*)::text AS value FROM " + from);
        };
        return fmt::format(
            "{} databases, {} half ones, {} roles, {} environments, {} instances, {} credentials, "
            "{} secrets",
            count("pg_database WHERE datname ~ '^kills_'"),
            count("pg_database WHERE datname ~ '^reviewdb_[bx]_'"),
            count("pg_roles WHERE rolname ~ '^(kills|reviewdb_b)_'"),
            count("registry.environment WHERE state <> 'gone'"),
            count("registry.instance WHERE state <> 'gone'"),
            count("registry.role WHERE state <> 'gone'"), secret_files().size());
    }

    void expect_whole() const {
        EXPECT_EQ(census(),
                  "1 databases, 0 half ones, 1 roles, 1 environments, 1 instances, 1 credentials, "
                  "1 secrets");
        const auto files = secret_files();
        ASSERT_EQ(files.size(), 1U);
        std::ifstream stream(files[0]);
        const auto secret =
            boost::json::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
        const std::string url(secret.at("url").as_string());
        EXPECT_EQ(support::ask(e2e::login_of(url), "SELECT current_user AS value"),
                  std::string(secret.at("username").as_string()));
        EXPECT_EQ(output({"url", name_, "--project", k_project}), url + "\n");
    }
    void expect_nothing() const {
        EXPECT_EQ(census(),
                  "0 databases, 0 half ones, 0 roles, 0 environments, 0 instances, 0 credentials, "
                  "0 secrets");
    }

    // The deed once more, after whatever became of it before.
    void finish(Deed deed) const {
        output(words(deed));
        deed == Deed::remove ? expect_nothing() : expect_whole();
    }

    // An undisturbed run: how long it takes, and its steps.
    void measure(Deed deed) {
        arrange(deed);
        const auto start = steady_clock::now();
        auto process = begin(deed);
        EXPECT_EQ(process.wait(), 0) << process.output();
        times_[deed].push_back(steady_clock::now() - start);
        steps_[deed] = process.steps();
        finish(deed);
    }
    // Of the last three runs that came to their end: the machine has other work, too.
    steady_clock::duration usual_time(Deed deed) const {
        const auto& all = times_.at(deed);
        std::vector<steady_clock::duration> last(all.end() - std::min(all.end() - all.begin(), 3L),
                                                 all.end());
        std::ranges::sort(last);
        return last[last.size() / 2];
    }

    // True when it still ran.
    bool count(Deed deed, Process& process) {
        ++kills_;
        if (!process.was_killed()) return false;
        ++hits_;
        const auto steps = process.steps();
        ++tally_[{deed, steps.empty() ? k_before_the_first : steps.back()}];
        return true;
    }

    // At a moment between nothing and the whole of its time.
    void kill_at(Deed deed, int part, int parts) {
        arrange(deed);
        const auto start = steady_clock::now();
        auto process = begin(deed);
        const auto moment = start + usual_time(deed) * part / parts;
        while (steady_clock::now() < moment && !process.ended()) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        const auto took = steady_clock::now() - start;
        process.signal(SIGKILL);
        if (!count(deed, process)) times_[deed].push_back(took);
        SCOPED_TRACE(fmt::format("{} killed in step '{}'", to_text(deed),
                                 process.steps().empty() ? "" : process.steps().back()));
        finish(deed);
    }

    void kill_in(Deed deed, std::string_view step, int wanted) {
        // A step can be over before the kill arrives.
        for (int i = 0; i < 20 && tally_[{deed, step}] < wanted && !HasFailure(); ++i) {
            arrange(deed);
            auto process = begin(deed);
            EXPECT_TRUE(process.begins(step)) << process.output();
            process.signal(SIGKILL);
            count(deed, process);
            SCOPED_TRACE(fmt::format("{} killed in step '{}'", to_text(deed), step));
            finish(deed);
        }
        const auto often = tally_[{deed, step}];
        EXPECT_GE(often, wanted) << to_text(deed) << " seldom died in " << step;
    }

    void print_tally() {
        std::cout << fmt::format("{} kills, {} of a running operation\n", kills_, hits_);
        for (const auto deed : k_deeds) {
            const auto time =
                std::chrono::duration_cast<std::chrono::milliseconds>(usual_time(deed)).count();
            std::cout << fmt::format("{}, {} ms:\n", to_text(deed), time);
            auto rows = steps_[deed];
            rows.insert(rows.begin(), k_before_the_first);
            Steps printed;
            for (const auto step : rows) {
                if (std::ranges::find(printed, step) != printed.end()) continue;
                printed.push_back(step);
                std::cout << fmt::format("  {:18} {:4}\n", step, tally_[{deed, step}]);
            }
        }
    }

    std::string name_ = support::unique_name("branch");
    std::map<Deed, std::vector<steady_clock::duration>> times_;
    std::map<Deed, Steps> steps_;
    std::map<std::pair<Deed, std::string_view>, int> tally_;
    int kills_ = 0;
    int hits_ = 0;
};

TEST_F(KillTest, TheSameVerbOnceMoreEndsAsIfNobodyHadKilledTheFirst) {
    const int each = (kills_wanted() + 2) / 3;
    for (int i = 0; i < each && !HasFailure(); ++i) {
        for (const auto deed : k_deeds) {
            if (i % 5 == 0) measure(deed);
            kill_at(deed, 2 * i + 1, 2 * each);
        }
    }
    std::set<std::string_view> known;
    for (const auto deed : k_deeds) known.insert(steps_[deed].begin(), steps_[deed].end());
    for (const auto step : e2e::k_steps) EXPECT_TRUE(known.contains(step)) << step;
    EXPECT_GE(hits_ * 2, kills_);
    for (const auto deed : k_deeds) {
        for (const auto step : steps_[deed]) kill_in(deed, step, std::max(1, each / 20));
    }
    print_tally();
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// A server of its own for the program's template and pool, with secrets in files, and what has to
// agree once everybody is done.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "e2e/process.h"
#include "support/agreement.h"

namespace e2e {

// What a variable says, for the long forms of a test.
inline int number_in(const char* variable, int otherwise) {
    const char* text = getenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread
    return text != nullptr ? std::stoi(text) : otherwise;
}

class StormTest : public support::PgTest {
   protected:
    static constexpr const char* k_project = "storm";

    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        options.settings = {{"max_connections", "250"}};
        cluster_.emplace(options);
        const auto finished =
            call(home_.path(),
                 {"init", "--sslmode", "disable", "--advertise",
                  fmt::format("127.0.0.1:{}", cluster_->port())},
                 {{"REVIEWDB_SERVER", cluster_->make_administrator().to_uri().reveal()}});
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
        operator_ = finished.out.substr(0, finished.out.find('\n'));
        output(
            {"config", "set", "secrets=file:" + (home_ / "secrets").string(), "trash_window=none"});
        make_template("apple");
    }

    Variables variables() const {
        return {{"REVIEWDB_SERVER", operator_}, {"REVIEWDB_PROJECT", k_project}};
    }
    base::Finished reviewdb(const Words& words) const {
        return call(home_.path(), words, variables());
    }
    std::string output(const Words& words) const {
        const auto finished = reviewdb(words);
        EXPECT_EQ(finished.exit_code, 0) << words.front() << ": " << finished.err;
        return finished.out;
    }
    std::string ask(const std::string& sql) const {
        return support::ask(cluster_->superuser("reviewdb"), sql);
    }
    // The template `data`, or its next version, with one kind of fruit in it.
    void make_template(const std::string& fruit) const {
        std::ofstream(home_ / "fruit.sql")
            << "CREATE TABLE fruit AS SELECT '" << fruit << "' AS name;\n";
        output({"template", "create", "data", "--anew", "--from", "fruit.sql"});
    }
    boost::json::object pool() const {
        return boost::json::parse(output({"pool", "status", "-o", "json"}))
            .at("pool")
            .as_array()
            .at(0)
            .as_object();
    }

    Words names(const Words& words) const {
        std::istringstream text(output(words));
        Words all;
        for (std::string name; std::getline(text, name);) all.push_back(name);
        return all;
    }
    // What calls that were killed have begun, each by the verb that goes on with it.
    void finish_what_was_begun() const {
        for (const auto& name : names({"list", "--state", "retiring", "-q"})) {
            output({"delete", "--purge", name});
        }
        for (int i = 0; i < 100; ++i) {
            output({"repair", "--all"});
            if (ask("SELECT count(*)::text AS value FROM registry.instance WHERE state = "
                    "'dropping' OR (state = 'building' AND purpose <> 'pool')") == "0") {
                return;
            }
        }
        FAIL() << "leftovers stay";
    }
    // The fruit of an environment, with the login that its secret says.
    std::string fruit_of(const std::string& name) const {
        const auto url = reviewdb({"url", name});
        EXPECT_EQ(url.exit_code, 0) << name << ": " << url.err;
        if (url.exit_code != 0) return {};
        const auto login = login_of(url.out);
        EXPECT_EQ(support::refusal(login, "ALTER TABLE fruit ADD COLUMN ripe boolean"), "") << name;
        return support::ask(login, "SELECT name AS value FROM fruit");
    }
    // Registry, catalog and secrets agree, and `there` are all that there are.
    void expect_agreement(const Words& there) const {
        EXPECT_EQ(support::disagreement(cluster_->superuser("reviewdb"), k_project), "");
        const auto health = reviewdb({"doctor"});
        EXPECT_EQ(health.exit_code, 0) << health.out << health.err;
        std::set<std::string> urls;
        for (const auto& name : there) urls.insert(output({"url", name, "-q"}));
        std::set<std::string> in_secrets;
        for (const auto& entry : std::filesystem::directory_iterator(home_ / "secrets")) {
            std::ifstream stream(entry.path());
            const auto secret =
                boost::json::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
            in_secrets.insert(std::string(secret.at("url").as_string()) + "\n");
        }
        EXPECT_EQ(urls, in_secrets);
    }

    support::TempFolder home_;
    std::optional<support::Cluster> cluster_;
    std::string operator_;
};

}  // namespace e2e

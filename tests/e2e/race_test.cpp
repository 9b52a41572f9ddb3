// SPDX-License-Identifier: Apache-2.0
//
// Processes that want something of one name at the same moment.
#include "e2e/process.h"

namespace {

using e2e::Process;
using e2e::Words;

constexpr int k_many = 20;
constexpr const char* k_project = "races";

class RaceTest : public e2e::CliTest {
   protected:
    void SetUp() override {
        CliTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        output({"config", "set", "secrets=file:" + secrets().string(), "trash_window=none",
                "--project", k_project});
    }
    std::filesystem::path secrets() const { return home() / "secrets"; }
    Words words(const std::string& verb) const { return {verb, name_, "--project", k_project}; }

    // Starts one process for each of `verbs` without waiting in between; all have to succeed.
    void all_succeed(const std::vector<std::string>& verbs) const {
        std::vector<Process> processes;
        processes.reserve(verbs.size());
        for (const auto& verb : verbs) {
            processes.emplace_back(home().path(), words(verb),
                                   e2e::Variables{{"REVIEWDB_SERVER", operator_url()}});
        }
        for (auto& process : processes) EXPECT_EQ(process.wait(), 0) << process.output();
    }
    static std::string count(const std::string& from) {
        return support::ask(support::shared_cluster().superuser("reviewdb"),
                            "SELECT count(*)::text AS value FROM " + from);
    }
    std::vector<std::filesystem::path> secret_files() const {
        std::vector<std::filesystem::path> files;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(secrets(), ignored)) {
            files.push_back(entry.path());
        }
        return files;
    }
    void expect_there(const std::string& often) const {
        EXPECT_EQ(count("pg_database WHERE datname ~ '^races_'"), often);
        EXPECT_EQ(count("pg_roles WHERE rolname ~ '^races_'"), often);
        EXPECT_EQ(count("pg_database WHERE datname ~ '^reviewdb_[bx]_'"), "0");
        EXPECT_EQ(count("registry.environment WHERE state <> 'gone'"), often);
        EXPECT_EQ(count("registry.instance WHERE state <> 'gone'"), often);
        EXPECT_EQ(count("registry.role WHERE state <> 'gone'"), often);
        EXPECT_EQ(std::to_string(secret_files().size()), often);
    }
    // One of everything, and the stored password logs in.
    void expect_one() const {
        expect_there("1");
        const auto files = secret_files();
        ASSERT_EQ(files.size(), 1U);
        std::ifstream stream(files[0]);
        const auto secret =
            boost::json::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
        EXPECT_EQ(support::ask(e2e::login_of(std::string(secret.at("url").as_string())),
                               "SELECT current_user AS value"),
                  std::string(secret.at("username").as_string()));
    }

    std::string name_ = support::unique_name("branch");
};

TEST_F(RaceTest, TwentyCreatesOfOneNameMakeOneDatabaseAndItsStoredPasswordLogsIn) {
    all_succeed(std::vector<std::string>(k_many, "create"));
    expect_one();
    EXPECT_EQ(json({"history", name_, "--project", k_project, "-o", "json"})
                  .at("history")
                  .as_array()
                  .size(),
              1U);
    output(words("delete"));
    expect_there("0");
}

TEST_F(RaceTest, TwentyDeletesOfOneNameAreAllContent) {
    output(words("create"));
    all_succeed(std::vector<std::string>(k_many, "delete"));
    expect_there("0");
}

TEST_F(RaceTest, CreatesAgainstDeletesEndInAllOrNothing) {
    std::vector<std::string> verbs;
    verbs.reserve(k_many);
    for (int i = 0; i < k_many; ++i) verbs.emplace_back(i % 2 == 0 ? "create" : "delete");
    all_succeed(verbs);
    const auto there = count("registry.environment WHERE state <> 'gone'");
    there == "1" ? expect_one() : expect_there("0");
    all_succeed({"create"});
    expect_one();
    output(words("delete"));
    expect_there("0");
}

}  // namespace

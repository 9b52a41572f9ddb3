// SPDX-License-Identifier: Apache-2.0
//
// The built function under a runtime API and a Secrets Manager that are not ours, and a Postgres
// that takes TLS alone, administered by somebody who is no superuser.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "base/uuid.h"
#include "environment/secret_value.h"
#include "support/aws/lambda_runtime.h"
#include "support/aws/secrets_manager.h"
#include "support/cluster.h"
#include "support/incumbent.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/sql.h"
#include "support/temp_folder.h"

namespace e2e {

// Of an event of the former Lambda: {"statusCode", "body"}, the body parsed.
struct DropInAnswer {
    int status = 0;
    boost::json::object body;
    std::string text(std::string_view key) const {
        const auto* value = body.if_contains(key);
        return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                      : std::string();
    }
};

class LambdaTest : public support::PgTest {
   protected:
    static constexpr const char* k_administrator = "dev-db-administrator";

    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        options.tls = support::Tls::required;
        options.settings = {{"log_statement", "all"}};
        cluster_.emplace(options);
        administrator_ = cluster_->make_administrator();
        arn_ = aws_.put(k_administrator, administrator_value(administrator_->password()));
    }
    void TearDown() override { stop(); }

    // The secret in which the function keeps its own operator's login.
    std::string own_login() const {
        return fmt::format("reviewdb/operator_lambda/127.0.0.1/{}", administrator_->get("port"));
    }
    std::string administrator_value(const base::Secret& password) const {
        return fmt::format(
            R"({{"engine":"postgres","host":"{}","port":{},"username":"{}","password":"{}",)"
            R"("dbname":"postgres","dbClusterIdentifier":"dev"}})",
            administrator_->get("host"), administrator_->get("port"), administrator_->get("user"),
            password.reveal());
    }

    std::map<std::string, std::string> variables() const {
        auto all = aws_.variables();
        for (const auto& [name, value] : lambda_.variables()) all[name] = value;
        all["PGSSLROOTCERT"] = cluster_->ca_file().string();
        all["HOME"] = home_.path().string();
        all["REVIEWDB_LOG_LEVEL"] = "debug";
        all.insert(more_.begin(), more_.end());
        return all;
    }
    void start() {
        base::Command command{.inherits = base::Environment::bare, .folder = home_.path().string()};
        command.arguments = words_;
        command.environment = variables();
        lambda_.expect_new_runtime();
        const auto output = home_ / "output.log";
        const std::ofstream made(output, std::ios::app);
        pid_ = support::must(base::spawn(command, output.string(), base::Lifetime::ours));
    }
    void stop(int signal_number = SIGKILL) {
        if (pid_ == 0) return;
        kill(pid_, signal_number);
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
    }
    std::string output() const {
        std::ifstream stream(home_ / "output.log");
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    support::LambdaRuntimeStandIn::Outcome invoke(const std::string& event) {
        if (pid_ == 0) start();
        return lambda_.invoke(event);
    }
    DropInAnswer drop_in(const std::string& event) {
        const auto outcome = invoke(event);
        EXPECT_EQ(outcome.kind, support::LambdaRuntimeStandIn::Outcome::Kind::response)
            << outcome.body;
        return read_answer(outcome.body);
    }
    static DropInAnswer read_answer(const std::string& text) {
        const auto outer = boost::json::parse(text).as_object();
        DropInAnswer answer;
        answer.status = static_cast<int>(outer.at("statusCode").as_int64());
        answer.body = boost::json::parse(outer.at("body").as_string()).as_object();
        EXPECT_EQ(answer.body.at("statusCode").as_int64(), answer.status);
        return answer;
    }
    std::string event(const std::string& action, const std::string& stage,
                      const std::string& more = "") const {
        return fmt::format(R"({{"action":"{}","stageName":"{}","devDbSecretArn":"{}"{}}})", action,
                           stage, arn_, more);
    }

    std::optional<base::Secret> secret(const std::string& name) const {
        const auto value = aws_.value(name);
        return value ? std::optional(base::Secret(*value)) : std::nullopt;
    }
    pg::ConnectionInfo login_of(const std::string& name) const {
        const auto login =
            environment::login_in_secret(secret(name).value_or(base::Secret("{}"))).value();
        return administrator_->with("dbname", login.dbname).with_login(login.user, login.password);
    }
    // The stage's credentials, as an application reads them, log in and may do everything.
    void expect_usable(const std::string& name) const {
        EXPECT_EQ(support::refusal(login_of(name), "CREATE TABLE it_works (id integer)"), "");
        EXPECT_EQ(support::refusal(login_of(name), "DROP TABLE it_works"), "");
    }
    std::string root(const std::string& sql, const std::string& database = "postgres") const {
        return support::ask(cluster_->superuser(database), sql);
    }
    std::string count_of(const std::string& pattern) const {
        return root(fmt::format(
            "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE '{0}')::text || "
            "' databases, ' || (SELECT count(*) FROM pg_roles WHERE rolname LIKE '{0}')::text || "
            "' roles' AS value",
            pattern));
    }

    support::TempFolder home_;
    std::vector<std::string> words_{REVIEWDB_BOOTSTRAP};
    std::optional<support::Cluster> cluster_;
    std::optional<pg::ConnectionInfo> administrator_;
    support::SecretsManagerStandIn aws_;
    support::LambdaRuntimeStandIn lambda_;
    std::string arn_;
    std::map<std::string, std::string> more_;
    pid_t pid_ = 0;
};

}  // namespace e2e

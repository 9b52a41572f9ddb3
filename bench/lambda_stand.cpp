// SPDX-License-Identifier: Apache-2.0
#include "lambda_stand.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/deadline.h"
#include "environment/secret_value.h"
#include "support/sql.h"

namespace bench {

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::chrono::minutes k_patience(1);
constexpr const char* k_administrator = "dev-db-administrator";
constexpr const char* k_by_way_of = "dev-db-administrator-by-way-of";

std::string secret_name(const std::string& stage) {
    return fmt::format("aurora_postgres_{}_cdk", stage);
}

// Where the function keeps its own operator's login for the server at this port.
std::string operator_secret(const pg::ConnectionInfo& server, int port) {
    return fmt::format("reviewdb/operator_lambda/{}/{}", server.get("host"), port);
}

std::string value_of(const pg::ConnectionInfo& login, int port) {
    return boost::json::serialize(boost::json::object{{"engine", "postgres"},
                                                      {"host", login.get("host")},
                                                      {"port", port},
                                                      {"username", login.get("user")},
                                                      {"password", login.password().reveal()},
                                                      {"dbname", login.get("dbname")}});
}

std::string read(const std::filesystem::path& file) {
    const std::ifstream stream(file);
    if (!stream) throw std::runtime_error("cannot read " + file.string());
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// As large as the bundle that RDS hands out: a hundred authorities of which one counts.
std::string hundred_authorities(const std::filesystem::path& ours) {
    constexpr int k_others = 99;
    constexpr std::string_view k_end = "-----END CERTIFICATE-----\n";
    const auto system = read("/etc/ssl/certs/ca-certificates.crt");
    std::size_t size = 0;
    for (int i = 0; i < k_others; ++i) {
        const auto end = system.find(k_end, size);
        if (end == std::string::npos) throw std::runtime_error("the system has few authorities");
        size = end + k_end.size();
    }
    return system.substr(0, size) + read(ours);
}

}  // namespace

LambdaStand::LambdaStand() : folder_("reviewdb-bench-", 0700) {
    std::ofstream(authorities()) << hundred_authorities(stand_.ca_file());
    administrator_login_ = stand_.login();
    administrator_ = aws_.put(k_administrator, value_of(*administrator_login_, stand_.port()));
    start(function(), "create", "preparation");
    serve("delete", "preparation");
    stop();
    stand_.work_as(login_in(operator_secret(stand_.login(), stand_.port())));
    stand_.forget_what_is_gone();
}

std::string LambdaStand::secrets_port() const {
    const auto endpoint = aws_.endpoint();
    return endpoint.substr(endpoint.rfind(':') + 1);
}

Program LambdaStand::function(const std::string& executable) const {
    Program program{{executable}, aws_.variables()};
    for (const auto& [name, value] : lambda_.variables()) program.environment[name] = value;
    program.environment["PGSSLROOTCERT"] = authorities();
    program.environment["HOME"] = folder_.path().string();
    return program;
}

Program LambdaStand::function() const { return function(REVIEWDB_BOOTSTRAP); }

Program LambdaStand::cli(const std::vector<std::string>& words) const {
    auto program = stand_.reviewdb(words);
    for (const auto& [name, value] : aws_.variables()) program.environment[name] = value;
    return program;
}

std::string LambdaStand::key() const {
    const auto name = support::ask(stand_.superuser("reviewdb"),
                                   "SELECT substring(location FROM '^aws:(.*)') AS value FROM "
                                   "registry.key");
    const auto value = aws_.value(name);
    if (!value) throw std::runtime_error("there is no secret with the key");
    return std::string(boost::json::parse(*value).at("key").as_string());
}

Program LambdaStand::function_without_tls(int port) {
    aws_.remove(k_by_way_of);
    aws_.put(k_by_way_of, value_of(*administrator_login_, port));
    const auto own = operator_secret(stand_.login(), port);
    aws_.remove(own);
    aws_.put(own, value_of(stand_.login(), port));
    auto program = function();
    program.environment["REVIEWDB_SERVER"] = fmt::format("{}?sslmode=disable", k_by_way_of);
    return program;
}

double LambdaStand::ready(const Program& program) {
    lambda_.expect_new_runtime();
    running_.emplace(program);
    const auto deadline = base::Deadline::after(k_patience);
    while (!lambda_.first_next()) {
        if (deadline.passed()) throw std::runtime_error("the function asks for no event");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const Milliseconds took = lambda_.first_next().value() - running_->started();
    stop();
    return took.count();
}

std::string LambdaStand::queue(const std::string& action, const std::string& stage) {
    return lambda_.queue(boost::json::serialize(boost::json::object{
        {"action", action}, {"stageName", stage}, {"devDbSecretArn", administrator_}}));
}

support::LambdaRuntimeStandIn::Outcome LambdaStand::outcome_of(const std::string& request) {
    const auto outcome = lambda_.await(request);
    if (!outcome) throw std::runtime_error("an event had no answer");
    if (outcome->kind == support::LambdaRuntimeStandIn::Outcome::Kind::response &&
        boost::json::parse(outcome->body).at("statusCode").to_number<int>() == 200) {
        return *outcome;
    }
    throw std::runtime_error("an event failed: " + outcome->body);
}

Served LambdaStand::start(const Program& program, const std::string& action,
                          const std::string& stage) {
    const auto named = program.environment.find("REVIEWDB_SERVER");
    const auto usual = administrator_;
    if (named != program.environment.end()) administrator_ = k_by_way_of;
    aws_.forget_calls();
    lambda_.expect_new_runtime();
    const auto request = queue(action, stage);
    administrator_ = usual;
    earlier_connections_ = aws_.connections();
    running_.emplace(program);
    return served(running_->started(), outcome_of(request));
}

Served LambdaStand::serve(const std::string& action, const std::string& stage) {
    if (!lambda_.await_next()) throw std::runtime_error("the function asks for no event");
    aws_.forget_calls();
    const auto outcome = outcome_of(queue(action, stage));
    return served(outcome.taken, outcome);
}

Served LambdaStand::served(Time start,
                           const support::LambdaRuntimeStandIn::Outcome& outcome) const {
    const Milliseconds took = outcome.answered - start;
    Served served{took.count() - spent_by_secrets_manager(), {}, 0};
    std::set<std::size_t> connections;
    for (const auto& call : aws_.calls()) {
        served.calls.push_back(call.action);
        connections.insert(call.connection);
    }
    served.connections = connections.size();
    for (const auto& call : lambda_.calls()) {
        const bool within = call.received >= start && call.answered < outcome.answered;
        if (!within || call.answered == Time()) continue;
        served.milliseconds -= Milliseconds(call.answered - call.received).count();
    }
    return served;
}

double LambdaStand::spent_by_secrets_manager() const {
    return Milliseconds(aws_.own_time()).count();
}

void LambdaStand::put_placeholder(const std::string& stage) {
    aws_.put(secret_name(stage), R"({"username":"placeholder","password":"vGh3kQp5"})");
}

pg::ConnectionInfo LambdaStand::login_of(const std::string& stage) const {
    return login_in(secret_name(stage));
}

pg::ConnectionInfo LambdaStand::login_in(const std::string& secret) const {
    const auto value = aws_.value(secret);
    if (!value) throw std::runtime_error("there is no secret " + secret);
    const auto login = environment::login_in_secret(base::Secret(*value)).value();
    return stand_.login().with("dbname", login.dbname).with_login(login.user, login.password);
}

}  // namespace bench

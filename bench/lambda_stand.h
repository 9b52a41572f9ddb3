// SPDX-License-Identifier: Apache-2.0
//
// The function under a runtime API and a Secrets Manager that are not ours, on a server that speaks
// TLS, with an authority for it among a hundred others. What the stand-ins themselves take for an
// answer is never counted.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection_info.h"
#include "running.h"
#include "stand.h"
#include "support/aws/lambda_runtime.h"
#include "support/aws/secrets_manager.h"
#include "support/temp_folder.h"

namespace bench {

// What an event came to.
struct Served {
    double milliseconds = 0;
    std::vector<std::string> calls = {};  // of Secrets Manager
    std::size_t connections = 0;          // that they went over
};

class LambdaStand {
   public:
    // Prepares the server by an event, as the function does.
    LambdaStand();

    // Its login is the function's own operator's.
    const Stand& stand() const { return stand_; }
    const pg::ConnectionInfo& administrator_login() const { return *administrator_login_; }
    std::string authorities() const { return (folder_ / "authorities.pem").string(); }
    std::string secrets_port() const;

    // The function as a program, for the server at this port, with TLS or without.
    Program function(const std::string& executable) const;
    Program function() const;
    Program function_without_tls(int port);

    // reviewdb, with the function's account; and the key of this server, as text.
    Program cli(const std::vector<std::string>& words) const;
    std::string key() const;

    // Until it has asked for an event.
    double ready(const Program& program);
    // Starts it, with the event waiting; the time is from its start to the answer.
    Served start(const Program& program, const std::string& action, const std::string& stage);
    // From when the function that runs was given the event to the answer. Throws for an answer that
    // is none of success.
    Served serve(const std::string& action, const std::string& stage);
    // Of Secrets Manager's, since the program was started.
    std::size_t connections_of_process() const { return aws_.connections() - earlier_connections_; }
    double peak_memory() const { return running_->peak_memory(); }
    void stop() { running_.reset(); }

    // The secret of a stage becomes what a stack makes before there is a database.
    void put_placeholder(const std::string& stage);
    pg::ConnectionInfo login_of(const std::string& stage) const;
    void forget_calls() { aws_.forget_calls(); }
    // What the stand-in for Secrets Manager has spent on answers since then.
    double spent_by_secrets_manager() const;

   private:
    using Time = std::chrono::steady_clock::time_point;

    pg::ConnectionInfo login_in(const std::string& secret) const;
    std::string queue(const std::string& action, const std::string& stage);
    support::LambdaRuntimeStandIn::Outcome outcome_of(const std::string& request);
    Served served(Time start, const support::LambdaRuntimeStandIn::Outcome& outcome) const;

    support::TempFolder folder_;
    Stand stand_ = Stand::unprepared();
    std::optional<pg::ConnectionInfo> administrator_login_;
    support::SecretsManagerStandIn aws_;
    support::LambdaRuntimeStandIn lambda_;
    std::size_t earlier_connections_ = 0;
    std::optional<Running> running_;  // after what it talks to
    std::string administrator_;       // whose secret the events name
};

}  // namespace bench

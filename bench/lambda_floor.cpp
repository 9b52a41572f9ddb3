// SPDX-License-Identifier: Apache-2.0
#include "lambda_floor.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "support/tcp_proxy.h"

namespace bench {

namespace {

// The event and its answer go over one connection, Secrets Manager's calls over another.
constexpr std::size_t k_calls_of_the_runtime_api = 2;

std::string call(std::size_t connection, const std::string& port) {
    const std::string request =
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\n"
        "X-Amz-Target: secretsmanager.GetSecretValue\r\nContent-Length: 2\r\n\r\n{}";
    return fmt::format("call {} 2\n{} {}\n{} {}\n", connection, port.size(), port, request.size(),
                       request);
}

std::string floor_login_line(const pg::ConnectionInfo& login) {
    return fmt::format("{} {}\n", login.get("user"), login.password().reveal());
}

}  // namespace

LambdaFloor::LambdaFloor(LambdaStand& stand, const std::string& stage)
    : stand_(stand), folder_("reviewdb-bench-", 0700) {
    const support::TcpProxy function_wire(stand_.stand().port());
    const auto function = stand_.function_without_tls(function_wire.port());
    const auto served = stand_.start(function, "create", stage);
    stand_.stop();
    const auto conversation = Conversation::heard(function_wire.sent_by_departed());
    logins_ = floor_login_line(stand_.stand().login()) + floor_login_line(stand_.login_of(stage));
    stand_.start(stand_.function(), "delete", stage);
    stand_.stop();
    stand_.stand().forget_what_is_gone();

    std::ofstream file(folder_ / "conversation");
    for (std::size_t i = 0; i < k_calls_of_the_runtime_api; ++i) {
        file << call(0, stand_.secrets_port());
    }
    for (std::size_t i = 0; i < served.calls.size(); ++i) file << call(1, stand_.secrets_port());
    file << conversation.to_text();
    file.close();

    const support::TcpProxy floor_wire(stand_.stand().port());
    auto program = floor(floor_wire.port());
    program.environment.erase("FLOOR_SSLMODE");
    output_of(program);
    const auto said = Conversation::heard(floor_wire.sent_by_departed());
    finding_ = fmt::format(
        "first create: the function says {} statements in {} logins and {} round trips, and makes "
        "{} calls of HTTP; the floor says {} in {} and {}, and makes as many calls",
        conversation.statements(), conversation.logins(), conversation.round_trips(),
        served.calls.size() + k_calls_of_the_runtime_api, said.statements(), said.logins(),
        said.round_trips());
    const auto difference = conversation.difference(said);
    if (!difference.empty()) {
        throw std::runtime_error(finding_ + ", which differs at\n" + difference);
    }
    stand_.start(stand_.function(), "delete", stage);
    stand_.stop();
    stand_.stand().forget_what_is_gone();
}

Program LambdaFloor::floor(int port) const {
    return {
        {REVIEWDB_FLOOR, (folder_ / "conversation").string(), "127.0.0.1", std::to_string(port)},
        {{"FLOOR_LOGINS", logins_},
         {"FLOOR_SSLMODE", "verify-full"},
         {"PGSSLROOTCERT", stand_.authorities()}}};
}

double LambdaFloor::create() const {
    stand_.forget_calls();
    const double time = milliseconds_of(floor(stand_.stand().port()));
    return time - stand_.spent_by_secrets_manager();
}

}  // namespace bench

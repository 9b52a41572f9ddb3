// SPDX-License-Identifier: Apache-2.0
#include "support/starting_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace support {

namespace {

constexpr std::uint32_t k_tls_request = 80877103;

std::uint32_t number_at(const char* bytes) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes, sizeof number);
    return ntohl(number);
}

// Of the first packets of a session, each begins with its length and a code. False at the end.
bool read_packet(int client, std::uint32_t& code) {
    std::array<char, 8> head{};
    if (recv(client, head.data(), head.size(), MSG_WAITALL) != ssize_t{head.size()}) return false;
    code = number_at(head.data() + 4);
    std::string rest(number_at(head.data()) - head.size(), '\0');
    return rest.empty() ||
           recv(client, rest.data(), rest.size(), MSG_WAITALL) == static_cast<ssize_t>(rest.size());
}

std::string refusal() {
    std::string fields;
    for (const char* field :
         {"SFATAL", "VFATAL", "C57P03", "Mthe database system is starting up"}) {
        fields += field;
        fields += '\0';
    }
    fields += '\0';
    const std::uint32_t length = htonl(static_cast<std::uint32_t>(fields.size() + 4));
    std::string packet = "E";
    packet.append(reinterpret_cast<const char*>(&length), sizeof length);
    return packet + fields;
}

void say(int client, const std::string& bytes) {
    [[maybe_unused]] const auto sent = send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace

StartingServer::StartingServer(int port)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 64) != 0) {
        close(listener_);
        throw std::runtime_error("the starting server cannot listen");
    }
    thread_ = std::thread([this] { serve(); });
}

StartingServer::~StartingServer() {
    over_ = true;
    thread_.join();
    close(listener_);
}

void StartingServer::serve() {
    constexpr int k_look_around = 20;  // ms
    while (!over_) {
        pollfd waiting{listener_, POLLIN, 0};
        if (poll(&waiting, 1, k_look_around) <= 0) continue;
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        std::uint32_t code = 0;
        bool told = read_packet(client, code);
        if (told && code == k_tls_request) {
            say(client, "N");
            told = read_packet(client, code);
        }
        if (told) {
            say(client, refusal());
            ++refusals_;
        }
        close(client);
    }
}

}  // namespace support

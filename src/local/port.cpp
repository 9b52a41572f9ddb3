// SPDX-License-Identifier: Apache-2.0
#include "local/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"

namespace local {

namespace {

// Below the ports that systems hand to outgoing connections (32768 and up on Linux): a kept port
// must not be taken by chance while the server is down.
constexpr int k_first_port = 20000;
constexpr int k_port_count = 12000;
constexpr int k_attempts = 200;

int random_port() {
    const auto bytes = base::random_bytes(2);
    const unsigned number =
        static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]);
    return k_first_port + static_cast<int>(number) % k_port_count;
}

}  // namespace

bool port_is_free(int port) {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    const int yes = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound =
        bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    return bound;
}

base::Result<int> choose_port() {
    for (int attempt = 0; attempt < k_attempts; ++attempt) {
        const int port = random_port();
        if (port_is_free(port)) return port;
    }
    return base::fail(base::ErrorKind::overloaded, "found no free port on 127.0.0.1");
}

}  // namespace local

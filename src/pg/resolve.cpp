// SPDX-License-Identifier: Apache-2.0
#include "pg/resolve.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <array>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace pg {

namespace {

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    for (;;) {
        const auto comma = list.find(',');
        parts.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        list.remove_prefix(comma + 1);
    }
}

bool is_name(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return !host.empty() && host.front() != '/' && host.front() != '@' &&
           inet_pton(AF_INET, host.c_str(), address.data()) != 1 &&
           inet_pton(AF_INET6, host.c_str(), address.data()) != 1;
}

struct Lookup {
    int problem = 0;
    std::vector<std::string> addresses;
};

Lookup look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    Lookup answer;
    answer.problem = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0) {
            answer.addresses.emplace_back(text.data());
        }
    }
    if (list != nullptr) freeaddrinfo(list);
    return answer;
}

base::Result<std::vector<std::string>> addresses_of(const std::string& host,
                                                    base::Deadline deadline) {
    auto promise = std::make_shared<std::promise<Lookup>>();
    auto future = promise->get_future();
    // Shared with the thread, which may outlive the wait.
    std::thread([promise, host] { promise->set_value(look_up(host)); }).detach();
    if (future.wait_for(deadline.remaining()) != std::future_status::ready) {
        return base::fail(base::ErrorKind::deadline,
                          fmt::format("the name '{}' was not resolved in time", host));
    }
    auto answer = future.get();
    if (answer.addresses.empty()) {
        return base::fail(base::ErrorKind::unavailable,
                          fmt::format("the host name '{}' has no address: {}", host,
                                      gai_strerror(answer.problem)));
    }
    return std::move(answer.addresses);
}

}  // namespace

base::Result<ConnectionInfo> resolve(const ConnectionInfo& info, base::Deadline deadline) {
    const auto hosts = split(info.get("host"));
    const auto ports = split(info.get("port"));
    bool any_name = false;
    for (const auto& host : hosts) any_name = any_name || is_name(host);
    if (!any_name || !info.get("hostaddr").empty()) return info;

    std::string names;
    std::string addresses;
    std::string all_ports;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        std::vector<std::string> found{is_name(hosts[i]) ? "" : hosts[i]};
        if (hosts[i].starts_with('/') || hosts[i].starts_with('@')) found = {""};
        if (is_name(hosts[i])) {
            BASE_TRY_ASSIGN(found, addresses_of(hosts[i], deadline));
        }
        for (const auto& address : found) {
            const auto* comma = names.empty() ? "" : ",";
            names += comma + hosts[i];
            addresses += comma + address;
            all_ports += comma + (i < ports.size() ? ports[i] : ports.front());
        }
    }
    return info.with("host", names).with("hostaddr", addresses).with("port", all_ports);
}

}  // namespace pg

// SPDX-License-Identifier: Apache-2.0
#include "pg/password_guard.h"

#include <libpq-fe.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

namespace pg {

namespace {

// Codes of AuthenticationRequest, from the protocol's description.
enum Request : std::uint32_t { ok = 0, clear_text = 3, md5 = 5, sasl_final = 12 };

constexpr std::size_t k_head = 5;          // type, length
constexpr std::size_t k_request = 9;       // and the code of an AuthenticationRequest
constexpr std::size_t k_longest = 16'384;  // a record of TLS

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
    }
    return number;
}

// What the next read of libpq gives it: of TLS one record at most, as for libpq. Nothing when it
// will meet an end or an error; empty when nothing is here yet.
std::optional<std::string> peek(PGconn* connection) {
    std::array<char, k_longest> block{};
    int count = 0;
    bool comes = false;
    if (auto* tls = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL")); tls != nullptr) {
        ERR_clear_error();
        count = SSL_peek(tls, block.data(), block.size());
        comes = count <= 0 && SSL_get_error(tls, count) == SSL_ERROR_WANT_READ;
        ERR_clear_error();
    } else {
        count = static_cast<int>(
            recv(PQsocket(connection), block.data(), block.size(), MSG_PEEK | MSG_DONTWAIT));
        comes = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    }
    if (count > 0) return std::string(block.data(), static_cast<std::size_t>(count));
    return comes ? std::optional(std::string()) : std::nullopt;
}

}  // namespace

AllowedMethods AllowedMethods::parse(std::string_view list) {
    AllowedMethods allowed;
    while (!list.empty()) {
        const auto word = list.substr(0, list.find(','));
        if (word == "password") allowed.clear_text = true;
        if (word == "md5") allowed.md5 = true;
        list.remove_prefix(word.size() < list.size() ? word.size() + 1 : list.size());
    }
    return allowed;
}

PasswordGuard::Verdict PasswordGuard::look(PGconn* connection) {
    if (PQstatus(connection) != CONNECTION_AWAITING_RESPONSE) {
        is_over_ = false;  // libpq may begin again, at the next address
        return Verdict::proceed;
    }
    if (is_over_) return Verdict::proceed;
    const auto sent = peek(connection);
    return sent ? judge(*sent) : Verdict::proceed;
}

PasswordGuard::Verdict PasswordGuard::refuse(std::string reason) {
    reason_ = std::move(reason);
    return Verdict::refuse;
}

PasswordGuard::Verdict PasswordGuard::judge(std::string_view sent) {
    if (sent.empty()) return Verdict::wait;
    // Errors, and what no server sends before the login is over.
    if (sent[0] != 'R') return Verdict::proceed;
    if (sent.size() < k_request) return Verdict::wait;
    const auto request = number_at(sent, k_head);
    if (request == Request::clear_text && !allowed_.clear_text) {
        return refuse("asks for the password in clear text");
    }
    if (request == Request::md5 && !allowed_.md5) {
        return refuse("asks for an md5 hash of the password");
    }
    // With the end of SCRAM the server has proved that it knows the password.
    if (request == Request::ok || request == Request::sasl_final) {
        is_over_ = true;
        return Verdict::proceed;
    }
    const auto length = std::size_t{number_at(sent, 1)} + 1;
    if (length > k_longest) return refuse("sends a request to log in that is too long");
    // Behind it a second request would be answered unseen.
    if (sent.size() > length) return refuse("asks twice for a login before it has an answer");
    return sent.size() < length ? Verdict::wait : Verdict::proceed;
}

}  // namespace pg

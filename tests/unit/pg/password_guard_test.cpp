// SPDX-License-Identifier: Apache-2.0
//
// Servers that ask for a password in a way that would give it to them.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pg/connection.h"
#include "support/temp_folder.h"
#include "support/tls_files.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

using Script = std::vector<std::string>;  // each is sent in one piece, after an answer to the last

std::string number(std::uint32_t value) {
    value = htonl(value);
    return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string request(std::uint32_t code, const std::string& rest = {}) {
    return "R" + number(static_cast<std::uint32_t>(8 + rest.size())) + number(code) + rest;
}
const std::string k_clear_text = request(3);
const std::string k_md5 = request(5, "salt");
const std::string k_scram = request(10, std::string("SCRAM-SHA-256\0\0", 15));

// Takes one login after the other, sends its script, and keeps what it is sent.
class AskingServer {
   public:
    AskingServer(Script script, const support::TlsFiles* files) : script_(std::move(script)) {
        if (files != nullptr) {
            context_.reset(SSL_CTX_new(TLS_server_method()));
            SSL_CTX_use_certificate_file(context_.get(), files->certificate.c_str(),
                                         SSL_FILETYPE_PEM);
            SSL_CTX_use_PrivateKey_file(context_.get(), files->key.c_str(), SSL_FILETYPE_PEM);
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* general = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(listener_, general, size), 0);
        EXPECT_EQ(listen(listener_, 8), 0);
        EXPECT_EQ(getsockname(listener_, general, &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    AskingServer(const AskingServer&) = delete;
    AskingServer& operator=(const AskingServer&) = delete;
    ~AskingServer() {
        over_ = true;
        thread_.join();
        close(listener_);
    }

    int port() const { return port_; }
    std::string received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }

   private:
    bool is_in_pieces() const { return script_.front().size() == 1; }
    void serve() {
        while (!over_) {
            pollfd waiting{listener_, POLLIN, 0};
            if (poll(&waiting, 1, 10) <= 0) continue;
            const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client >= 0) greet(client);
            close(client);
        }
    }
    void greet(int client) {
        const timeval patience{is_in_pieces() ? 0 : 2, 300'000};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const int at_once = 1;
        setsockopt(client, IPPROTO_TCP, 1 /* TCP_NODELAY */, &at_once, sizeof at_once);
        if (!context_) return talk(client, nullptr);
        std::array<char, 8> wants_tls{};
        recv(client, wants_tls.data(), wants_tls.size(), MSG_WAITALL);
        send(client, "S", 1, MSG_NOSIGNAL);
        const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
        SSL_set_fd(tls.get(), client);
        if (SSL_accept(tls.get()) == 1) talk(client, tls.get());
    }
    void talk(int client, SSL* tls) {
        for (const auto& piece : script_) {
            if (!hear(client, tls)) return;
            if (tls != nullptr) {
                SSL_write(tls, piece.data(), static_cast<int>(piece.size()));
            } else {
                send(client, piece.data(), piece.size(), MSG_NOSIGNAL);
            }
        }
        hear(client, tls);
    }
    bool hear(int client, SSL* tls) {
        std::array<char, 4096> block{};
        const auto count = tls != nullptr
                               ? SSL_read(tls, block.data(), static_cast<int>(block.size()))
                               : static_cast<int>(recv(client, block.data(), block.size(), 0));
        if (count <= 0) return is_in_pieces();
        const std::lock_guard lock(mutex_);
        received_.append(block.data(), static_cast<std::size_t>(count));
        return true;
    }

    const Script script_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, &SSL_CTX_free};
    int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
    std::atomic<bool> over_{false};
    mutable std::mutex mutex_;  // guards received_
    std::string received_;
    std::thread thread_;
};

struct PasswordGuard : testing::Test {
    // The error of a login, and what the server got to see.
    std::pair<base::Error, std::string> log_in(const Script& script, bool with_tls,
                                               std::chrono::milliseconds time = 20s) {
        const AskingServer server(script, with_tls ? &files : nullptr);
        const auto login = pg::ConnectionInfo()
                               .with("host", "127.0.0.1")
                               .with("port", std::to_string(server.port()))
                               .with("dbname", "d")
                               .with("sslmode", with_tls ? "require" : "disable")
                               .with_login("u", base::Secret("hush-word"));
        auto made = pg::Connection::open(login, base::Deadline::after(time));
        if (made) return {{base::ErrorKind::internal, "it let us in", {}, {}}, server.received()};
        return {made.error(), server.received()};
    }

    support::TempFolder folder;
    support::TlsFiles files = support::make_tls_files(folder.path(), {});
};

TEST_F(PasswordGuard, gives_no_password_in_clear_text_and_no_md5_hash) {
    for (const bool with_tls : {false, true}) {
        for (const auto& [what, word] :
             {std::pair(k_clear_text, "clear text"), std::pair(k_md5, "md5")}) {
            const auto [error, seen] = log_in({what}, with_tls);
            EXPECT_EQ(error.kind, base::ErrorKind::denied);
            EXPECT_THAT(error.message, HasSubstr(word));
            EXPECT_THAT(error.hint, HasSubstr("scram-sha-256"));
            EXPECT_THAT(seen, Not(HasSubstr("hush-word")));
            EXPECT_THAT(seen, Not(HasSubstr("md5")));
        }
    }
}

TEST_F(PasswordGuard, looks_at_every_request_of_a_login) {
    for (const bool with_tls : {false, true}) {
        for (const auto& script : {Script{k_scram, k_clear_text}, Script{k_scram + k_clear_text},
                                   Script{request(7), k_clear_text}}) {
            const auto [error, seen] = log_in(script, with_tls);
            EXPECT_NE(error.message, "it let us in");
            EXPECT_THAT(seen, Not(HasSubstr("hush-word")));
        }
    }
}

TEST_F(PasswordGuard, is_not_deceived_by_a_request_in_pieces) {
    Script bytes;
    for (const char c : k_clear_text) bytes.emplace_back(1, c);
    for (const bool with_tls : {false, true}) {
        const auto [error, seen] = log_in(bytes, with_tls, 6s);
        EXPECT_EQ(seen.find("hush-word"), std::string::npos);
        EXPECT_NE(error.message, "it let us in");
    }
}

TEST_F(PasswordGuard, gives_it_to_a_server_that_the_caller_allows) {
    setenv("PGREQUIREAUTH", "password,scram-sha-256", 1);
    EXPECT_THAT(log_in({k_clear_text}, true).second, HasSubstr("hush-word"));
    EXPECT_THAT(log_in({k_md5}, true).second, Not(HasSubstr("md5")));
    setenv("PGREQUIREAUTH", "md5", 1);
    EXPECT_THAT(log_in({k_md5}, true).second, HasSubstr("md5"));
    unsetenv("PGREQUIREAUTH");
}

}  // namespace

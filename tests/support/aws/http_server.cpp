// SPDX-License-Identifier: Apache-2.0
#include "support/aws/http_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <sstream>
#include <thread>

namespace support {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using Conduct = HttpAnswer::Conduct;

HttpRequest request_of(const http::request<http::string_body>& message) {
    HttpRequest request{.method = std::string(message.method_string()),
                        .target = std::string(message.target()),
                        .body = message.body()};
    for (const auto& field : message) {
        request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    return request;
}

http::response<http::string_body> message_of(const HttpAnswer& answer, unsigned version,
                                             bool keep_alive) {
    http::response<http::string_body> message;
    message.version(version);
    message.result(static_cast<unsigned>(answer.status));
    for (const auto& [name, value] : answer.headers) message.insert(name, value);
    message.keep_alive(keep_alive);
    message.body() = answer.body;
    message.prepare_payload();
    return message;
}

// Whether the other end has closed; what it sent beyond its request does not count as that.
bool has_left(int fd) {
    char byte = 0;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void wait_until_left(int fd) {
    while (!has_left(fd)) {
        pollfd wait{fd, POLLRDHUP, 0};
        poll(&wait, 1, -1);
        if ((wait.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) return;
    }
}

void pause(std::chrono::milliseconds time, const std::stop_token& stopping) {
    std::mutex mutex;
    std::condition_variable_any bell;
    std::unique_lock lock(mutex);
    bell.wait_for(lock, stopping, time, [] { return false; });
}

}  // namespace

class HttpServer::Listener {
   public:
    Listener(Handler handler, std::size_t body_limit)
        : handler_(std::move(handler)),
          body_limit_(body_limit),
          acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          port_(acceptor_.local_endpoint().port()),
          thread_([this] { accept_all(); }) {}
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() {
        stop_.request_stop();
        shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
        const std::lock_guard lock(mutex_);
        for (auto& session : sessions_) {
            // Not closed before its thread is done with it: the number could be another's by then.
            shutdown(session.socket.native_handle(), SHUT_RDWR);
        }
        for (auto& session : sessions_) session.thread.join();
    }

    int port() const { return port_; }
    std::size_t connections() const { return connections_; }

   private:
    struct Session {
        explicit Session(tcp::socket accepted) : socket(std::move(accepted)) {}
        tcp::socket socket;
        std::atomic<bool> over = false;
        std::thread thread = {};
    };

    void accept_all() {
        for (;;) {
            boost::system::error_code failure;
            tcp::socket socket(io_);
            acceptor_.accept(socket, failure);
            if (stop_.stop_requested()) return;
            if (failure) continue;
            socket.set_option(tcp::no_delay(true), failure);
            const std::size_t number = ++connections_;
            const std::lock_guard lock(mutex_);
            reap();
            auto& session = sessions_.emplace_back(std::move(socket));
            session.thread = std::thread([this, &session, number] {
                serve(session.socket, number);
                shutdown(session.socket.native_handle(), SHUT_RDWR);
                session.over = true;
            });
        }
    }

    void reap() {
        for (auto session = sessions_.begin(); session != sessions_.end();) {
            if (session->over) {
                session->thread.join();
                session = sessions_.erase(session);
            } else {
                ++session;
            }
        }
    }

    void serve(tcp::socket& socket, std::size_t number) {
        beast::flat_buffer buffer;
        boost::system::error_code failure;
        while (!stop_.stop_requested()) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(body_limit_);
            http::read_header(socket, buffer, parser, failure);
            if (failure) return;
            if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
                http::response<http::empty_body> go_on(http::status::continue_,
                                                       parser.get().version());
                http::write(socket, go_on, failure);
            }
            http::read(socket, buffer, parser, failure);
            if (failure) return;
            auto request = request_of(parser.get());
            request.received = std::chrono::steady_clock::now();
            request.connection = number;
            request.stopping = stop_.get_token();
            request.client_has_left = [&socket] { return has_left(socket.native_handle()); };
            if (!reply(socket, answer_to(request), parser.get().version(),
                       parser.get().keep_alive())) {
                return;
            }
        }
    }

    HttpAnswer answer_to(const HttpRequest& request) const {
        try {
            return handler_(request);
        } catch (const std::exception& failure) {
            return {.status = 500, .body = std::string("the stand-in failed: ") + failure.what()};
        }
    }

    // Whether the connection goes on.
    bool reply(tcp::socket& socket, const HttpAnswer& answer, unsigned version, bool keep_alive) {
        if (answer.delay.count() > 0) pause(answer.delay, stop_.get_token());
        if (answer.begun) answer.begun(std::chrono::steady_clock::now());
        if (answer.conduct == Conduct::close) return false;
        if (answer.conduct == Conduct::hang) {
            wait_until_left(socket.native_handle());
            return false;
        }
        boost::system::error_code failure;
        const auto message = message_of(answer, version, keep_alive);
        if (answer.conduct == Conduct::close_half_way) {
            std::ostringstream text;
            text << message;
            const auto half = text.str().substr(0, text.str().size() / 2);
            boost::asio::write(socket, boost::asio::buffer(half), failure);
            return false;
        }
        http::write(socket, message, failure);
        return !failure && keep_alive;
    }

    const Handler handler_;
    const std::size_t body_limit_;
    std::stop_source stop_;
    boost::asio::io_context io_;
    tcp::acceptor acceptor_;
    const int port_;
    std::atomic<std::size_t> connections_ = 0;
    std::mutex mutex_;  // guards sessions_
    std::list<Session> sessions_;
    std::thread thread_;
};

HttpServer::HttpServer(Handler handler, std::size_t body_limit)
    : listener_(std::make_unique<Listener>(std::move(handler), body_limit)) {}
HttpServer::~HttpServer() = default;

int HttpServer::port() const { return listener_->port(); }
std::string HttpServer::address() const { return "127.0.0.1:" + std::to_string(port()); }
std::size_t HttpServer::connections() const { return listener_->connections(); }

std::optional<std::string> HttpRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (beast::iequals(key, name)) return value;
    }
    return std::nullopt;
}

}  // namespace support

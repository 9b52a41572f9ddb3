// SPDX-License-Identifier: Apache-2.0
#include "support/aws/http_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <stdexcept>

namespace support {

namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;

class HttpClient::Connection {
   public:
    explicit Connection(int port) {
        boost::system::error_code failure;
        socket_.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)},
                        failure);
        if (failure) throw std::runtime_error("nobody listens on port " + std::to_string(port));
    }

    void send(const HttpRequest& request) {
        http::request<http::string_body> message;
        message.method_string(request.method);
        message.target(request.target);
        message.version(11);
        for (const auto& [name, value] : request.headers) message.insert(name, value);
        message.body() = request.body;
        message.prepare_payload();
        boost::system::error_code failure;
        http::write(socket_, message, failure);
    }

    std::optional<HttpAnswer> receive() {
        http::response_parser<http::string_body> parser;
        parser.body_limit(std::uint64_t{64} << 20U);
        boost::system::error_code failure;
        http::read(socket_, buffer_, parser, failure);
        if (failure) return std::nullopt;
        HttpAnswer answer{.status = static_cast<int>(parser.get().result_int()),
                          .body = parser.get().body()};
        for (const auto& field : parser.get()) {
            answer.headers.emplace_back(std::string(field.name_string()),
                                        std::string(field.value()));
        }
        return answer;
    }

   private:
    boost::asio::io_context io_;
    tcp::socket socket_{io_};
    boost::beast::flat_buffer buffer_;
};

HttpClient::HttpClient(int port) : connection_(std::make_unique<Connection>(port)) {}
HttpClient::~HttpClient() = default;

void HttpClient::send(const HttpRequest& request) { connection_->send(request); }
std::optional<HttpAnswer> HttpClient::receive() { return connection_->receive(); }
std::optional<HttpAnswer> HttpClient::call(const HttpRequest& request) {
    send(request);
    return receive();
}

std::optional<std::string> header_of(const HttpAnswer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
        if (boost::beast::iequals(key, name)) return value;
    }
    return std::nullopt;
}

}  // namespace support

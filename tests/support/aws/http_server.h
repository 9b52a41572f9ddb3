// SPDX-License-Identifier: Apache-2.0
//
// An HTTP/1.1 server on a port of 127.0.0.1, for stand-ins of services: keeps connections alive,
// has a thread for each, and can misbehave. Knows no service. The handler is called from the
// connections' threads, so from several at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method = {};
    std::string target = {};  // as it was sent: path, and query where there is one
    HttpHeaders headers = {};
    std::string body = {};
    std::size_t connection = 0;                           // counts from 1
    std::chrono::steady_clock::time_point received = {};  // when its last byte had been read
    std::function<bool()> client_has_left = {};           // whether its end is closed by now
    std::stop_token stopping = {};                        // the server is being destroyed

    // The first header of that name, in whatever case.
    std::optional<std::string> header(std::string_view name) const;
};

struct HttpAnswer {
    enum class Conduct {
        answer,
        close,           // says nothing and closes
        close_half_way,  // says the first half of the answer and closes
        hang,            // says nothing until the client has closed
    };

    int status = 200;
    HttpHeaders headers = {};
    std::string body = {};
    Conduct conduct = Conduct::answer;
    std::chrono::milliseconds delay{0};  // how long to wait before any of that
    // Called just before the first byte is written, or the connection closed.
    std::function<void(std::chrono::steady_clock::time_point)> begun = {};
};

class HttpServer {
   public:
    using Handler = std::function<HttpAnswer(const HttpRequest&)>;

    // Listens, and answers by `handler`, whose exceptions are answers of status 500. A body larger
    // than `body_limit` ends its connection. Throws std::runtime_error when it cannot listen.
    explicit HttpServer(Handler handler, std::size_t body_limit = std::size_t{64} << 20U);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    // Ends every connection; waits for handlers that are at work.
    ~HttpServer();

    int port() const;
    // "127.0.0.1:PORT"
    std::string address() const;
    // Connections accepted so far.
    std::size_t connections() const;

   private:
    class Listener;
    std::unique_ptr<Listener> listener_;
};

}  // namespace support

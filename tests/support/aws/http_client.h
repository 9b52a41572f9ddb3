// SPDX-License-Identifier: Apache-2.0
//
// A raw HTTP/1.1 client, for what a well-behaved one would never send to a stand-in. Keeps its
// connection while the server does. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/aws/http_server.h"

namespace support {

class HttpClient {
   public:
    // Throws std::runtime_error when nobody listens.
    explicit HttpClient(int port);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    // Sends method, target, headers and body, with Content-Length added; waits for the answer.
    // Nothing when the server closed the connection before the answer was whole.
    std::optional<HttpAnswer> call(const HttpRequest& request);
    // Sends only.
    void send(const HttpRequest& request);
    std::optional<HttpAnswer> receive();

   private:
    class Connection;
    std::unique_ptr<Connection> connection_;
};

// The first header of that name, in whatever case.
std::optional<std::string> header_of(const HttpAnswer& answer, std::string_view name);

}  // namespace support

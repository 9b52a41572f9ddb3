// SPDX-License-Identifier: Apache-2.0
//
// One HTTP exchange at a time over a kept libcurl handle: the only door through which the program
// asks services on the web. Knows TLS, proxies, time limits and AWS's signature, and no service.
//
// Connections are kept and used again. HTTPS_PROXY, NO_PROXY and the like are honoured as curl
// does; certificates are always verified; redirects are never followed. One object serves one
// thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"

namespace http {

// What AWS's Signature Version 4 is computed from; curl does the computing.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv4.html
struct Signing {
    std::string service;
    std::string region;
    std::string access_key_id;
    base::Secret secret_access_key;
    base::Secret session_token = {};  // empty for a long-term key; else it is signed as well
};

enum class Route {
    as_configured,  // through a proxy where the variables name one
    direct,         // never: what answers stands on this machine or beside it
};

struct Request {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers = {};
    base::Secret body = {};
    std::optional<Signing> signing = {};
    Route route = Route::as_configured;
    // The longest that this one exchange may take, and its connecting, inside the deadline.
    std::chrono::milliseconds time_limit{10'000};
    std::chrono::milliseconds connect_limit{3'000};
    std::size_t longest_answer = 1'048'576;  // bytes
};

struct Response {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    base::Secret body;

    // The value of one, or nothing where there is none of that name.
    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

// Which authorities a server's certificate may come from; with neither, the system's.
struct Trust {
    std::string file = {};    // a PEM file
    std::string bundle = {};  // PEM text, which wins
};

// What a person can do about a failure, in the words of the service that is asked.
struct Hints {
    std::string untrusted = "name the authority of its certificate with SSL_CERT_FILE";
    std::string unknown_host = "check the spelling of the host, and this machine's name servers";
    std::string no_url = "an address is an http or https URL";
};

class Client {
   public:
    // Nothing of curl or TLS is touched before the first exchange, and no authority is loaded
    // before the first over https.
    explicit Client(Trust trust = {}, Hints hints = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    // The answer, whatever its status. Blocks for name resolution, connecting and the exchange, and
    // ends by the deadline. Fails `deadline`; `unavailable` when there was no whole answer, with
    // the host and what went wrong, and nothing of headers or bodies; `internal` for an answer
    // that is longer than it may be. The request may have been carried out whenever it fails.
    base::Result<Response> send(const Request& request, base::Deadline deadline);

   private:
    struct Handle;
    Trust trust_;
    Hints hints_;
    std::unique_ptr<Handle> handle_;
};

// The host of an http or https URL, without port and brackets, and its scheme; nothing for anything
// else. Pure.
struct UrlParts {
    std::string scheme;
    std::string host;
};
std::optional<UrlParts> parse_url(const std::string& url);

}  // namespace http

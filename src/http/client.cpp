// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>

#include "base/text.h"

namespace http {

namespace {

using base::ErrorKind;

// The file that a system keeps its authorities in differs between distributions; libcurl knows only
// that of the one it was built on.
constexpr std::array k_system_authorities{
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Amazon Linux, Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // the same, newer
    "/etc/ssl/ca-bundle.pem",                             // SUSE
};
// OpenSSL takes tens of milliseconds to read such a file. Where the same authorities stand in a
// folder under the hashes of their names, it reads only the one that it needs. That such a folder
// is there is told by the hash of the authority that AWS's certificates go back to.
constexpr const char* k_system_folder = "/etc/ssl/certs";
constexpr const char* k_system_folder_has = "/etc/ssl/certs/ce5e74ef.0";  // Amazon Root CA 1

void start_curl() {
    static std::once_flag started;
    std::call_once(started, [] {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw std::runtime_error("libcurl cannot be initialized");
        }
    });
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;
using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// What curl's callbacks fill.
struct Answer {
    std::map<std::string, std::string> headers;
    std::string body;
    std::size_t longest;
    bool headers_ended = false;
    bool too_large = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& answer = *static_cast<Answer*>(user);
    const auto length = size * count;
    if (answer.body.size() + length > answer.longest) {
        answer.too_large = true;
        return 0;
    }
    answer.body.append(data, length);
    return length;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& answer = *static_cast<Answer*>(user);
    const std::string line(data, size * count);
    if (line.starts_with("HTTP/")) answer.headers.clear();  // of a proxy, or "100 Continue"
    answer.headers_ended = line == "\r\n" || line == "\n";
    const auto colon = line.find(':');
    if (colon != std::string::npos) {
        answer.headers[base::lower(line.substr(0, colon))] = base::trimmed(line.substr(colon + 1));
    }
    return size * count;
}

Headers header_list(const Request& request) {
    Headers list(nullptr, &curl_slist_free_all);
    const auto add = [&](const std::string& name, const std::string& value) {
        auto* longer = curl_slist_append(list.get(), (name + ": " + value).c_str());
        if (longer == nullptr) throw std::bad_alloc();
        static_cast<void>(list.release());
        list.reset(longer);
    };
    for (const auto& [name, value] : request.headers) add(name, value);
    if (request.signing && !request.signing->session_token.empty()) {
        add("X-Amz-Security-Token", request.signing->session_token.reveal());
    }
    return list;
}

template <typename Value>
void set(CURL* curl, CURLoption option, Value value) {
    if (curl_easy_setopt(curl, option, value) != CURLE_OK) {
        throw std::logic_error(fmt::format("libcurl lacks option {}", static_cast<int>(option)));
    }
}

enum class Authorities { named, folder, file };

Authorities first_choice(const Trust& trust) {
    if (!trust.bundle.empty() || !trust.file.empty()) return Authorities::named;
    return access(k_system_folder_has, R_OK) == 0 ? Authorities::folder : Authorities::file;
}

void set_trust(CURL* curl, const Trust& trust, Authorities authorities) {
    // The folder that libcurl was built with would keep it from remembering what it read of a file.
    const char* none = nullptr;
    set(curl, CURLOPT_CAPATH, authorities == Authorities::folder ? k_system_folder : none);
    set(curl, CURLOPT_CAINFO, none);
    if (!trust.bundle.empty()) {
        curl_blob blob{};
        blob.data = const_cast<char*>(trust.bundle.data());  // curl's type; it only reads
        blob.len = trust.bundle.size();
        blob.flags = CURL_BLOB_NOCOPY;
        set(curl, CURLOPT_CAINFO_BLOB, &blob);
    } else if (authorities != Authorities::folder) {
        auto file = trust.file;
        for (const auto* known : k_system_authorities) {
            if (file.empty() && access(known, R_OK) == 0) file = known;
        }
        if (!file.empty()) set(curl, CURLOPT_CAINFO, file.c_str());
    }
}

// What somebody has only written into the file counts as well.
CURLcode exchange(CURL* curl, const Trust& trust) {
    auto authorities = first_choice(trust);
    set_trust(curl, trust, authorities);
    const auto code = curl_easy_perform(curl);
    if (code != CURLE_PEER_FAILED_VERIFICATION || authorities != Authorities::folder) return code;
    set_trust(curl, trust, Authorities::file);
    return curl_easy_perform(curl);
}

void set_signing(CURL* curl, const Signing& signing) {
    set(curl, CURLOPT_AWS_SIGV4,
        fmt::format("aws:amz:{}:{}", signing.region, signing.service).c_str());
    set(curl, CURLOPT_USERNAME, signing.access_key_id.c_str());
    set(curl, CURLOPT_PASSWORD, signing.secret_access_key.reveal().c_str());
}

// A program that we become must not find the connection: this libcurl opens it without O_CLOEXEC.
int keep_to_ourselves(void* /*user*/, curl_socket_t socket, curlsocktype /*purpose*/) {
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

void set_limits(CURL* curl, const Request& request, base::Deadline deadline) {
    // Nothing would be taken for no limit.
    const auto limit = std::clamp(request.time_limit, std::chrono::milliseconds(1),
                                  std::max(deadline.remaining(), std::chrono::milliseconds(1)));
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    set(curl, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(request.connect_limit, limit).count()));
    // Without it, giving up waits for the thread that resolves the name.
    set(curl, CURLOPT_QUICK_EXIT, 1L);
}

void set_request(CURL* curl, const Request& request, curl_slist* headers) {
    set(curl, CURLOPT_URL, request.url.c_str());
    set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    set(curl, CURLOPT_FOLLOWLOCATION, 0L);
    set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    set(curl, CURLOPT_SOCKOPTFUNCTION, &keep_to_ourselves);
    set(curl, CURLOPT_USERAGENT, "reviewdb");
    set(curl, CURLOPT_HTTPHEADER, headers);
    if (request.method != "GET") {
        const auto& body = request.body.reveal();
        set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        set(curl, CURLOPT_POSTFIELDS, body.c_str());
    }
    set(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.route == Route::direct) set(curl, CURLOPT_PROXY, "");
    if (request.signing) set_signing(curl, *request.signing);
}

struct Ended {
    CURLcode code;
    std::string detail;  // curl's own words, where it has any
};

base::Error describe(const Ended& ended, const std::string& host, const Answer& answer,
                     const Hints& hints, base::Deadline deadline) {
    const auto code = ended.code;
    if (answer.too_large) {
        return {ErrorKind::internal, host + " sent an answer that is too long", {}, {}};
    }
    const std::string what = ended.detail.empty() ? curl_easy_strerror(code) : ended.detail;
    if (code == CURLE_OPERATION_TIMEDOUT && deadline.passed()) {
        return {ErrorKind::deadline,
                fmt::format("no answer from {} in time: {}", host, what),
                "give it more time",
                {}};
    }
    base::Error error{
        ErrorKind::unavailable, fmt::format("no answer from {}: {}", host, what), {}, {}};
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        error.hint = hints.untrusted;
    } else if (code == CURLE_COULDNT_RESOLVE_HOST) {
        error.hint = hints.unknown_host;
    } else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        error.kind = ErrorKind::invalid_input;
        error.hint = hints.no_url;
    }
    return error;
}

}  // namespace

struct Client::Handle {
    Easy easy{nullptr, &curl_easy_cleanup};
};

Client::Client(Trust trust, Hints hints)
    : trust_(std::move(trust)), hints_(std::move(hints)), handle_(std::make_unique<Handle>()) {}

Client::~Client() = default;

base::Result<Response> Client::send(const Request& request, base::Deadline deadline) {
    const auto parts = parse_url(request.url);
    if (!parts) {
        return base::fail(ErrorKind::invalid_input, "the address is not an http or https URL",
                          hints_.no_url);
    }
    if (deadline.passed()) {
        return base::fail(ErrorKind::deadline, "no time is left to ask " + parts->host,
                          "give it more time");
    }
    start_curl();
    if (!handle_->easy) handle_->easy.reset(curl_easy_init());
    auto* curl = handle_->easy.get();
    if (curl == nullptr) throw std::bad_alloc();
    curl_easy_reset(curl);  // options only: connections stay

    Answer answer{.headers = {}, .body = {}, .longest = request.longest_answer};
    std::array<char, CURL_ERROR_SIZE> detail{};
    const auto headers = header_list(request);
    set_request(curl, request, headers.get());
    set_limits(curl, request, deadline);
    set(curl, CURLOPT_ERRORBUFFER, detail.data());
    set(curl, CURLOPT_WRITEFUNCTION, &take_body);
    set(curl, CURLOPT_WRITEDATA, &answer);
    set(curl, CURLOPT_HEADERFUNCTION, &take_header);
    set(curl, CURLOPT_HEADERDATA, &answer);

    const auto code = parts->scheme == "https" ? exchange(curl, trust_) : curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_reset(curl);  // nothing of this call's is pointed at any more
    if (code != CURLE_OK) {
        return base::fail(describe({code, detail.data()}, parts->host, answer, hints_, deadline));
    }
    if (!answer.headers_ended) {  // curl is content with a part of them
        return base::fail(ErrorKind::unavailable,
                          fmt::format("no answer from {}: it was cut short", parts->host));
    }
    return Response{static_cast<int>(status), std::move(answer.headers),
                    base::Secret(std::move(answer.body))};
}

std::optional<UrlParts> parse_url(const std::string& url) {
    const auto part = [](CURLU* parsed, CURLUPart which) -> std::string {
        char* text = nullptr;
        if (curl_url_get(parsed, which, &text, 0) != CURLUE_OK) return {};
        const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
        return text;
    };
    const Url parsed(curl_url(), &curl_url_cleanup);
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
        return std::nullopt;
    }
    UrlParts parts{part(parsed.get(), CURLUPART_SCHEME), part(parsed.get(), CURLUPART_HOST)};
    if (parts.host.starts_with('[')) parts.host = parts.host.substr(1, parts.host.size() - 2);
    if (parts.scheme != "http" && parts.scheme != "https") return std::nullopt;
    return parts;
}

}  // namespace http

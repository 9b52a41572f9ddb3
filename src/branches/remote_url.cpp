// SPDX-License-Identifier: Apache-2.0
#include "branches/remote_url.h"

#include <array>

#include "base/bytes.h"
#include "base/text.h"

namespace branches {

namespace {

constexpr auto k_nowhere = std::string_view::npos;

// A URL, divided where credentials may stand.
struct Divided {
    std::string_view scheme;  // with its ://
    std::string_view user_and_password;
    std::string_view host;  // and port
    std::string_view rest;
};

std::optional<Divided> divide(std::string_view url) {
    const auto mark = url.find("://");
    if (mark == k_nowhere) return std::nullopt;
    Divided parts{url.substr(0, mark + 3), {}, {}, {}};
    url.remove_prefix(mark + 3);
    auto end = std::min(url.find_first_of("/?#"), url.size());
    // A password that has a slash in it, which it should not: nothing before the last @ is shown.
    const auto at = url.substr(0, std::min(url.find_first_of("?#"), url.size())).rfind('@');
    if (at != k_nowhere) {
        parts.user_and_password = url.substr(0, at);
        url.remove_prefix(at + 1);
        end = std::min(url.find_first_of("/?#"), url.size());
    }
    parts.host = url.substr(0, end);
    parts.rest = url.substr(end);
    return parts;
}

bool is_web(std::string_view scheme) {
    const auto lower = base::lower(scheme);
    return lower == "http://" || lower == "https://";
}

std::string decoded(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        std::size_t taken = 1;
        auto piece = std::string(text.substr(0, 1));
        if (text[0] == '%' && text.size() >= 3) {
            if (auto byte = base::from_hex(text.substr(1, 2))) {
                piece = *std::move(byte);
                taken = 3;
            }
        }
        result += piece;
        text.remove_prefix(taken);
    }
    return result;
}

std::string replaced(std::string text, const std::string& what) {
    // One that short is no secret, and would take the text apart.
    constexpr std::size_t k_shortest = 4;
    if (what.size() < k_shortest) return text;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), "…");
        at += std::string_view("…").size();
    }
    return text;
}

}  // namespace

RemoteUrl parse_remote_url(std::string_view text) {
    const auto parts = divide(text);
    if (!parts || !is_web(parts->scheme)) return {std::string(text), {}, {}, {}};
    const auto colon = parts->user_and_password.find(':');
    RemoteUrl url;
    url.origin = base::lower(std::string(parts->scheme) + std::string(parts->host));
    url.plain = std::string(parts->scheme) + std::string(parts->host) + std::string(parts->rest);
    url.user = base::Secret(decoded(parts->user_and_password.substr(0, colon)));
    if (colon != k_nowhere) {
        url.password = base::Secret(decoded(parts->user_and_password.substr(colon + 1)));
    }
    return url;
}

std::string shown_url(std::string_view text) {
    const auto parts = divide(text);
    if (!parts) return std::string(text);
    return std::string(parts->scheme) + std::string(parts->host) +
           std::string(parts->rest.substr(0, parts->rest.find_first_of("?#")));
}

std::string without_credentials(std::string_view text, const RemoteUrl& url) {
    std::string shown;
    for (;;) {
        const auto mark = text.find("://");
        if (mark == k_nowhere) break;
        shown += text.substr(0, mark + 3);
        text.remove_prefix(mark + 3);
        const auto word = text.substr(0, text.find_first_of(" \t\r\n'\""));
        const auto at = word.rfind('@');
        if (at != k_nowhere) text.remove_prefix(at + 1);
    }
    shown += text;
    for (const auto* secret : {&url.password, &url.user}) {
        shown = replaced(std::move(shown), secret->reveal());
        shown = replaced(std::move(shown), base::percent_encoded(secret->reveal()));
    }
    return shown;
}

std::optional<std::string> origin_of(std::string_view url) {
    const auto parts = divide(url);
    if (!parts || !is_web(parts->scheme) || parts->host.empty() ||
        url.find('@') < url.size() - parts->rest.size()) {
        return std::nullopt;
    }
    return base::lower(std::string(parts->scheme) + std::string(parts->host));
}

std::string host_of(std::string_view url) {
    const auto origin = origin_of(url);
    if (!origin) return {};
    const auto host = origin->substr(origin->find("//") + 2);
    return host.substr(0, host.rfind(':'));
}

}  // namespace branches

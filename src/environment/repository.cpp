// SPDX-License-Identifier: Apache-2.0
#include "environment/repository.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace environment {

namespace {

constexpr auto k_none = std::string_view::npos;

// No '@' and no ':' among them: a path that has one may be the rest of a password.
bool is_path_letter(char c) {
    return base::is_alphanumeric(c) || std::string_view("-._~+%").find(c) != k_none;
}

struct Remote {
    std::string_view authority;
    std::string_view path;
};

std::optional<Remote> split(std::string_view text) {
    if (const auto mark = text.find("://"); mark != k_none) {
        constexpr std::array k_schemes{"https", "http", "ssh", "git", "git+ssh", "ssh+git"};
        if (std::ranges::find(k_schemes, base::lower(text.substr(0, mark))) == k_schemes.end()) {
            return std::nullopt;
        }
        text.remove_prefix(mark + 3);
        text = text.substr(0, text.find_first_of("?#"));
        const auto slash = text.find('/');
        if (slash == k_none) return std::nullopt;
        return Remote{text.substr(0, slash), text.substr(slash + 1)};
    }
    // As scp has it: the host ends at the first colon behind the user, and before any slash.
    const auto end = std::min(text.find('/'), text.size());
    const auto at = text.substr(0, end).rfind('@');
    const auto colon = text.find(':', at == k_none ? 0 : at);
    if (colon == k_none || colon > end) return std::nullopt;
    const bool drive = at == k_none && colon == 1;  // C:\work
    return drive ? std::nullopt
                 : std::optional(Remote{text.substr(0, colon), text.substr(colon + 1)});
}

std::optional<std::string> host_of(std::string_view authority) {
    if (const auto at = authority.rfind('@'); at != k_none) authority.remove_prefix(at + 1);
    const bool bracket = authority.starts_with('[');
    const auto end =
        bracket ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (end == k_none) return std::nullopt;
    auto port = authority.substr(bracket ? end + 1 : end);
    if (!port.empty() && port[0] != ':') return std::nullopt;
    if (!port.empty()) port.remove_prefix(1);
    const auto host = authority.substr(0, bracket ? end + 1 : end);
    const bool clean = std::ranges::all_of(host, [&](char c) {
        return base::is_alphanumeric(c) || c == '.' || c == '-' || c == '_' ||
               (bracket && (c == ':' || c == '[' || c == ']'));
    });
    if (host.empty() || !clean || !std::ranges::all_of(port, base::is_digit)) return std::nullopt;
    return base::lower(host);
}

std::optional<std::string> path_of(std::string_view path) {
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.ends_with(".git")) path.remove_suffix(4);
    while (path.ends_with('/')) path.remove_suffix(1);
    std::string result;
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(part.size() + 1, path.size()));
        if (part.empty()) continue;
        if (part == "." || part == ".." || !std::ranges::all_of(part, is_path_letter)) {
            return std::nullopt;
        }
        result += '/';
        result += part;
    }
    return result.empty() ? std::nullopt : std::optional(result);
}

}  // namespace

std::optional<std::string> parse_repository(std::string_view remote) {
    const auto parts = split(remote);
    if (!parts) return std::nullopt;
    const auto host = host_of(parts->authority);
    const auto path = path_of(parts->path);
    return host && path ? std::optional(*host + *path) : std::nullopt;
}

}  // namespace environment

// SPDX-License-Identifier: Apache-2.0
#include "environment/repository.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
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

constexpr std::size_t k_longest_repository = 255;

std::string digest_of(std::string_view text) {
    const auto digest = base::sha256(text);
    return base::to_base32(base::as_text(digest));
}

// The last part of `repository` that a project's name can begin with; empty if it has none.
std::string project_word(std::string_view repository) {
    constexpr std::size_t k_longest_word = 6;
    std::string word;
    for (const char c : repository.substr(repository.rfind('/') + 1)) {
        const char letter = base::lower(c);
        const bool fits = base::is_lower(letter) || (!word.empty() && base::is_digit(letter));
        if (fits && word.size() < k_longest_word) word += letter;
    }
    return word;
}

}  // namespace

std::string repository_at(std::string_view host, std::string_view folder) {
    constexpr std::string_view k_inside = "/.git";
    if (folder.ends_with(k_inside)) folder.remove_suffix(k_inside.size());
    const auto lead = host.empty() ? std::string() : base::lower(host) + ":";
    auto text = lead + std::string(folder);
    if (text.size() <= k_longest_repository && is_clean_utf8(text)) return text;
    const auto short_lead = lead.size() <= k_longest_repository / 2 ? lead : std::string();
    return short_lead + "/" + digest_of(text);
}

Project project_of(std::string_view repository) {
    constexpr std::size_t k_digest_letters = 6;
    auto word = project_word(repository);
    if (word.empty()) word = "r";
    const auto digest = digest_of(repository).substr(0, k_digest_letters);
    // Never one of the names that are taken: those are shorter, or would need this very digest.
    auto project = Project::parse(word + digest);
    return project ? *std::move(project) : *Project::parse("r" + digest);
}

std::optional<std::string> parse_repository(std::string_view remote) {
    const auto parts = split(remote);
    if (!parts) return std::nullopt;
    const auto host = host_of(parts->authority);
    const auto path = path_of(parts->path);
    return host && path ? std::optional(*host + *path) : std::nullopt;
}

}  // namespace environment

// SPDX-License-Identifier: Apache-2.0
#include "branches/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/words.h"
#include "environment/name.h"

namespace branches {

namespace {

using base::ErrorKind;
using base::Result;
using std::string_view;

constexpr auto k_nowhere = string_view::npos;
constexpr string_view k_heads = "refs/heads/";

// What git allows, whatever the bytes above ASCII are.
bool fits_git(string_view name) {
    if (name.empty() || name.ends_with('.')) return false;
    if (name.find("..") != k_nowhere || name.find("@{") != k_nowhere) return false;
    const bool letters = std::ranges::all_of(name, [](unsigned char c) {
        return c > 0x20 && c != 0x7f &&
               string_view("~^:?*[\\").find(static_cast<char>(c)) == k_nowhere;
    });
    if (!letters) return false;
    for (;;) {
        const auto part = name.substr(0, name.find('/'));
        if (part.empty() || part.starts_with('.') || part.ends_with(".lock")) return false;
        if (part.size() == name.size()) return true;
        name.remove_prefix(part.size() + 1);
    }
}

bool is_object_id(string_view text) {
    constexpr std::size_t k_sha1 = 40;
    constexpr std::size_t k_sha256 = 64;
    return (text.size() == k_sha1 || text.size() == k_sha256) &&
           text.find_first_not_of("0123456789abcdef") == k_nowhere;
}

string_view without_heads(string_view ref) {
    if (ref.starts_with(k_heads)) ref.remove_prefix(k_heads.size());
    return ref;
}

// The name in a line of a person's or of git's; nothing when there is none.
std::optional<string_view> name_in(string_view line) {
    if (const auto tab = line.find('\t'); tab != k_nowhere) {
        auto before = line.substr(0, tab);
        if (before.ends_with(" commit")) before.remove_suffix(string_view(" commit").size());
        const auto ref = line.substr(tab + 1);
        if (!is_object_id(before) || !ref.starts_with(k_heads)) return std::nullopt;
        line = ref;
    }
    const auto name = without_heads(line);
    if (!is_branch_name(name) || name.starts_with("refs/")) return std::nullopt;
    return name;
}

std::string shown_line(string_view line) {
    constexpr std::size_t k_shown = 80;
    return base::harmless(base::beginning_of(base::presentable(line), k_shown));
}

tl::unexpected<base::Error> ill_formed(std::size_t number) {
    return base::fail(ErrorKind::unavailable,
                      fmt::format("line {} of git's answer is not a branch of a repository: it was "
                                  "cut off, or something else answered",
                                  number));
}

constexpr string_view k_hint =
    "branches as the repository itself has them, one to a line: git ls-remote --heads origin";

}  // namespace

bool is_branch_name(string_view name) { return fits_git(name) && environment::is_clean_utf8(name); }

Result<Heads> parse_heads(string_view answer) {
    Heads heads;
    for (std::size_t number = 1; !answer.empty(); ++number) {
        const auto end = answer.find('\n');
        if (end == k_nowhere) return ill_formed(number);
        const auto line = answer.substr(0, end);
        answer.remove_prefix(end + 1);
        const auto tab = line.find('\t');
        if (tab == k_nowhere || !is_object_id(line.substr(0, tab))) return ill_formed(number);
        const auto ref = line.substr(tab + 1);
        const auto name = without_heads(ref);
        if (name.size() == ref.size() || !fits_git(name)) return ill_formed(number);
        if (environment::is_clean_utf8(name)) {
            heads.names.emplace_back(name);
        } else {
            ++heads.not_text;
        }
    }
    normalise(heads.names);
    return heads;
}

Result<std::vector<std::string>> parse_names(string_view text) {
    std::vector<std::string> names;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (end == k_nowhere) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("line {} of the names has no end: '{}' may have been cut "
                                          "off",
                                          number, shown_line(text)),
                              "end the last line with a line feed");
        }
        auto line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == k_nowhere) continue;
        const auto name = name_in(line);
        if (!name) {
            return base::fail(
                ErrorKind::invalid_input,
                fmt::format("line {} of the names is no branch: '{}'", number, shown_line(line)),
                std::string(k_hint));
        }
        names.emplace_back(*name);
    }
    normalise(names);
    return names;
}

Result<std::vector<std::string>> check_names(const std::vector<std::string>& refs) {
    std::vector<std::string> names;
    for (const auto& ref : refs) {
        const auto name = without_heads(ref);
        if (!is_branch_name(name) || name.starts_with("refs/")) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("'{}' is no branch", shown_line(ref)),
                              "names of branches, with or without refs/heads/ before them");
        }
        names.emplace_back(name);
    }
    normalise(names);
    return names;
}

void normalise(std::vector<std::string>& names) {
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
}

void normalise(std::vector<PullRequest>& pull_requests) {
    std::ranges::stable_sort(pull_requests, {}, &PullRequest::number);
    const auto same = [](const auto& a, const auto& b) { return a.number == b.number; };
    pull_requests.erase(std::unique(pull_requests.begin(), pull_requests.end(), same),
                        pull_requests.end());
}

}  // namespace branches

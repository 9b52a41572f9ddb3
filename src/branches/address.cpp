// SPDX-License-Identifier: Apache-2.0
#include "branches/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/words.h"
#include "branches/remote_url.h"

namespace branches {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view k_forms =
    "one of git:REMOTE, github:OWNER/REPOSITORY, gitlab:GROUP/PROJECT, or - for names on standard "
    "input";

struct Prefix {
    std::string_view text;
    Address::Kind kind;
};
constexpr std::array k_prefixes{Prefix{"git:", Address::Kind::git},
                                Prefix{"github:", Address::Kind::github},
                                Prefix{"gitlab:", Address::Kind::gitlab}};

bool is_path_letter(char c) { return base::is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }

// The number of parts of a path like acme/shop; 0 when it is none.
std::size_t parts_of(std::string_view path) {
    std::size_t parts = 0;
    for (;;) {
        const auto part = path.substr(0, path.find('/'));
        if (part.empty() || part == "." || part == ".." ||
            !std::ranges::all_of(part, is_path_letter)) {
            return 0;
        }
        ++parts;
        if (part.size() == path.size()) return parts;
        path.remove_prefix(part.size() + 1);
    }
}

Result<void> check(const Address& address) {
    using Kind = Address::Kind;
    const auto parts = parts_of(address.of);
    if (address.kind == Kind::git) {
        const bool control =
            std::ranges::any_of(address.of, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
        if (!address.of.empty() && !address.of.starts_with('-') && !control) return {};
        return base::fail(ErrorKind::invalid_input, "git: names no remote",
                          "a name like origin, a URL or a path: git:origin");
    }
    if (address.kind == Kind::github && parts != 2) {
        return base::fail(ErrorKind::invalid_input, "github: names no repository",
                          "an owner and a repository: github:acme/shop; another host than "
                          "github.com goes into GH_HOST");
    }
    if (address.kind == Kind::gitlab && parts < 2) {
        return base::fail(ErrorKind::invalid_input, "gitlab: names no project",
                          "the groups and the project: gitlab:acme/backend/shop; another host than "
                          "gitlab.com goes into GITLAB_HOST");
    }
    return {};
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    if (text == "-") return Address{};
    for (const auto& prefix : k_prefixes) {
        if (!text.starts_with(prefix.text)) continue;
        Address address{prefix.kind, std::string(text.substr(prefix.text.size()))};
        BASE_TRY(check(address));
        return address;
    }
    constexpr std::size_t k_shown = 80;
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("'{}' is no source of branches",
                                  base::harmless(base::beginning_of(shown_url(text), k_shown))),
                      std::string(k_forms));
}

std::string to_text(const Address& address) {
    if (address.kind == Address::Kind::standard_input) return "-";
    const auto prefix = std::ranges::find(k_prefixes, address.kind, &Prefix::kind);
    return std::string(prefix->text) +
           base::harmless(address.kind == Address::Kind::git ? shown_url(address.of) : address.of);
}

}  // namespace branches

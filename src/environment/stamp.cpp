// SPDX-License-Identifier: Apache-2.0
#include "environment/stamp.h"

#include <charconv>
#include <vector>

namespace environment {

namespace {

constexpr std::string_view k_format = "reviewdb/1";

std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (;;) {
        const auto blank = text.find(' ');
        words.push_back(text.substr(0, blank));
        if (blank == std::string_view::npos) return words;
        text.remove_prefix(blank + 1);
    }
}

std::string begun(const base::Uuid& installation, const base::Uuid& whose) {
    constexpr std::size_t k_usual = 256;  // with what follows
    std::string stamp;
    stamp.reserve(k_usual);
    stamp.append(k_format).append(1, ' ').append(installation.to_string());
    stamp.append(1, ' ').append(whose.to_string());
    return stamp;
}

std::optional<int> parse_version(std::string_view text) {
    int version = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (problem != std::errc() || end != text.data() + text.size() || version < 1) {
        return std::nullopt;
    }
    return version;
}

}  // namespace

std::string DatabaseStamp::prefix(const base::Uuid& installation, const base::Uuid& instance) {
    return begun(installation, instance).append(1, ' ');
}

std::string DatabaseStamp::to_text() const {
    auto stamp = prefix(installation, instance);
    stamp.append(role.to_string()).append(1, '.').append(std::to_string(password_version));
    stamp.append(1, ' ').append(project).append(shielded ? " p " : " - ");
    stamp.append(sealed_name.empty() ? "-" : sealed_name);
    return stamp;
}

std::optional<DatabaseStamp> DatabaseStamp::parse(std::string_view text) {
    const auto words = parts_of(text);
    if (words.size() < 7 || words[0] != k_format) return std::nullopt;
    const auto dot = words[3].find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto installation = base::Uuid::parse(words[1]);
    const auto instance = base::Uuid::parse(words[2]);
    const auto role = base::Uuid::parse(words[3].substr(0, dot));
    const auto version = parse_version(words[3].substr(dot + 1));
    if (!installation || !instance || !role || !version) return std::nullopt;
    return DatabaseStamp{*installation,
                         *instance,
                         *role,
                         *version,
                         std::string(words[4]),
                         words[5] == "p",
                         words[6] == "-" ? std::string() : std::string(words[6])};
}

std::string role_stamp(const base::Uuid& installation, const base::Uuid& role) {
    return begun(installation, role);
}

}  // namespace environment

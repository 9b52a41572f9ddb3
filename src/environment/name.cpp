// SPDX-License-Identifier: Apache-2.0
#include "environment/name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"

namespace environment {

namespace {

using base::ErrorKind;

constexpr std::size_t k_longest_name = 255;
constexpr std::size_t k_longest_project = 12;
constexpr std::size_t k_hash_letters = 10;
constexpr std::string_view k_slug = "{slug}";
constexpr std::string_view k_project = "{project}";

bool is_slug_letter(char c) { return base::is_lower(c) || base::is_digit(c); }

// Lower-case ASCII letters and digits, every run of anything else as one underscore, none at the
// ends; `b` when nothing is left.
std::string slug_of(std::string_view text) {
    std::string slug;
    for (char c : text) {
        c = base::lower(c);
        if (is_slug_letter(c)) {
            slug += c;
        } else if (!slug.empty() && slug.back() != '_') {
            slug += '_';
        }
    }
    while (!slug.empty() && slug.back() == '_') slug.pop_back();
    return slug.empty() ? "b" : slug;
}

std::string cut(std::string slug, std::size_t room) {
    if (slug.size() > room) slug.resize(room);
    while (!slug.empty() && slug.back() == '_') slug.pop_back();
    return slug;
}

std::string hashed(std::string_view slug, std::string_view of, std::size_t room) {
    const auto digest = base::sha256(of);
    const auto hash = base::to_base32(base::as_text(digest)).substr(0, k_hash_letters);
    return cut(std::string(slug), room - k_hash_letters - 2) + "__" + hash;
}

std::string hash_input(const Project& project, const Name& name) {
    return project.text() + std::string(1, '\0') + name.text();
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
    return text;
}

// The length of the UTF-8 sequence at the start of `text`, 0 when there is none that is well-formed
// (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
std::size_t sequence_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = at(0);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0U) != 0x80U) return 0;
    }
    const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
    const bool surrogate = lead == 0xed && at(1) >= 0xa0;
    const bool too_large = lead == 0xf4 && at(1) >= 0x90;
    return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

bool is_clean_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto length = sequence_length(text);
        if (length == 0) return false;
        const auto lead = static_cast<unsigned char>(text[0]);
        if (length == 1 && (lead < 0x20 || lead == 0x7f)) return false;
        if (length == 2 && lead == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) return false;
        text.remove_prefix(length);
    }
    return true;
}

base::Result<Project> Project::parse(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= k_longest_project &&
                      base::is_lower(text[0]) && std::ranges::all_of(text, is_slug_letter);
    if (!fits || text == "reviewdb" || text == "pg") {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("'{}' is not a project name", is_clean_utf8(text) ? text : "(not text)"),
            "1 to 12 lower-case letters and digits, a letter first; 'pg' and "
            "'reviewdb' are taken");
    }
    return Project(std::string(text));
}

base::Result<Name> Name::parse(std::string_view text) {
    const auto refuse = [](std::string_view why) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("the name of the environment is {}", why),
                          "any UTF-8 text of 1 to 255 bytes without control characters");
    };
    if (text.empty()) return refuse("empty");
    if (text.size() > k_longest_name) return refuse(fmt::format("{} bytes long", text.size()));
    if (!is_clean_utf8(text)) return refuse("not UTF-8, or has a control character in it");
    return Name(std::string(text));
}

base::Result<NamePattern> NamePattern::parse(std::string_view text) {
    auto rest = replaced(replaced(std::string(text), k_slug, ""), k_project, "");
    const bool clean = std::ranges::all_of(rest, [](char c) {
        return is_slug_letter(c) || (c >= 'A' && c <= 'Z') ||
               std::string_view("_/+=.@-").find(c) != std::string_view::npos;
    });
    constexpr std::size_t k_longest_rest = 24;
    if (text.find(k_slug) == std::string_view::npos || !clean || rest.size() > k_longest_rest ||
        text.starts_with("reviewdb") || text.starts_with("pg_")) {
        return base::fail(
            ErrorKind::invalid_input, fmt::format("'{}' is not a pattern of names", text),
            "letters, digits and _/+=.@- (24 at most) around {slug}, with {project} if "
            "you like, not starting with 'reviewdb' or 'pg_': {project}_{slug}");
    }
    return NamePattern(std::string(text));
}

std::string NamePattern::fill(const Project& project, std::string_view slug) const {
    return replaced(replaced(text_, k_project, project.text()), k_slug, slug);
}

std::size_t NamePattern::room_for_slug(const Project& project, std::size_t longest) const {
    return longest - fill(project, "").size();
}

std::string NamePattern::apply(const Project& project, const Name& name,
                               std::size_t longest) const {
    const auto room = room_for_slug(project, longest);
    const auto slug = slug_of(name.text());
    if (slug == name.text() && slug.size() <= room) return fill(project, slug);
    return fill(project, hashed(slug, hash_input(project, name), room));
}

bool NamePattern::fits(const Project& project, std::string_view text) const {
    // No slug has a blank in it, and no pattern.
    const auto frame = fill(project, " ");
    const auto slug = frame.find(' ');
    const auto before = std::string_view(frame).substr(0, slug);
    const auto behind = std::string_view(frame).substr(slug + 1);
    return text.size() > before.size() + behind.size() && text.starts_with(before) &&
           text.ends_with(behind);
}

std::string NamePattern::apply_beside(const Project& project, const Name& name,
                                      const base::Uuid& instance, std::size_t longest) const {
    const auto input =
        hash_input(project, name) + std::string(1, '\0') + std::string(instance.bytes());
    return fill(project, hashed(slug_of(name.text()), input, room_for_slug(project, longest)));
}

std::string role_name(const Project& project, const base::Uuid& role) {
    return project.text() + "_" + role.short_name();
}
std::string building_name(const base::Uuid& instance) {
    return "reviewdb_b_" + instance.short_name();
}
std::string dropping_name(const base::Uuid& instance) {
    return "reviewdb_x_" + instance.short_name();
}

std::string frozen_name(const base::Uuid& instance) {
    return "reviewdb_t_" + instance.short_name();
}

base::Result<void> check_template_name(std::string_view name) {
    constexpr std::size_t k_longest = 40;
    const bool fits =
        !name.empty() && name.size() <= k_longest && name.front() >= 'a' && name.front() <= 'z' &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
    const bool reserved = name == k_empty || name == k_auto;
    if (fits && !reserved) return {};
    return base::fail(
        base::ErrorKind::invalid_input, fmt::format("'{}' cannot be the name of a template", name),
        reserved ? "empty and auto have a meaning of their own"
                 : "a letter, then letters, digits, _ or -, all lower case, at most 40");
}

}  // namespace environment

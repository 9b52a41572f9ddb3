// SPDX-License-Identifier: Apache-2.0
#include "sources/choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"

namespace sources {

namespace {

using base::ErrorKind;
using base::Result;

// No name in a database holds these bytes as a rule; in a pattern they stand for the wildcards.
constexpr char k_any = '\x01';
constexpr char k_one = '\x02';

tl::unexpected<base::Error> unfit(const std::string& text, std::string_view why) {
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("'{}' is not a pattern: {}", base::harmless(text), why),
                      "'audit.*', 'public.film' or '\"Film\"': * stands for any text and ? for a "
                      "character; put other names in double quotes");
}

char small(char letter) {
    constexpr char k_shift = 'a' - 'A';
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + k_shift) : letter;
}

// What stands between the dots.
Result<std::vector<std::string>> parts_of(const std::string& text) {
    constexpr std::string_view k_of_regular_expressions = "[](){}|+^\\'";
    std::vector<std::string> parts(1);
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (letter == '"') {
            const bool doubled = quoted && at + 1 < text.size() && text[at + 1] == '"';
            if (doubled) {
                parts.back() += '"';
                ++at;
            } else {
                quoted = !quoted;
            }
        } else if (static_cast<unsigned char>(letter) < ' ') {
            return unfit(text, "it holds a control character");
        } else if (quoted) {
            parts.back() += letter;
        } else if (letter == '.') {
            parts.emplace_back();
        } else if (k_of_regular_expressions.find(letter) != std::string_view::npos) {
            return unfit(text, fmt::format("'{}' stands outside of double quotes", letter));
        } else {
            parts.back() += letter == '*' ? k_any : letter == '?' ? k_one : small(letter);
        }
    }
    if (quoted) return unfit(text, "a double quote is not closed");
    const auto empty = [](const std::string& part) { return part.empty(); };
    if (std::ranges::any_of(parts, empty)) return unfit(text, "a name in it is empty");
    return parts;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) >> 6U) == 2U; }

// With the last `*` as the only place to come back to.
bool fits(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    std::size_t in = 0;
    while (in < text.size()) {
        if (at < pattern.size() && pattern[at] == k_one) {
            do ++in;
            while (in < text.size() && continues_character(text[in]));
            ++at;
        } else if (at < pattern.size() && pattern[at] == k_any) {
            star = at++;
            star_text = in;
        } else if (at < pattern.size() && pattern[at] == text[in]) {
            ++at;
            ++in;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            in = ++star_text;
        } else {
            return false;
        }
    }
    return pattern.substr(at).find_first_not_of(k_any) == std::string_view::npos;
}

tl::unexpected<base::Error> nothing_fits(const char* flag, const TablePattern& pattern,
                                         const char* what, const std::string& where) {
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} '{}' matches no {} in {}", flag, pattern.text(), what, where),
                      "names are written as in pg_dump: SCHEMA.TABLE, * for any text, and double "
                      "quotes around capital letters");
}

}  // namespace

Result<TablePattern> TablePattern::parse(const std::string& text) {
    BASE_TRY_ASSIGN(auto parts, parts_of(text));
    if (parts.size() > 2) return unfit(text, "it has more than SCHEMA.TABLE");
    TablePattern pattern;
    pattern.text_ = text;
    pattern.is_qualified_ = parts.size() == 2;
    pattern.schema_ = pattern.is_qualified_ ? parts.front() : std::string(1, k_any);
    pattern.name_ = parts.back();
    return pattern;
}

Result<TablePattern> TablePattern::parse_schema(const std::string& text) {
    BASE_TRY_ASSIGN(auto parts, parts_of(text));
    if (parts.size() > 1) return unfit(text, "a schema's name has no dot outside of double quotes");
    TablePattern pattern;
    pattern.text_ = text;
    pattern.is_qualified_ = true;
    pattern.schema_ = parts.front();
    pattern.name_ = std::string(1, k_any);
    return pattern;
}

bool TablePattern::matches(std::string_view schema, std::string_view name) const {
    return fits(schema_, schema) && fits(name_, name);
}

Result<Patterns> parse_patterns(const Choice& choice) {
    if (!choice.tables.empty() && !choice.schemas.empty()) {
        return base::fail(ErrorKind::invalid_input,
                          "--tables and --schemas cannot be given together",
                          "--tables SCHEMA.TABLE chooses tables of a schema");
    }
    Patterns patterns{.schema_only = choice.schema_only};
    for (const auto& text : choice.exclude_table_data) {
        BASE_TRY_ASSIGN(auto pattern, TablePattern::parse(text));
        patterns.exclude_table_data.push_back(std::move(pattern));
    }
    for (const auto& text : choice.tables) {
        BASE_TRY_ASSIGN(auto pattern, TablePattern::parse(text));
        patterns.tables.push_back(std::move(pattern));
    }
    for (const auto& text : choice.schemas) {
        BASE_TRY_ASSIGN(auto pattern, TablePattern::parse_schema(text));
        patterns.schemas.push_back(std::move(pattern));
    }
    return patterns;
}

Result<void> check_matches(const Patterns& patterns, const std::vector<Relation>& relations,
                           const std::vector<std::string>& schemas, const std::string& where) {
    const auto is_there = [&](const TablePattern& pattern) {
        return std::ranges::any_of(relations, [&](const Relation& relation) {
            return pattern.matches(relation.schema, relation.name);
        });
    };
    for (const auto& pattern : patterns.exclude_table_data) {
        if (!is_there(pattern))
            return nothing_fits("--exclude-table-data", pattern, "table", where);
    }
    for (const auto& pattern : patterns.tables) {
        if (!is_there(pattern)) return nothing_fits("--tables", pattern, "table", where);
    }
    for (const auto& pattern : patterns.schemas) {
        const bool found = std::ranges::any_of(
            schemas, [&](const std::string& schema) { return pattern.matches(schema, ""); });
        if (!found) return nothing_fits("--schemas", pattern, "schema", where);
    }
    return {};
}

std::vector<std::string> Patterns::for_pg_dump() const {
    std::vector<std::string> options;
    if (schema_only) options.emplace_back("--schema-only");
    for (const auto& pattern : exclude_table_data) {
        options.push_back("--exclude-table-data=" + pattern.for_pg_dump());
    }
    for (const auto& pattern : tables) options.push_back("--table=" + pattern.for_pg_dump());
    for (const auto& pattern : schemas) options.push_back("--schema=" + pattern.text());
    if (!tables.empty() || !schemas.empty()) options.emplace_back("--strict-names");
    return options;
}

std::string_view flag_of(const Choice& choice) {
    if (!choice.tables.empty()) return "--tables";
    if (!choice.schemas.empty()) return "--schemas";
    if (!choice.exclude_table_data.empty()) return "--exclude-table-data";
    return choice.schema_only ? "--schema-only" : "";
}

bool matches_any(const std::vector<TablePattern>& patterns, std::string_view schema,
                 std::string_view name) {
    return std::ranges::any_of(
        patterns, [&](const TablePattern& pattern) { return pattern.matches(schema, name); });
}

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "sources/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "base/words.h"

namespace sources {

namespace {

using base::ErrorKind;
using base::Result;

// Of more than one word, as pg_dump has them; those of which another one is the beginning first.
constexpr std::array<std::string_view, 20> k_kinds{"MATERIALIZED VIEW DATA",
                                                   "MATERIALIZED VIEW",
                                                   "TABLE DATA",
                                                   "TABLE ATTACH",
                                                   "INDEX ATTACH",
                                                   "SEQUENCE OWNED BY",
                                                   "SEQUENCE SET",
                                                   "FK CONSTRAINT",
                                                   "CHECK CONSTRAINT",
                                                   "ROW SECURITY",
                                                   "FOREIGN TABLE",
                                                   "EVENT TRIGGER",
                                                   "DEFAULT ACL",
                                                   "SECURITY LABEL",
                                                   "OPERATOR CLASS",
                                                   "OPERATOR FAMILY",
                                                   "ACCESS METHOD",
                                                   "USER MAPPING",
                                                   "FOREIGN SERVER",
                                                   "PUBLICATION TABLE"};

// What a table is chosen by.
constexpr std::array<std::string_view, 5> k_relations{"TABLE", "VIEW", "MATERIALIZED VIEW",
                                                      "FOREIGN TABLE", "SEQUENCE"};
// What comes with a table that it needs.
constexpr std::array<std::string_view, 21> k_parts{"TABLE DATA",
                                                   "MATERIALIZED VIEW DATA",
                                                   "INDEX",
                                                   "CONSTRAINT",
                                                   "FK CONSTRAINT",
                                                   "CHECK CONSTRAINT",
                                                   "TRIGGER",
                                                   "RULE",
                                                   "POLICY",
                                                   "ROW SECURITY",
                                                   "DEFAULT",
                                                   "SEQUENCE",
                                                   "SEQUENCE OWNED BY",
                                                   "SEQUENCE SET",
                                                   "COMMENT",
                                                   "ACL",
                                                   "STATISTICS",
                                                   "TABLE ATTACH",
                                                   "INDEX ATTACH",
                                                   "SECURITY LABEL",
                                                   "PUBLICATION TABLE"};
// What is not made only because something else needs it.
constexpr std::array<std::string_view, 4> k_never_fetched{"CONSTRAINT", "INDEX", "TABLE DATA",
                                                          "VIEW"};

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& kinds, std::string_view kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

std::string_view next_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::optional<int> number_of(std::string_view text) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// "216; 1259 16391 TABLE public film postgres".
std::optional<Entry> entry_of(std::string_view line) {
    const auto semicolon = line.find("; ");
    if (semicolon == std::string_view::npos) return std::nullopt;
    const auto id = number_of(line.substr(0, semicolon));
    if (!id) return std::nullopt;
    auto rest = line.substr(semicolon + 2);
    next_word(rest);
    next_word(rest);
    const auto* const kind = std::ranges::find_if(
        k_kinds, [&](auto one) { return rest.starts_with(std::string(one) + " "); });
    Entry entry{*id, {}, {}, std::string(line)};
    entry.kind = kind == k_kinds.end() ? next_word(rest) : *kind;
    if (kind != k_kinds.end()) rest.remove_prefix(kind->size() + 1);
    entry.rest = rest;
    return entry;
}

// Blanks in names make the list ambiguous: each way to read schema and name of "public film owner".
// With `one_word`, schemas have none.
std::vector<Relation> readings_of(std::string_view rest, bool one_word) {
    std::vector<std::size_t> blanks;
    for (auto at = rest.find(' '); at != std::string_view::npos; at = rest.find(' ', at + 1)) {
        blanks.push_back(at);
    }
    std::vector<Relation> readings;
    const std::size_t most = one_word ? 1 : blanks.size();
    for (std::size_t first = 0; first < std::min(most, blanks.size()); ++first) {
        for (std::size_t second = first + 1; second < blanks.size(); ++second) {
            readings.push_back(
                {std::string(rest.substr(0, blanks[first])),
                 std::string(rest.substr(blanks[first] + 1, blanks[second] - blanks[first] - 1))});
        }
    }
    return readings;
}

class Chooser {
   public:
    Chooser(const std::vector<Entry>& entries, const Patterns& patterns, std::string where)
        : entries_(entries), patterns_(patterns), where_(std::move(where)) {
        for (const auto& entry : entries_) {
            by_id_[entry.id] = &entry;
            const auto blanks = std::ranges::count(entry.rest, ' ');
            // "- audit owner".
            if (entry.kind == "SCHEMA" && blanks > 2) one_word_ = false;
        }
    }

    Result<std::string> list() {
        BASE_TRY(check());
        const bool all = patterns_.tables.empty() && patterns_.schemas.empty();
        if (!all) BASE_TRY(take());
        std::string list;
        for (const auto& entry : entries_) {
            if (!all && !taken_.contains(entry.id) && !fetched_.contains(entry.id)) continue;
            const bool rows = entry.kind == "TABLE DATA" || entry.kind == "MATERIALIZED VIEW DATA";
            if (rows) {
                BASE_TRY_ASSIGN(const bool left_out, fits(patterns_.exclude_table_data, entry));
                if (left_out) continue;
            }
            list += entry.line + "\n";
        }
        return list;
    }

   private:
    // Whether a pattern fits to the entry's schema and name.
    Result<bool> fits(const std::vector<TablePattern>& patterns, const Entry& entry) const {
        std::size_t fitting = 0;
        const auto readings = readings_of(entry.rest, one_word_);
        for (const auto& [schema, name] : readings) {
            if (matches_any(patterns, schema, name)) ++fitting;
        }
        if (fitting == 0 || fitting == readings.size()) return fitting > 0;
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("{} holds a name or an owner with blanks, '{}', and its list does not tell "
                        "whether a pattern fits to it",
                        where_, base::harmless(entry.rest)),
            "choose from the database itself: --from postgresql://…; or name it with *");
    }

    Result<void> check() const {
        std::vector<Relation> relations;
        std::vector<std::string> schemas;
        for (const auto& entry : entries_) {
            const bool relation = is_one_of(k_relations, entry.kind) || entry.kind == "TABLE DATA";
            schemas.emplace_back(schema_of(entry));
            if (!relation) continue;
            std::ranges::move(readings_of(entry.rest, one_word_), std::back_inserter(relations));
        }
        return check_matches(patterns_, relations, schemas, where_);
    }

    Result<void> take() {
        for (const auto& entry : entries_) {
            const bool by_table = !patterns_.tables.empty();
            if (by_table ? !is_one_of(k_relations, entry.kind) : is_part(entry)) continue;
            bool chosen = !by_table && matches_any(patterns_.schemas, schema_of(entry), "");
            if (by_table) {
                BASE_TRY_ASSIGN(chosen, fits(patterns_.tables, entry));
            }
            if (chosen) taken_.insert(entry.id);
        }
        for (bool grows = true; grows;) {
            grows = false;
            for (const auto& entry : entries_) {
                if (comes_with_what_is_taken(entry))
                    grows = taken_.insert(entry.id).second || grows;
            }
        }
        const auto taken = taken_;
        for (const int id : taken) fetch_needs_of(id);
        return {};
    }

    // The arguments of functions have blanks, so that a schema is one word here.
    static std::string_view schema_of(const Entry& entry) {
        std::string_view rest = entry.rest;
        auto schema = next_word(rest);
        return entry.kind == "SCHEMA" ? next_word(rest) : schema;
    }

    // A sequence of its own, which no table owns, is no part of anything.
    static bool is_part(const Entry& entry) {
        return is_one_of(k_parts, entry.kind) && !(entry.kind == "SEQUENCE" && entry.needs.empty());
    }

    bool comes_with_what_is_taken(const Entry& entry) const {
        if (!is_one_of(k_parts, entry.kind) || taken_.contains(entry.id)) return false;
        bool belongs = false;
        for (const int need : entry.needs) {
            const auto found = by_id_.find(need);
            if (taken_.contains(need)) {
                const auto& kind = found->second->kind;
                belongs = belongs || is_one_of(k_relations, kind) || kind == "INDEX";
            } else if (found != by_id_.end() && (is_one_of(k_relations, found->second->kind) ||
                                                 is_one_of(k_never_fetched, found->second->kind))) {
                // A default may need a sequence that no table owns.
                if (entry.kind != "DEFAULT" || found->second->kind != "SEQUENCE") return false;
            }
        }
        return belongs;
    }

    // Types, functions, schemas, tables that it inherits from: without rows.
    void fetch_needs_of(int id) {
        const auto found = by_id_.find(id);
        if (found == by_id_.end()) return;
        for (const int need : found->second->needs) {
            const auto needed = by_id_.find(need);
            if (needed == by_id_.end() || taken_.contains(need)) continue;
            if (fetched_.insert(need).second) fetch_needs_of(need);
        }
    }

    const std::vector<Entry>& entries_;
    const Patterns& patterns_;
    std::string where_;
    bool one_word_ = true;  // is every schema's name
    std::map<int, const Entry*> by_id_;
    std::set<int> taken_;
    std::set<int> fetched_;
};

}  // namespace

std::vector<Entry> parse_contents(std::string_view list) {
    constexpr std::string_view k_needs = ";\tdepends on:";
    std::vector<Entry> entries;
    while (!list.empty()) {
        const auto end = std::min(list.find('\n'), list.size());
        auto line = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        if (line.starts_with(k_needs) && !entries.empty()) {
            line.remove_prefix(k_needs.size());
            while (!line.empty()) {
                if (const auto id = number_of(next_word(line))) entries.back().needs.push_back(*id);
            }
        } else if (auto entry = entry_of(line)) {
            entries.push_back(*std::move(entry));
        }
    }
    return entries;
}

Result<std::string> choose(const std::vector<Entry>& entries, const Patterns& patterns,
                           const std::string& where) {
    return Chooser(entries, patterns, where).list();
}

}  // namespace sources

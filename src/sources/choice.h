// SPDX-License-Identifier: Apache-2.0
//
// What of a dump or a database is taken: all of it, or what patterns choose. Names are data: they
// reach client tools as arguments, and no shell. Pure. Safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sources {

struct Choice {
    bool schema_only = false;
    std::vector<std::string> exclude_table_data = {};  // patterns
    std::vector<std::string> tables = {};              // patterns
    std::vector<std::string> schemas = {};             // patterns

    bool has_patterns() const {
        return !exclude_table_data.empty() || !tables.empty() || !schemas.empty();
    }
    bool takes_all() const { return !schema_only && !has_patterns(); }
};

// A pattern as pg_dump's: `*` stands for any text and `?` for a character, letters outside of
// double quotes are small ones, and a dot separates schema and name. Without a schema it means any.
class TablePattern {
   public:
    // Fails invalid_input for an empty part, open quotes, two dots, and what else a regular
    // expression of pg_dump's could hold.
    static base::Result<TablePattern> parse(const std::string& text);
    // The same of a schema's name.
    static base::Result<TablePattern> parse_schema(const std::string& text);

    bool matches(std::string_view schema, std::string_view name) const;
    const std::string& text() const { return text_; }
    // In the form that means the same to pg_dump, whatever its search_path.
    std::string for_pg_dump() const { return is_qualified_ ? text_ : "*." + text_; }

   private:
    std::string text_;
    std::string schema_;  // wildcards as k_any and k_one
    std::string name_;
    bool is_qualified_ = false;
};

// A table, view or sequence that there is to choose from.
struct Relation {
    std::string schema;
    std::string name;
};

// A choice whose patterns are parsed.
struct Patterns {
    bool schema_only = false;
    std::vector<TablePattern> exclude_table_data = {};
    std::vector<TablePattern> tables = {};
    std::vector<TablePattern> schemas = {};

    bool has_any() const {
        return !exclude_table_data.empty() || !tables.empty() || !schemas.empty();
    }
    // The options of pg_dump that take the same.
    std::vector<std::string> for_pg_dump() const;
};

// The first option that a choice was made by: "--tables"; empty if it takes all.
std::string_view flag_of(const Choice& choice);

// Fails invalid_input as parse(), and for tables and schemas in the same choice.
base::Result<Patterns> parse_patterns(const Choice& choice);

// Fails invalid_input with the first pattern that matches nothing; `where` is what was searched.
base::Result<void> check_matches(const Patterns& patterns, const std::vector<Relation>& relations,
                                 const std::vector<std::string>& schemas, const std::string& where);

bool matches_any(const std::vector<TablePattern>& patterns, std::string_view schema,
                 std::string_view name);

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "sources/source_only.h"

#include <algorithm>

#include "base/text.h"

namespace sources {

namespace {

using Answer = std::optional<Judgement>;

Judgement pass_over(std::string_view what) { return {.verdict = Verdict::pass_over, .what = what}; }
Judgement foreign(std::string_view what, std::string_view hint) {
    return {.verdict = Verdict::foreign, .what = what, .hint = hint};
}

bool is_name(const Word& word, std::string_view name) {
    return word.text == name || (word.kind == TokenKind::word && base::lower(word.text) == name);
}

// Behind IF [NOT] EXISTS.
std::size_t behind_if(const Words& words, std::size_t at) {
    if (words.has(at, {"IF", "NOT", "EXISTS"})) return at + 3;
    return words.has(at, {"IF", "EXISTS"}) ? at + 2 : at;
}

bool defines(const Words& words) { return words.has_one_of(0, {"CREATE", "ALTER", "DROP"}); }

// Where the kind of object stands that a statement defines or describes.
std::size_t kind_at(const Words& words) {
    if (words.has(0, {"COMMENT", "ON"})) return 2;
    if (words.has(0, {"CREATE", "OR", "REPLACE"})) return 3;
    return 1;
}

// plpgsql is in every database, and belongs to a superuser.
Answer judge_language(const Words& words, std::size_t at) {
    if (words.has(at, {"TRUSTED"})) ++at;
    if (words.has(at, {"PROCEDURAL"})) ++at;
    const bool language = words.has_one_of(at, {"LANGUAGE", "EXTENSION"});
    if (language && is_name(words[behind_if(words, at + 1)], "plpgsql")) {
        return pass_over("what every database has already: plpgsql");
    }
    return std::nullopt;
}

Answer judge_publication(const Words& words) {
    if (words.has(0, {"COMMENT"})) return pass_over("COMMENT ON PUBLICATION");
    const auto all = words.find("FOR", 3);
    const bool of_all = words.has(0, {"CREATE"}) && words.has(all, {"FOR", "ALL"});
    bool of_schemas = false;
    for (auto at = words.find("TABLES", 3); at < words.size(); at = words.find("TABLES", at + 1)) {
        of_schemas = of_schemas || words.has(at, {"TABLES", "IN", "SCHEMA"});
    }
    if (of_all || of_schemas) {
        return pass_over("publications of all tables, which only a superuser can make");
    }
    return std::nullopt;
}

Answer judge_policy(const Words& words) {
    if (words.has(0, {"COMMENT"})) return pass_over("COMMENT ON POLICY");
    if (words.has(0, {"DROP"})) return std::nullopt;
    const auto to = words.find("TO", 3);
    if (words.has(0, {"ALTER"}) && words.has(to - 1, {"RENAME"})) return std::nullopt;
    if (to < words.size() && names_roles(words, to + 1)) {
        return pass_over("policies for roles, none of which an environment has");
    }
    return std::nullopt;
}

Answer judge_mapping(const Words& words, std::size_t at) {
    const auto role = behind_if(words, at + 2) + 1;
    if (words.has_one_of(role, {"PUBLIC", "USER", "CURRENT_USER", "CURRENT_ROLE"})) {
        return std::nullopt;
    }
    return pass_over("user mappings that name roles");
}

Answer judge_object(const Words& words) {
    const auto at = kind_at(words);
    if (const auto language = judge_language(words, at)) return language;
    if (words.has(at, {"EVENT", "TRIGGER"})) {
        return foreign("it is about an event trigger, which only a superuser can have", {});
    }
    if (words.has(at, {"SUBSCRIPTION"})) return pass_over("subscriptions");
    if (words.has(at, {"PUBLICATION"})) return judge_publication(words);
    if (words.has(at, {"POLICY"})) return judge_policy(words);
    if (words.has(at, {"USER", "MAPPING"})) return judge_mapping(words, at);
    return std::nullopt;
}

Answer judge_alter_table(const Words& words) {
    if (words.has(2, {"ALL", "IN", "TABLESPACE"})) return pass_over("tablespaces");
    for (auto at = words.find("TRIGGER", 3); at < words.size();
         at = words.find("TRIGGER", at + 1)) {
        const bool all =
            words.has_one_of(at - 1, {"DISABLE", "ENABLE"}) && words.has(at + 1, {"ALL"});
        if (all) {
            return foreign("it switches the triggers of constraints, which only a superuser may",
                           "pg_dump without --disable-triggers leaves it out");
        }
    }
    return std::nullopt;
}

// SET default_tablespace = fast: '' and DEFAULT are those of the database.
Answer judge_tablespace(const Words& words) {
    const std::size_t at = words.has_one_of(1, {"LOCAL", "SESSION"}) ? 2 : 1;
    const auto name = base::lower(words[at].text);
    const auto& value = words[at + 2];
    const bool named = !value.text.empty() && !words.has(at + 2, {"DEFAULT"});
    if (named && (name == "default_tablespace" || name == "temp_tablespaces")) {
        return pass_over("tablespaces");
    }
    return std::nullopt;
}

}  // namespace

bool names_roles(const Words& words, std::size_t at) {
    for (; at < words.size(); ++at) {
        if (words.has_one_of(at, {"WITH", "GRANTED", "CASCADE", "RESTRICT", "USING"})) return false;
        if (words[at].text == "," || words.has(at, {"GROUP"})) continue;
        if (!words.has_one_of(at, {"PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"})) {
            return true;
        }
    }
    return false;
}

Answer judge_source_only(const Words& words) {
    if (words.has(0, {"SECURITY", "LABEL"})) return pass_over("SECURITY LABEL");
    if (words.has(0, {"SET"})) return judge_tablespace(words);
    // What follows may make it again; nothing in it is lost that was the script's.
    const bool drops_schema = words.has(0, {"DROP", "SCHEMA"});
    if (drops_schema && is_name(words[behind_if(words, 2)], "public") &&
        behind_if(words, 2) + 1 == words.size()) {
        return pass_over("DROP SCHEMA public");
    }
    if (words.has(0, {"ALTER", "TABLE"}) || words.has(0, {"ALTER", "INDEX"}) ||
        words.has(0, {"ALTER", "MATERIALIZED"})) {
        return judge_alter_table(words);
    }
    if (defines(words) || words.has(0, {"COMMENT", "ON"})) return judge_object(words);
    return std::nullopt;
}

}  // namespace sources

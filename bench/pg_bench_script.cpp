// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <stdexcept>

#include "conversation.h"

namespace bench {

namespace {

// Of no type yet, as a parameter without one; no colon in it, which pgbench might take for the
// start of a variable.
std::string literal(const std::optional<std::string>& value) {
    if (!value) return "NULL";
    std::string text = "E'";
    for (const char c : *value) {
        if (c == ':') {
            text += R"(\x3a)";
        } else if (c == '\'' || c == '\\') {
            text += {'\\', c};
        } else {
            text += c;
        }
    }
    return text + "'";
}

void refuse_variables(const std::string& sql) {
    for (std::size_t i = 0; i + 1 < sql.size(); ++i) {
        const bool lonely = sql[i] == ':' && (i == 0 || sql[i - 1] != ':');
        if (lonely && (std::isalpha(static_cast<unsigned char>(sql[i + 1])) != 0)) {
            throw std::runtime_error("pgbench would see a variable in: " + sql);
        }
    }
}

// `fields` are the SQL and its parameters.
std::string with_literals(const std::vector<std::optional<std::string>>& fields) {
    const auto& sql = fields.front().value();
    refuse_variables(sql);
    std::string text;
    for (std::size_t i = 0; i < sql.size();) {
        std::size_t end = i + 1;
        while (sql[i] == '$' && end < sql.size() && sql[end] >= '0' && sql[end] <= '9') ++end;
        if (end == i + 1) {
            text += sql[i];
        } else {
            text += literal(fields.at(std::stoul(sql.substr(i + 1, end - i - 1))));
        }
        i = end;
    }
    return text;
}

}  // namespace

Conversation Conversation::since(const Conversation& earlier) const {
    Conversation rest;
    rest.actions_.assign(actions_.begin() + static_cast<std::ptrdiff_t>(earlier.actions_.size()),
                         actions_.end());
    return rest;
}

std::string Conversation::options() const {
    const auto& fields = actions_.at(0).fields;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        if (fields[i] == "options") return fields[i + 1].value_or("");
    }
    throw std::runtime_error("a session without options");
}

std::string Conversation::to_pg_bench() const {
    std::string script;
    bool open = false;
    for (const auto& action : actions_) {
        if (action.kind == "statement") {
            if (!open) script += "\\startpipeline\n";
            open = true;
            script += with_literals(action.fields) + ";\n";
        } else if (action.kind == "sync") {
            if (open) script += "\\endpipeline\n";
            open = false;
        } else {
            throw std::runtime_error("pgbench cannot log in or leave in the middle");
        }
    }
    return script;
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include "pg/sql_state.h"

#include <array>

namespace pg {

namespace {

using base::ErrorKind;

struct Rule {
    std::string_view prefix;
    ErrorKind kind;
};

// The first rule whose prefix fits counts, so exact codes stand before their class.
constexpr std::array k_rules{
    Rule{"08P01", ErrorKind::conflict},    Rule{"08", ErrorKind::unavailable},
    Rule{"22", ErrorKind::invalid_input},  Rule{"23", ErrorKind::conflict},
    Rule{"25006", ErrorKind::unavailable}, Rule{"25P03", ErrorKind::unavailable},
    Rule{"28", ErrorKind::denied},         Rule{"2BP01", ErrorKind::conflict},
    Rule{"3D000", ErrorKind::not_found},   Rule{"40", ErrorKind::overloaded},
    Rule{"42501", ErrorKind::denied},      Rule{"42704", ErrorKind::not_found},
    Rule{"42P01", ErrorKind::not_found},   Rule{"42710", ErrorKind::conflict},
    Rule{"42P04", ErrorKind::conflict},    Rule{"53", ErrorKind::overloaded},
    Rule{"55000", ErrorKind::conflict},    Rule{"55006", ErrorKind::conflict},
    Rule{"55P03", ErrorKind::overloaded},  Rule{"57014", ErrorKind::deadline},
    Rule{"57P", ErrorKind::unavailable},
};

struct Refusal {
    std::string_view code;
    std::string_view sentence;
};

constexpr std::array k_refusals{
    Refusal{"08P01", "a pooler or proxy in between does not pass our startup settings on"},
    Refusal{"22023", "the role that every session of reviewdb acts as does not exist there"},
    Refusal{"28000", "the server's pg_hba.conf has no line that lets this login in"},
    Refusal{"28P01", "the password is not the right one"},
    Refusal{"3D000", "there is no such database"},
    Refusal{"42501", "the login may not connect to that database, or may not act as that role"},
    Refusal{"53100", "the server's disk is full"},
    Refusal{"53300", "the server has no connection left"},
    Refusal{"55000", "the database accepts no connections"},
    Refusal{"57P01", "the server is shutting down"},
    Refusal{"57P02", "the server is recovering from a crash"},
    Refusal{"57P03", "the server is starting up, shutting down or paused"},
    Refusal{"58030", "the server could not read or write one of its files; its log says which"},
    Refusal{"58P01",
            "the server is missing one of its files or its shared memory; its log says which"},
    Refusal{"XX000", "the server failed over it; its log says how, and a full disk is one reason"},
};

}  // namespace

ErrorKind kind_of(std::string_view code) {
    for (const auto& rule : k_rules) {
        if (code.starts_with(rule.prefix)) return rule.kind;
    }
    return ErrorKind::internal;
}

std::string_view refusal_of(std::string_view code) {
    for (const auto& refusal : k_refusals) {
        if (refusal.code == code) return refusal.sentence;
    }
    return {};
}

}  // namespace pg

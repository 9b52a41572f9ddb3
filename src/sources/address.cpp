// SPDX-License-Identifier: Apache-2.0
#include "sources/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.h"
#include "base/words.h"

namespace sources {

namespace {

using base::ErrorKind;
using base::Result;

constexpr auto k_nowhere = std::string_view::npos;
constexpr std::string_view k_form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE";

// How the text of a web address reaches standard input, by its scheme. {} is the address.
struct Web {
    std::string_view scheme;
    std::string_view command;
};
constexpr std::array k_web{
    Web{"https", "curl -fsSL '{}' | reviewdb template … --from -"},
    Web{"http", "curl -fsSL '{}' | reviewdb template … --from -"},
    Web{"ftp", "curl -fsSL '{}' | reviewdb template … --from -"},
    Web{"ftps", "curl -fsSL '{}' | reviewdb template … --from -"},
    Web{"s3", "aws s3 cp '{}' - | reviewdb template … --from -"},
    Web{"gs", "gcloud storage cat '{}' | reviewdb template … --from -"},
    Web{"sftp", "download it, and name the file"},
    Web{"scp", "ssh HOST cat FILE | reviewdb template … --from -"},
    Web{"ssh", "ssh HOST cat FILE | reviewdb template … --from -"},
    Web{"az", "download it, and name the file"},
    Web{"azure", "download it, and name the file"},
    Web{"abfss", "download it, and name the file"},
    Web{"git", "clone it, and name the file"},
};

constexpr std::array<std::string_view, 10> k_other_databases{
    "mysql", "mysql2",    "mariadb", "sqlite",  "sqlite3",
    "mssql", "sqlserver", "oracle",  "mongodb", "mongodb+srv"};

// Dialects of libraries that mean Postgres: postgresql+psycopg2, pgsql, ecto.
bool means_postgres(std::string_view scheme) {
    constexpr std::array<std::string_view, 8> k_dialects{
        "psql", "ecto", "redshift", "cockroachdb", "cockroach", "timescale", "timescaledb", "jdbc"};
    return scheme.starts_with("postg") || scheme.starts_with("pg") ||
           std::ranges::find(k_dialects, scheme) != k_dialects.end();
}

// The scheme of "scheme://…" and of "jdbc:…", in small letters; empty where there is none.
std::string scheme_of(std::string_view from) {
    const auto colon = from.find(':');
    if (colon == k_nowhere || colon < 2) return {};
    const auto name = base::lower(from.substr(0, colon));
    const bool fits = base::is_letter(name.front()) && std::ranges::all_of(name, [](char c) {
                          return base::is_alphanumeric(c) || c == '+' || c == '.' || c == '-';
                      });
    const bool url = from.substr(colon).starts_with("://") || from.substr(colon) == ":";
    return fits && (url || name == "jdbc" || name == "postgres" || name == "postgresql") ? name
                                                                                         : "";
}

bool is_url(std::string_view from) {
    return from.starts_with("postgres://") || from.starts_with("postgresql://");
}

bool is_identifier(std::string_view word) {
    constexpr std::size_t k_longest = 40;
    return !word.empty() && word.size() <= k_longest &&
           std::ranges::all_of(word, [](char c) { return base::is_letter(c) || c == '_'; });
}

// "host=… password=…": begins with a name and an equals sign.
bool is_settings(std::string_view from) {
    const auto equals = from.find('=');
    return equals != k_nowhere && is_identifier(base::trimmed(from.substr(0, equals)));
}

bool exists(const std::string& path) {
    std::error_code problem;
    return std::filesystem::exists(path, problem);
}

tl::unexpected<base::Error> refuse(std::string message, std::string hint) {
    return base::fail(ErrorKind::invalid_input, std::move(message), std::move(hint));
}

tl::unexpected<base::Error> refuse_scheme(const std::string& scheme, std::string_view from) {
    if (means_postgres(scheme)) {
        return refuse(fmt::format("--from takes no address that begins with {}:, which is not "
                                  "libpq's form",
                                  scheme),
                      fmt::format("write {}", k_form));
    }
    if (std::ranges::find(k_other_databases, scheme) != k_other_databases.end()) {
        return refuse(fmt::format("--from {}://… is no database of Postgres", scheme),
                      "pgloader loads other databases into Postgres; take what it loaded");
    }
    if (scheme == "file") {
        return refuse(
            "--from takes a path, not a file: address",
            fmt::format("--from {}", base::presentable(from.substr(from.find("//") + 2))));
    }
    // Signed addresses have their secret in the query.
    const bool secret = from.find_first_of("@?") != k_nowhere;
    for (const auto& web : k_web) {
        if (web.scheme != scheme) continue;
        std::string hint(web.command);
        if (const auto at = hint.find("{}"); at != std::string::npos) {
            hint.replace(at, 2, secret ? std::string("URL") : std::string(from));
        }
        return refuse(fmt::format("--from {}://… is an address, not a file", scheme), hint);
    }
    return refuse(fmt::format("--from {}://… is neither a file nor a postgresql:// URL", scheme),
                  "download it, and name the file");
}

bool is_known_to_libpq(const std::string& name) {
    return pg::ConnectionInfo::parse(base::Secret(name + "=1")).has_value();
}

// The parameters of a URL, or of settings that hold no password, which libpq does not know. What
// may be part of a password is not looked at.
std::vector<std::string> unknown_parameters(std::string_view from) {
    char separator = ' ';
    if (is_url(from)) {
        const auto query = from.find('?');
        if (query == k_nowhere || from.find('@', query) != k_nowhere) return {};
        from.remove_prefix(query + 1);
        separator = '&';
    } else if (base::lower(from).find("pass") != std::string::npos) {
        return {};
    }
    std::vector<std::string> unknown;
    while (!from.empty()) {
        const auto part = from.substr(0, from.find(separator));
        from.remove_prefix(std::min(part.size() + 1, from.size()));
        const std::string name(part.substr(0, part.find('=')));
        if (is_identifier(name) && !is_known_to_libpq(name)) unknown.push_back(name);
    }
    return unknown;
}

}  // namespace

Result<AddressKind> kind_of_address(const std::string& from) {
    if (from == "-") return AddressKind::standard_input;
    if (is_url(from)) return AddressKind::database;
    if (exists(from)) return AddressKind::path;
    if (const auto scheme = scheme_of(from); !scheme.empty()) return refuse_scheme(scheme, from);
    if (is_settings(from)) return AddressKind::database;
    if (from.starts_with('~')) {
        return refuse(
            fmt::format("cannot read {}: the shell has not expanded ~", base::presentable(from)),
            "write it without quotes, or with $HOME");
    }
    return AddressKind::path;
}

Result<pg::ConnectionInfo> parse_database(const std::string& from) {
    auto source = pg::ConnectionInfo::parse(base::Secret(from));
    if (!source) {
        const auto unknown = unknown_parameters(from);
        if (!unknown.empty()) {
            return refuse(
                fmt::format("--from: libpq does not know the parameter {}",
                            fmt::join(unknown, ", ")),
                "leave it out: other programs add parameters of their own, as Prisma adds "
                "schema, pgbouncer and connection_limit");
        }
        return refuse(is_url(from) ? "--from: the URL is not one that libpq can read"
                                   : "--from: there is no such file, and as a connection string it "
                                     "is not one that libpq can read",
                      fmt::format("write {} with special characters as %XX", k_form));
    }
    const auto name = source->get("dbname");
    if (name.find("://") != k_nowhere || name.find('=') != k_nowhere) {
        return refuse("--from: the name of the database is a connection string itself",
                      fmt::format("write {}", k_form));
    }
    return *std::move(source);
}

std::string describe_database(const pg::ConnectionInfo& source) {
    const auto host = source.get("host").empty() ? source.get("hostaddr") : source.get("host");
    const auto port = source.get("port");
    return base::without_passwords(fmt::format(
        "postgresql://{}{}{}/{}", host, port.empty() ? "" : ":", port, source.get("dbname")));
}

base::Error error_of_source(const pg::ConnectionInfo& source, base::Error error) {
    error.message = base::presentable(error.message);
    // What the server's own failure means to the command line is not meant here.
    error.sqlstate.clear();
    return std::move(error).during(fmt::format("--from {}", describe_database(source)));
}

}  // namespace sources

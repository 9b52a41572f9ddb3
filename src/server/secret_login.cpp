// SPDX-License-Identifier: Apache-2.0
#include "server/secret_login.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/text.h"
#include "environment/secret_value.h"
#include "server/caller_login.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view k_scheme = "secret:";
constexpr std::array<std::string_view, 4> k_elsewhere{"host", "port", "dbname", "sslmode"};

// A name, or an ARN. Somebody may have put a connection string there, which is not to be repeated.
bool names_a_secret(std::string_view id) {
    const bool arn = id.starts_with("arn:");
    return !id.empty() && std::ranges::all_of(id, [&](char c) {
        // RDS names its own with an exclamation mark.
        return base::is_alphanumeric(c) ||
               std::string_view("/_+=.@-!").find(c) != std::string_view::npos || (arn && c == ':');
    });
}

// A secret goes to the host that it names, and to no other.
Result<void> check_same_host(const std::string& host, const SecretReference& reference) {
    const auto other = reference.elsewhere.find("host");
    if (other == reference.elsewhere.end() || other->second == host) return {};
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("the secret {} is for the host {}, and is not sent to {}",
                                  reference.id, host, other->second),
                      "leave out ?host=…, or name the secret of that host");
}

// Of a secret that names none, as RDS keeps its own, the host has to prove its name.
Result<void> check_unnamed_host(const pg::ConnectionInfo& info, const SecretReference& reference) {
    const auto host = info.get("host");
    if (pg::is_loopback(host) || info.get("sslmode") == "verify-full") return {};
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("the secret {} names no host, and with sslmode={} it is not sent "
                    "to {}",
                    reference.id, info.get("sslmode"), host),
        "use sslmode=verify-full, which is the default, or add the host to the secret");
}

// Names in Secrets Manager are of ASCII letters, digits and /_+=.@-
std::string as_name(std::string_view prefix, std::string_view host) {
    std::string name(prefix);
    for (const char c : host) {
        const bool plain = base::is_alphanumeric(c) || c == '.' || c == '-';
        name += plain ? c : '_';
    }
    return name;
}

}  // namespace

Result<SecretReference> parse_secret_reference(std::string_view text) {
    if (text.starts_with(k_scheme)) text.remove_prefix(k_scheme.size());
    const auto question = std::min(text.find('?'), text.size());
    SecretReference reference{std::string(text.substr(0, question)), {}};
    if (!names_a_secret(reference.id)) {
        return base::fail(ErrorKind::invalid_input,
                          "what stands behind 'secret:' is not the name or the ARN of a secret",
                          "as in secret:NAME");
    }
    text.remove_prefix(std::min(question + 1, text.size()));
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto word = text.substr(0, end);
        const auto equals = std::min(word.find('='), word.size());
        const auto key = word.substr(0, equals);
        if (key == "operator" && names_a_secret(word.substr(std::min(equals + 1, word.size())))) {
            reference.operator_id = word.substr(equals + 1);
            text.remove_prefix(std::min(end + 1, text.size()));
            continue;
        }
        if (std::ranges::find(k_elsewhere, key) == k_elsewhere.end() || equals + 1 >= word.size()) {
            return base::fail(ErrorKind::invalid_input,
                              "what stands behind the name of the secret is none of host, port, "
                              "dbname, sslmode and operator",
                              "as in secret:NAME?host=db.example.org&port=5432");
        }
        reference.elsewhere.emplace(key, word.substr(equals + 1));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return reference;
}

Result<pg::ConnectionInfo> login_in(const base::Secret& value, const SecretReference& reference,
                                    const std::string& authorities,
                                    const base::Variables& variables) {
    const auto login = environment::login_in_secret(value);
    if (!login || login->user.empty() || login->password.empty()) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("the secret {} holds no login of a server", reference.id),
                          "it needs the JSON that RDS writes: username, password, and host, port "
                          "and dbname unless they come from elsewhere");
    }
    pg::ConnectionInfo named;
    for (const auto& [key, text] : reference.elsewhere) named = named.with(key, text);
    if (!login->host.empty()) {
        BASE_TRY(check_same_host(login->host, reference));
        named = named.with("host", login->host);
    }
    if (login->port != 0) named = named.with("port", std::to_string(login->port));
    if (!login->dbname.empty()) named = named.with("dbname", login->dbname);
    BASE_TRY_ASSIGN(auto info,
                    complete_login(named.with_login(login->user, login->password), variables));
    if (info.get("host").empty()) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("the secret {} names no host", reference.id),
                          "name it behind the secret, secret:NAME?host=…, or as PGHOST");
    }
    if (info.get("dbname").empty()) info = info.with("dbname", "postgres");
    if (info.get("sslmode").empty()) info = info.with("sslmode", "verify-full");
    if (info.get("sslrootcert").empty() && !authorities.empty()) {
        info = info.with("sslrootcert", authorities);
    }
    if (login->host.empty()) BASE_TRY(check_unnamed_host(info, reference));
    return info;
}

base::Secret value_of_login(const pg::ConnectionInfo& login) {
    const auto bare = login.with("sslrootcert", "");
    const auto port = bare.get("port");
    return base::Secret(
        boost::json::serialize(boost::json::object{{"engine", "postgres"},
                                                   {"host", bare.get("host")},
                                                   {"port", port.empty() ? 5432 : bare.port()},
                                                   {"username", bare.get("user")},
                                                   {"password", bare.password().reveal()},
                                                   {"dbname", bare.get("dbname")},
                                                   {"url", bare.to_uri().reveal()}}));
}

std::string packaged_authorities() {
    std::error_code problem;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
    const auto file = program.parent_path() / "rds-ca.pem";
    return std::filesystem::exists(file, problem) ? file.string() : std::string();
}

std::string usual_authorities() {
    if (auto packaged = packaged_authorities(); !packaged.empty()) return packaged;
    std::error_code problem;
    for (const auto* file :
         {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}) {
        if (std::filesystem::exists(file, problem)) return file;
    }
    return {};
}

std::string default_key_name(std::string_view host) { return as_name("reviewdb/key/", host); }
std::string default_operator_name(const pg::ConnectionInfo& server, std::string_view door) {
    const auto prefix = door.empty() ? std::string("reviewdb/operator/")
                                     : fmt::format("reviewdb/operator_{}/", door);
    auto name = as_name(prefix, server.get("host"));
    const auto port = server.get("port");
    return port.empty() || port == "5432" ? name : as_name(name + '/', port);
}

}  // namespace server

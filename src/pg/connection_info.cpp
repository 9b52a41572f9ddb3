// SPDX-License-Identifier: Apache-2.0
#include "pg/connection_info.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"

namespace pg {

namespace {

struct OptionsDeleter {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

using Options = std::unique_ptr<PQconninfoOption, OptionsDeleter>;

// Every keyword that libpq knows. PQconndefaults() would also read a service file, and answer
// nothing if that is not there.
Options known_options() { return Options(PQconninfoParse("", nullptr)); }

// A password with a bare @ or / in a URI shifts its rest into host, port or database, where libpq
// takes it without a word and messages quote it. Behind the credentials a URI has no bare @.
bool mistakes_a_password(std::string_view text) {
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
        if (!text.starts_with(scheme)) continue;
        text.remove_prefix(scheme.size());
        const auto first = text.find_first_of("@/");
        if (first != std::string_view::npos && text[first] == '@') text.remove_prefix(first + 1);
        return text.substr(0, text.find('?')).find('@') != std::string_view::npos;
    }
    return false;
}

// What a session is like, which is for the program that opens it to say.
bool is_of_session(std::string_view keyword) {
    constexpr std::array<std::string_view, 6> k_keywords{
        "options",     "client_encoding", "application_name", "fallback_application_name",
        "replication", "gssencmode"};
    return std::ranges::find(k_keywords, keyword) != k_keywords.end();
}

bool is_of_address(std::string_view keyword) {
    constexpr std::array<std::string_view, 5> k_keywords{
        "host", "hostaddr", "service", "target_session_attrs", "load_balance_hosts"};
    return std::ranges::find(k_keywords, keyword) != k_keywords.end();
}

// A host as a URI has it: a socket folder is percent-encoded, an IPv6 address stands in brackets.
std::string uri_host(std::string_view host) {
    if (host.find(':') != std::string_view::npos) return fmt::format("[{}]", host);
    return base::percent_encoded(host);
}

base::Result<Options> options_of(const base::Secret& text) {
    char* problem = nullptr;
    Options options(PQconninfoParse(text.reveal().c_str(), &problem));
    if (problem != nullptr) PQfreemem(problem);
    if (!options || mistakes_a_password(text.reveal())) {
        return base::fail(base::ErrorKind::invalid_input,
                          "the connection string of the server is not one that libpq can read",
                          "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=… (special "
                          "characters as %XX), or host=… port=… user=… password=… dbname=…");
    }
    return options;
}

}  // namespace

base::Result<ConnectionInfo> ConnectionInfo::parse(const base::Secret& text) {
    BASE_TRY_ASSIGN(const auto options, options_of(text));
    ConnectionInfo info;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) info.set(option->keyword, option->val);
    }
    return info;
}

ConnectionInfo ConnectionInfo::completed(const base::Variables& variables) const {
    auto info = *this;
    const bool has_address = has("host") || has("hostaddr") || has("service");
    const auto known = known_options();
    for (const auto* option = known.get(); known && option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        if (option->envvar == nullptr || has(keyword) || is_of_session(keyword)) continue;
        if (has_address && is_of_address(keyword)) continue;
        const auto value = base::find_variable(variables, option->envvar);
        if (value) info.set(keyword, value->c_str());
    }
    const auto require = base::find_variable(variables, "PGREQUIRESSL");
    if (require && require->starts_with('1') && !info.has("sslmode")) {
        info.set("sslmode", "require");
    }
    return info;
}

bool ConnectionInfo::has(std::string_view keyword) const {
    return keyword == "password" ? !password_.empty() : values_.contains(keyword);
}

void ConnectionInfo::set(std::string_view keyword, const char* value) {
    if (keyword == "password") {
        password_ = base::Secret(value);
    } else {
        values_.insert_or_assign(std::string(keyword), value);
    }
}

std::string_view ConnectionInfo::get(std::string_view keyword) const {
    const auto found = values_.find(keyword);
    return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

int ConnectionInfo::port() const {
    const auto text = get("port");
    int port = 5432;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port;
}

ConnectionInfo ConnectionInfo::with(std::string keyword, std::string value) const {
    auto copy = *this;
    if (value.empty()) {
        copy.values_.erase(keyword);
    } else {
        copy.values_[std::move(keyword)] = std::move(value);
    }
    return copy;
}

ConnectionInfo ConnectionInfo::with_login(std::string user, base::Secret password) const {
    auto copy = with("user", std::move(user));
    copy.password_ = std::move(password);
    return copy;
}

std::string ConnectionInfo::describe() const {
    const auto or_default = [this](std::string_view key, std::string_view fallback) {
        const auto value = get(key);
        return value.empty() ? fallback : value;
    };
    return fmt::format("{}:{}/{} as {}", or_default("host", or_default("hostaddr", "local socket")),
                       or_default("port", "5432"), or_default("dbname", "(default)"),
                       or_default("user", "(default)"));
}

base::Secret ConnectionInfo::to_uri() const {
    std::string uri = "postgresql://" + base::percent_encoded(get("user"));
    if (!password_.empty()) uri += ":" + base::percent_encoded(password_.reveal());
    uri += "@" + uri_host(get("host"));
    if (!get("port").empty()) uri += fmt::format(":{}", get("port"));
    uri += "/" + base::percent_encoded(get("dbname"));
    char separator = '?';
    for (const auto& [keyword, value] : values_) {
        if (keyword == "user" || keyword == "host" || keyword == "port" || keyword == "dbname") {
            continue;
        }
        uri += fmt::format("{}{}={}", separator, keyword, base::percent_encoded(value));
        separator = '&';
    }
    return base::Secret(std::move(uri));
}

std::map<std::string, base::Secret> ConnectionInfo::to_variables() const {
    std::map<std::string, base::Secret> variables;
    const auto known = known_options();
    for (const auto* option = known.get(); known && option->keyword != nullptr; ++option) {
        if (option->envvar == nullptr || get(option->keyword).empty()) continue;
        variables[option->envvar] = base::Secret(std::string(get(option->keyword)));
    }
    if (!password_.empty()) variables["PGPASSWORD"] = password_;
    return variables;
}

void forget_variables() {
    const auto known = known_options();
    for (const auto* option = known.get(); known && option->keyword != nullptr; ++option) {
        // Connection reads PGREQUIREAUTH itself: it can only refuse more, or allow what was named.
        if (option->envvar == nullptr || std::string_view(option->envvar) == "PGREQUIREAUTH")
            continue;
        unsetenv(option->envvar);  // NOLINT(concurrency-mt-unsafe)
    }
    // These have no keyword: libpq sends them with every login, over whatever options say.
    for (const auto* name : {"PGTZ", "PGDATESTYLE", "PGGEQO", "PGREQUIRESSL"}) {
        unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
    }
}

bool is_loopback(std::string_view host) {
    return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
           host.starts_with("127.") || host == "::1" || host == "0:0:0:0:0:0:0:1";
}

}  // namespace pg

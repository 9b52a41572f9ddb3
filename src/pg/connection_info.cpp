// SPDX-License-Identifier: Apache-2.0
#include "pg/connection_info.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "pg/stated_connection.h"

namespace pg {

namespace {

struct OptionsDeleter {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

using Options = std::unique_ptr<PQconninfoOption, OptionsDeleter>;

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

// A host as a URI has it: a socket folder is percent-encoded, an IPv6 address stands in brackets.
std::string uri_host(std::string_view host) {
    if (host.find(':') != std::string_view::npos) return fmt::format("[{}]", host);
    return base::percent_encoded(host);
}

}  // namespace

namespace {

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

base::Result<ConnectionInfo> parse_stated(const base::Secret& text) {
    BASE_TRY_ASSIGN(const auto options, options_of(text));
    ConnectionInfo info;
    base::Secret password;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        if (std::string_view(option->keyword) == "password") {
            password = base::Secret(option->val);
        } else {
            info = info.with(option->keyword, option->val);
        }
    }
    return info.with_login(std::string(info.get("user")), std::move(password));
}

base::Result<ConnectionInfo> ConnectionInfo::parse(const base::Secret& text) {
    BASE_TRY_ASSIGN(const auto options, options_of(text));
    ConnectionInfo info;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) info.set(option->keyword, option->val);
    }
    const Options defaults(PQconndefaults());
    for (const auto* option = defaults.get(); defaults && option->keyword != nullptr; ++option) {
        const bool given = option->envvar != nullptr && getenv(option->envvar) != nullptr;
        if (given && option->val != nullptr && !info.has(option->keyword)) {
            info.set(option->keyword, option->val);
        }
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
    const Options known(PQconndefaults());
    for (const auto* option = known.get(); known && option->keyword != nullptr; ++option) {
        if (option->envvar == nullptr || get(option->keyword).empty()) continue;
        variables[option->envvar] = base::Secret(std::string(get(option->keyword)));
    }
    if (!password_.empty()) variables["PGPASSWORD"] = password_;
    return variables;
}

bool is_loopback(std::string_view host) {
    return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
           host.starts_with("127.") || host == "::1" || host == "0:0:0:0:0:0:0:1";
}

}  // namespace pg

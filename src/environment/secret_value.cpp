// SPDX-License-Identifier: Apache-2.0
#include "environment/secret_value.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "environment/manager.h"

namespace environment {

namespace {

constexpr std::string_view k_owner = "reviewdb";
// A placeholder was there before the value was written.
constexpr std::string_view k_filled = "reviewdb_filled_placeholder";
constexpr std::string_view k_placeholder = "placeholder";
constexpr std::array<std::string_view, 10> k_ours{"engine", "host", "port", "username", "password",
                                                  "dbname", "ssl",  "url",  k_owner,    k_filled};
constexpr std::array<std::string_view, 3> k_engines{"postgres", "postgresql", "aurora-postgresql"};

// A socket folder is encoded, an IPv6 address stands in brackets with its zone encoded.
std::string url_host(const std::string& host) {
    if (host.find(':') == std::string::npos) return base::percent_encoded(host);
    const auto zone = host.find('%');
    if (zone == std::string::npos) return "[" + host + "]";
    return "[" + host.substr(0, zone) + "%25" + host.substr(zone + 1) + "]";
}

std::optional<boost::json::object> parse_object(const base::Secret& text) {
    boost::system::error_code problem;
    auto value = boost::json::parse(text.reveal(), problem);
    if (problem || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

bool says_nothing(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value == nullptr || value->is_null() ||
           (value->is_string() && value->get_string().empty());
}

bool has_text(const boost::json::object& object, std::string_view key, std::string_view text) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() && value->get_string() == text;
}

bool is_placeholder_object(const boost::json::object& object) {
    for (const auto* key : {"host", "dbname", "url", "reviewdb"}) {
        if (!says_nothing(object, key)) return false;
    }
    if (has_text(object, "username", k_placeholder)) return true;
    const bool postgres =
        says_nothing(object, "engine") || std::ranges::any_of(k_engines, [&](auto engine) {
            return has_text(object, "engine", engine);
        });
    return postgres && says_nothing(object, "username") && says_nothing(object, "password") &&
           std::ranges::all_of(object, [](const auto& member) {
               return std::ranges::find(k_ours, std::string_view(member.key())) != k_ours.end();
           });
}

}  // namespace

ConnectionFacts connection_facts(const Description& description) {
    return {description.host, description.port,     description.sslmode,
            description.role, description.password, description.database};
}

base::Secret connection_url(const ConnectionFacts& facts) {
    using base::percent_encoded;
    auto url = "postgresql://" + percent_encoded(facts.user) + ":" +
               percent_encoded(facts.password.reveal()) + "@" + url_host(facts.host);
    if (facts.port != 0) url += ":" + std::to_string(facts.port);
    url += "/" + percent_encoded(facts.dbname);
    if (!facts.sslmode.empty()) url += "?sslmode=" + percent_encoded(facts.sslmode);
    return base::Secret(std::move(url));
}

base::Secret make_secret_value(const ConnectionFacts& facts, const base::Uuid& owner,
                               const std::optional<base::Secret>& former) {
    boost::json::object value;
    value["engine"] = "postgres";
    value["host"] = facts.host;
    value["port"] = facts.port;
    value["username"] = facts.user;
    value["password"] = facts.password.reveal();
    value["dbname"] = facts.dbname;
    value["ssl"] = facts.sslmode != "disable";
    value["url"] = connection_url(facts).reveal();
    value[k_owner] = owner.to_string();
    if (former) {
        const auto object = parse_object(*former).value_or(boost::json::object());
        // insert() leaves a key alone that is there already: ours win.
        for (const auto& pair : object) value.insert(pair);
        if (is_placeholder(*former)) value[k_filled] = true;
    }
    return base::Secret(boost::json::serialize(value));
}

bool is_placeholder(const base::Secret& value) {
    const auto object = parse_object(value);
    return object && is_placeholder_object(*object);
}

std::optional<base::Secret> remainder_of_secret(const base::Secret& value) {
    const auto object = parse_object(value);
    const bool of_others =
        object && std::ranges::any_of(*object, [](const auto& member) {
            return std::ranges::find(k_ours, std::string_view(member.key())) == k_ours.end();
        });
    const bool was_there = object && (object->contains(k_filled) || is_placeholder_object(*object));
    if (!of_others && !was_there) return std::nullopt;
    return placeholder_left_of(value);
}

base::Secret placeholder_left_of(const base::Secret& value) {
    auto object = parse_object(value).value_or(boost::json::object());
    for (const auto key : k_ours) object.erase(key);
    object["username"] = k_placeholder;
    return base::Secret(boost::json::serialize(object));
}

std::optional<base::Uuid> owner_of_secret(const base::Secret& value) {
    const auto object = parse_object(value);
    const auto* owner = object ? object->if_contains(k_owner) : nullptr;
    if (owner == nullptr || !owner->is_string()) return std::nullopt;
    return base::Uuid::parse(owner->get_string());
}

namespace {

std::string text_in(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr) return {};
    if (value->is_string()) return std::string(value->get_string());
    return value->is_number() ? boost::json::serialize(*value) : std::string();
}

}  // namespace

std::optional<ConnectionFacts> login_in_secret(const base::Secret& value) {
    const auto object = parse_object(value);
    if (!object) return std::nullopt;
    ConnectionFacts login;
    login.host = text_in(*object, "host");
    login.user = text_in(*object, "username");
    login.password = base::Secret(text_in(*object, "password"));
    login.dbname = text_in(*object, "dbname");
    const auto port = text_in(*object, "port");
    std::from_chars(port.data(), port.data() + port.size(), login.port);
    return login;
}

SecretHolder holder_of_secret(const base::Secret& value, const std::optional<base::Uuid>& owner,
                              const ConnectionFacts& facts) {
    const auto named = owner_of_secret(value);
    if (named && owner == named) return SecretHolder::this_environment;
    const auto login = login_in_secret(value);
    if (!login) return SecretHolder::somebody_else;
    if (is_placeholder(value)) return SecretHolder::nobody;
    const bool same = login->dbname == facts.dbname && login->host == facts.host &&
                      (login->port == facts.port || login->port == 0);
    return same ? SecretHolder::this_environment : SecretHolder::somebody_else;
}

}  // namespace environment

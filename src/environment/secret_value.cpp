// SPDX-License-Identifier: Apache-2.0
#include "environment/secret_value.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>

#include "base/bytes.h"
#include "environment/manager.h"

namespace environment {

namespace {

constexpr std::string_view k_owner = "reviewdb";

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
        // insert() leaves a key alone that is there already: ours win.
        for (const auto& pair : parse_object(*former).value_or(boost::json::object())) {
            value.insert(pair);
        }
    }
    return base::Secret(boost::json::serialize(value));
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
    if (!named && login->host.empty() && login->dbname.empty()) return SecretHolder::nobody;
    const bool same = login->dbname == facts.dbname && login->host == facts.host &&
                      (login->port == facts.port || login->port == 0);
    return same ? SecretHolder::this_environment : SecretHolder::somebody_else;
}

}  // namespace environment

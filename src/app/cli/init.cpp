// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>

#include "app/cli/operator.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "base/file.h"
#include "environment/key_ring.h"
#include "server/caller_login.h"
#include "server/extension.h"
#include "server/prepare.h"
#include "server/proof.h"
#include "server/rebuild.h"
#include "server/secret_login.h"
#include "server/upgrade.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using server::Preparation;

struct Address {
    std::string host;
    int port;
};

std::optional<int> parse_port(std::string_view text) {
    int port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = problem == std::errc() && end == text.data() + text.size();
    return whole && port > 0 && port < 65536 ? std::optional(port) : std::nullopt;
}

// HOST:PORT; an IPv6 address stands in brackets.
Result<Address> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_port(text.substr(colon + 1));
    auto host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || !port) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("--advertise: '{}' is not HOST:PORT", text),
                          "as in --advertise db.example.org:5432");
    }
    return Address{std::string(host), *port};
}

// The key's text where it stands outside the server.
Result<std::optional<base::Secret>> find_key(Session& session, const std::string& location) {
    if (location.starts_with(environment::k_key_in_aws)) {
        const auto texts = session.key_texts();
        BASE_TRY_ASSIGN(auto text,
                        texts.keep_aws(location.substr(environment::k_key_in_aws.size()), {}));
        return std::optional(std::move(text));
    }
    if (location.empty() || location == "registry") return std::optional<base::Secret>();
    if (location.starts_with(environment::k_key_in_file)) {
        BASE_TRY_ASSIGN(auto text,
                        base::read_file(location.substr(environment::k_key_in_file.size())));
        if (text) {
            while (text->ends_with('\n')) text->pop_back();
            return std::optional<base::Secret>(base::Secret(*std::move(text)));
        }
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("--key: there is no file {}",
                                      location.substr(environment::k_key_in_file.size())),
                          "make one: (umask 077; openssl rand -hex 32 > FILE)");
    }
    const auto key = session.variables().find("REVIEWDB_KEY");
    if (location == "env" && key != session.variables().end()) {
        return std::optional<base::Secret>(base::Secret(key->second));
    }
    return base::fail(ErrorKind::invalid_input,
                      location == "env" ? "--key env: REVIEWDB_KEY is not set"
                                        : fmt::format("--key: there is no place '{}'", location),
                      "registry, env (32 bytes as base64url or hex in REVIEWDB_KEY), file:PATH, or "
                      "aws:NAME");
}

// `host` is the server's, for the name of the key's secret.
Result<Preparation> make_preparation(Session& session, std::string_view host) {
    const auto& arguments = session.arguments();
    Preparation preparation;
    preparation.actor = session.actor();
    preparation.sslmode = arguments.sslmode.value_or("");
    if (arguments.advertise) {
        BASE_TRY_ASSIGN(const auto address, parse_address(*arguments.advertise));
        preparation.host = address.host;
        preparation.port = address.port;
        preparation.loopback_allowed = true;  // said in so many words
    }
    if (!preparation.sslmode.empty()) {
        BASE_TRY(environment::Policy::check("sslmode", preparation.sslmode));
    }
    preparation.secrets = arguments.secrets.value_or("");
    if (!preparation.secrets.empty()) {
        BASE_TRY(environment::Policy::check("secrets", preparation.secrets));
    }
    preparation.key_location = arguments.key.value_or("");
    if (preparation.key_location.empty() && preparation.secrets == "aws") {
        const auto& advertised = preparation.host;
        preparation.key_location =
            "aws:" + server::default_key_name(advertised.empty() ? host : advertised);
    }
    BASE_TRY_ASSIGN(preparation.key_text, find_key(session, preparation.key_location));
    preparation.stamped = stamped_of(arguments);
    preparation.policies = session.settings().policies_to_write;
    for (const auto* own : {"host", "port", "sslmode", "secrets"}) preparation.policies.erase(own);
    return preparation;
}

void tell_open_databases(const Session& session, const std::vector<server::OpenDatabase>& open) {
    for (const auto& database : open) {
        std::string logins;
        for (const auto& login : database.logins_by_public_alone) {
            logins += (logins.empty() ? "" : ", ") + login;
        }
        session.notice(fmt::format(
            "reviewdb: every login may connect to the database '{}', the environments' too{}",
            database.name, logins.empty() ? std::string() : "; by that alone get in: " + logins));
        session.notice(database.ours_to_close
                           ? fmt::format("hint: reviewdb init --close {} runs:\n{}",
                                         shell_quoted(database.name), database.closing_sql)
                           : "hint: its owner or a superuser can close it:\n" +
                                 database.closing_sql);
    }
}

Result<int> close_or_reopen(Session& session, const Reached& reached) {
    const auto& arguments = session.arguments();
    const bool closes = arguments.close.has_value();
    auto change = closes ? server::close_database : server::reopen_database;
    BASE_TRY_ASSIGN(const auto done,
                    change(reached.administrator, closes ? *arguments.close : *arguments.reopen,
                           session.actor(), session.deadline(), session.log()));
    print_result(done + "\n");
    return 0;
}

Result<int> confirm(Session& session, const Reached& reached) {
    const auto& arguments = session.arguments();
    server::Confirmation wish{.advertise = {}, .place = reached.place, .actor = session.actor()};
    if (arguments.advertise) {
        BASE_TRY_ASSIGN(const auto address, parse_address(*arguments.advertise));
        BASE_TRY(environment::Policy::check("host", address.host));
        wish.advertise = server::Address{address.host, address.port, {}};
    }
    BASE_TRY_ASSIGN(const auto told,
                    server::confirm_server(reached.login, wish, session.deadline(), session.log()));
    print_result(told + "\n");
    return 0;
}

// Extensions that only an administrator can make, for all databases to come.
Result<void> put_in_extensions(Session& session, const Reached& reached) {
    const auto& names = session.arguments().extensions;
    if (names.empty()) return {};
    BASE_TRY_ASSIGN(const auto made, server::make_extensions(reached.administrator, names,
                                                             session.deadline(), session.log()));
    session.notice(made.empty() ? "reviewdb: the extensions were there already"
                                : fmt::format("reviewdb: made for every new database: {}",
                                              fmt::join(made, ", ")));
    if (!made.empty()) {
        session.notice(
            "hint: templates get them by 'reviewdb template refresh NAME', environments "
            "by 'reviewdb reset NAME'");
    }
    return {};
}

// The rows of what a lost registry named, from the server's stamps.
Result<void> adopt_stamped(Session& session, const pg::ConnectionInfo& login) {
    BASE_TRY_ASSIGN(const auto done,
                    server::rebuild_registry(login, session.key_texts(), session.actor(),
                                             session.deadline(), session.log()));
    for (const auto& one : done) {
        session.notice(fmt::format("reviewdb: {}: {}", one.database, one.done));
    }
    session.notice("hint: 'reviewdb repair --all' sets passwords whose key was lost");
    return {};
}

// A new registry for a local server that lost its own.
Result<void> replace_local_registry(Session& session) {
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const auto login, prepare_on_the_way(session));
    return session.arguments().adopt ? adopt_stamped(session, login) : Result<void>();
}

Result<int> print_sql(Session& session) {
    if (!session.arguments().extensions.empty()) {
        BASE_TRY_ASSIGN(const auto sql, server::extension_sql(session.arguments().extensions));
        print_result(sql);
        return 0;
    }
    BASE_TRY_ASSIGN(auto preparation, make_preparation(session, {}));
    const auto& server = session.settings().server;
    if (preparation.host.empty() && server && server->reveal() != "local") {
        BASE_TRY_ASSIGN(const auto named, pg::ConnectionInfo::parse(*server));
        BASE_TRY_ASSIGN(const auto login, server::complete_login(named, session.variables()));
        if (!pg::is_loopback(login.get("host"))) {
            preparation.host = login.get("host");
            preparation.port = parse_port(login.get("port")).value_or(5432);
        }
    }
    BASE_TRY_ASSIGN(const auto sql, server::preparation_sql(preparation));
    print_result(sql);
    return 0;
}

}  // namespace

Result<int> run_init(Session& session) {
    const auto& arguments = session.arguments();
    if (arguments.print_sql) return print_sql(session);
    if (arguments.adopt && arguments.beside) {
        return base::fail(ErrorKind::invalid_input, "--adopt and --beside contradict each other");
    }
    if (arguments.close && arguments.reopen) {
        return base::fail(ErrorKind::invalid_input, "--close and --reopen contradict each other");
    }
    BASE_TRY_ASSIGN(const auto reached, reach(session, Missing::make));
    session.notice(fmt::format("reviewdb: server {}", reached->login.describe()));
    if (arguments.close || arguments.reopen) return close_or_reopen(session, *reached);
    if (arguments.confirm_server) return confirm(session, *reached);
    if (reached->local) {
        if (arguments.adopt || arguments.beside) BASE_TRY(replace_local_registry(session));
        // Its registry may be an older program's.
        BASE_TRY(server::upgrade(reached->administrator, session.actor(), session.deadline(),
                                 session.log()));
        session.notice("reviewdb: the local server is prepared");
        BASE_TRY(put_in_extensions(session, *reached));
        return 0;
    }
    BASE_TRY_ASSIGN(const auto preparation, make_preparation(session, reached->login.get("host")));
    BASE_TRY_ASSIGN(const auto prepared, server::prepare(reached->administrator, preparation,
                                                         session.deadline(), session.log()));
    session.notice(prepared.newly_made ? "reviewdb: the server is prepared"
                                       : "reviewdb: the server was prepared already");
    for (const auto& remark : prepared.remarks) session.notice("reviewdb: " + remark);
    tell_open_databases(session, prepared.open_databases);
    if (prepared.operator_login) {
        BASE_TRY(hand_over_operator(session, *prepared.operator_login));
        if (arguments.adopt) BASE_TRY(adopt_stamped(session, *prepared.operator_login));
    }
    BASE_TRY(put_in_extensions(session, *reached));
    return 0;
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/operator.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/cli/access.h"
#include "app/cli/print.h"
#include "base/file.h"
#include "server/operator_login.h"
#include "server/proof.h"
#include "server/secret_login.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

// Where init --secrets aws puts it, or where it was read from; empty for neither.
std::string secret_for_operator(const Session& session, const pg::ConnectionInfo& login) {
    const auto& arguments = session.arguments();
    if (arguments.secrets == "aws") return server::default_operator_name(login);
    const auto& server = session.settings().server;
    if (!server || !server->reveal().starts_with("secret:") || !arguments.rotate_operator)
        return {};
    // An administrator's secret is not the operator's to be put into.
    if (!server::is_operator(session.reached().administrator.get("user"))) return {};
    const auto reference = server::parse_secret_reference(server->reveal());
    return reference ? reference->id : std::string();
}

}  // namespace

Result<void> hand_over_operator(Session& session, const pg::ConnectionInfo& login) {
    const auto& arguments = session.arguments();
    if (arguments.save_operator) {
        BASE_TRY(base::write_file(*arguments.save_operator, login.to_uri().reveal() + "\n", 0600));
        print_notice("reviewdb: the operator's connection string is in " +
                     *arguments.save_operator);
        return {};
    }
    constexpr std::string_view k_file = "file:";
    const auto secrets = arguments.secrets.value_or("");
    if (const auto name = secret_for_operator(session, login); !name.empty()) {
        BASE_TRY_ASSIGN(auto* const account, session.aws());
        const auto value = server::value_of_login(login);
        const auto kept = account->keep_login(name, value, session.deadline());
        if (kept) {
            print_notice("reviewdb: the operator's login is in Secrets Manager: server = secret:" +
                         name);
            return {};
        }
        print_notice("reviewdb: the operator's login could not be put into Secrets Manager: " +
                     kept.error().message);
    }
    if (secrets.starts_with(k_file)) {
        const std::filesystem::path folder = secrets.substr(k_file.size());
        BASE_TRY(base::make_folder(folder, 0700));
        const auto path = folder / "reviewdb_operator.json";
        BASE_TRY(base::write_file(path, server::value_of_login(login).reveal() + "\n", 0600));
        print_notice("reviewdb: the operator's connection string is in " + path.string());
        return {};
    }
    print_notice(
        "reviewdb: this is the operator's connection string, shown only now: keep it as "
        "REVIEWDB_SERVER");
    mask(login, session.variables());
    print_result(login.to_uri().reveal() + "\n");
    return {};
}

Result<int> rotate_operator(Session& session) {
    const auto& arguments = session.arguments();
    if (arguments.all || arguments.name || arguments.current) {
        return base::fail(ErrorKind::invalid_input,
                          "--operator is the operator's own password, and no environment's");
    }
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    if (!there || session.reached().local) {
        return base::fail(ErrorKind::invalid_input,
                          "the local server keeps its operator's password to itself",
                          "name the server whose operator's password is to change: --server");
    }
    // What others read of it is the original's. Only an operator's login can ask that, so with an
    // administrator's it is the one that is made here.
    const auto& known = session.reached().administrator;
    const bool is_own = server::is_operator(known.get("user"));
    const bool is_kept = arguments.save_operator || arguments.secrets ||
                         !secret_for_operator(session, known).empty();
    if (is_kept && is_own) {
        BASE_TRY(server::check_original(known, "the operator's password was not rotated",
                                        session.deadline(), session.log()));
    }
    BASE_TRY_ASSIGN(const auto login, server::rotate_operator(known, session.actor(),
                                                              session.deadline(), session.log()));
    if (is_kept && !is_own) {
        BASE_TRY(server::check_original(login, "the operator's new login was not stored",
                                        session.deadline(), session.log()));
    }
    BASE_TRY(hand_over_operator(session, login));
    return 0;
}

}  // namespace cli

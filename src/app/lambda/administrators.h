// SPDX-License-Identifier: Apache-2.0
//
// The servers that the function works on, each by the secret of its administrator, whose login
// prepares a server and gives away what another tool made; all else is done by an operator's login,
// which the function makes for itself and keeps in Secrets Manager. A session is kept from one
// event to the next; the server ends it after half a minute of idleness, so that a cluster may
// pause, and the next event opens another. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/account.h"
#include "base/deadline.h"
#include "base/log.h"
#include "environment/manager.h"
#include "server/live_server.h"
#include "server/secret_login.h"

namespace lambda {

using Variables = std::map<std::string, std::string>;

// One server, and who works on it.
struct Administrator {
    server::SecretReference reference;
    std::vector<std::string> names;  // of the secret: as it was asked for, its name, its ARN
    pg::ConnectionInfo login;
    std::string operator_secret;  // where the login for daily work is kept
    bool keeps_operator = false;  // it is the function's own to make
    std::optional<pg::ConnectionInfo> operator_login;
    std::unique_ptr<server::LiveServer> server;
    std::unique_ptr<environment::Manager> manager;
    // One more, for what takes two sessions; it has none until it is used.
    std::unique_ptr<server::LiveServer> server_beside;
    std::unique_ptr<environment::Manager> beside;
};

class Administrators {
   public:
    // Borrows account, actor and log for its life. REVIEWDB_SERVER lists the secrets of all servers
    // that the function may use, with blanks or commas between them; without it any may be named.
    // Fails invalid_input for a list that is none.
    static base::Result<std::unique_ptr<Administrators>> make(const Variables& variables,
                                                              aws::Account& account,
                                                              const environment::Actor& actor,
                                                              base::Log& log);

    using Deed = std::function<base::Result<void>(Administrator&)>;
    // Does it on the server of the administrator whose secret that is. A login that is refused is
    // read anew once and then made again, and a server without a registry is prepared; then it is
    // done once more. Fails denied for a secret that is not listed.
    base::Result<void> with(const std::string& secret, const Deed& deed, base::Deadline deadline);

    // The secrets that are listed.
    std::vector<std::string> listed() const;
    // The listed one that is meant by `wanted`, or the only one where that is empty. Fails
    // invalid_input, denied.
    base::Result<std::string> choose(const std::string& wanted) const;

    // How the secret is to be read. Fails denied for one that is not listed.
    base::Result<server::SecretReference> admitted(const std::string& secret) const;

    const Variables& variables() const { return variables_; }

   private:
    Administrators(Variables variables, aws::Account& account, const environment::Actor& actor,
                   base::Log& log);

    base::Result<Administrator*> find(const std::string& secret, base::Deadline deadline);
    environment::Manager::Surroundings surroundings(const Administrator& administrator);
    base::Result<void> read_operator(Administrator& administrator, base::Deadline deadline);
    base::Result<void> make_operator(Administrator& administrator, base::Deadline deadline);
    base::Result<base::Secret> keep_operator(Administrator& administrator, base::Deadline deadline);
    void work_as_operator(Administrator& administrator);
    base::Result<void> prepare(const Administrator& administrator, base::Deadline deadline);
    std::vector<std::string> forbidden(const Administrator& administrator) const;

    Variables variables_;
    aws::Account& account_;
    const environment::Actor& actor_;
    base::Log& log_;
    std::vector<server::SecretReference> listed_;
    std::map<std::string, std::unique_ptr<Administrator>> kept_;
};

}  // namespace lambda

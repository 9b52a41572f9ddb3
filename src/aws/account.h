// SPDX-License-Identifier: Apache-2.0
//
// One way to AWS for a door: settings, credentials and Secrets Manager, wired together once, and
// what the rest of the program asks of them. One object serves one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/secrets_manager.h"
#include "base/log.h"
#include "environment/key_ring.h"
#include "environment/policy.h"
#include "environment/secret_store.h"

namespace aws {

class Account {
   public:
    // Reads the shared files; asks no network. `authorities` is a PEM file to know AWS by where
    // nobody names another; empty: the system's. Fails as read_settings().
    static base::Result<std::unique_ptr<Account>> open(const Variables& variables,
                                                       const std::string& authorities,
                                                       base::Log& log);

    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    SecretsManager& secrets() { return manager_; }

    // A store by this policy, made anew for each look. `forbidden` as StoreOptions has it. Borrows
    // this object.
    std::unique_ptr<environment::SecretStore> make_store(const environment::Policy& policy,
                                                         std::vector<std::string> forbidden);

    // The key that is kept under the name, asked for once. Fails conflict when there is none.
    base::Result<base::Secret> read_key(const std::string& name, base::Deadline deadline);
    // The same, made where there is none: from `text`, or a random one where that is empty. Fails
    // conflict when another key than `text` is there.
    base::Result<base::Secret> keep_key(const std::string& name, const base::Secret& text,
                                        base::Deadline deadline);

    // Puts the login of an operator into the secret of that name, made where there is none. Fails
    // conflict when the secret there is about another login or host.
    base::Result<void> keep_login(const std::string& name, const base::Secret& value,
                                  base::Deadline deadline);

   private:
    Account(Settings settings, base::Log& log);

    Settings settings_;
    base::Log& log_;
    http::Client http_;
    CredentialsChain credentials_;
    SecretsManager manager_;
    std::map<std::string, base::Secret> keys_;
};

}  // namespace aws

// SPDX-License-Identifier: Apache-2.0
//
// environment::SecretStore in memory; its changes are effects of the process whose Fate it shares.
#pragma once

#include <map>
#include <string>

#include "environment/secret_store.h"
#include "environment/secret_value.h"
#include "support/fate.h"

namespace support {

class FakeSecretStore final : public environment::SecretStore {
   public:
    using Secrets = std::map<std::string, base::Secret>;
    // Borrows both for its life.
    FakeSecretStore(Secrets& secrets, Fate& fate) : secrets_(secrets), fate_(fate) {}

    base::Result<std::vector<environment::StoredSecret>> list(
        base::Deadline /*deadline*/) override {
        if (fate_.dead) return death();
        std::vector<environment::StoredSecret> found;
        for (const auto& [name, value] : secrets_) {
            if (const auto owner = environment::owner_of_secret(value)) {
                found.push_back({name, *owner});
            }
        }
        return found;
    }
    base::Result<std::optional<base::Secret>> read(const std::string& name,
                                                   base::Deadline /*deadline*/) override {
        if (fate_.dead) return death();
        const auto found = secrets_.find(name);
        if (found == secrets_.end()) return std::optional<base::Secret>();
        return std::optional(found->second);
    }
    base::Result<void> write(const environment::SecretWrite& write,
                             base::Deadline /*deadline*/) override {
        return suffer([&] { secrets_[write.name] = write.value; });
    }
    base::Result<void> remove(const std::string& name, base::Deadline /*deadline*/) override {
        return suffer([&] {
            const auto found = secrets_.find(name);
            if (found == secrets_.end()) return;
            if (auto left = environment::remainder_of_secret(found->second)) {
                found->second = *std::move(left);
            } else {
                secrets_.erase(found);
            }
        });
    }

   private:
    template <typename Effect>
    base::Result<void> suffer(const Effect& effect) {
        const auto mishap = fate_.next();
        if (fate_.dead) return death();
        if (mishap == Mishap::refused) return base::fail(fate_.error);
        if (mishap == Mishap::none || mishap == Mishap::lost_after) effect();
        if (mishap == Mishap::none) return {};
        return lost_session();
    }

    Secrets& secrets_;
    Fate& fate_;
};

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
//
// The environments' secrets in Secrets Manager. It keeps to what the operation that uses it saw and
// decided: it never takes over what turned up meanwhile, and it touches no administrator's secret.
//
// Made anew for each look of an operation. It remembers what its last read() of a name found, so
// that read and write are two calls in all (three where a secret that was not ours gets tags, one
// more where a new one gets its rotation). A write without a read before it reads first; a remove
// removes only what a read saw. One object serves one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/secrets_manager.h"
#include "base/log.h"
#include "environment/secret_store.h"

namespace aws {

struct StoreOptions {
    Tags company_tags;                 // on every secret of ours; they win over what is told of it
    std::string kms_key_id;            // of new secrets; empty: the account's own
    std::optional<Rotation> rotation;  // of new secrets; nothing: off
    // Names and ARNs, in any form, of the administrators' own secrets: every write and remove of
    // one is refused as denied before AWS is asked.
    std::vector<std::string> forbidden;
};

class SecretStore final : public environment::SecretStore {
   public:
    // Borrows `manager` and `log` for its life.
    SecretStore(SecretsManager& manager, StoreOptions options, base::Log& log,
                http::Waiting waiting = http::real_waiting());

    // One call for each hundred, by their tag.
    base::Result<std::vector<environment::StoredSecret>> list(base::Deadline deadline) override;

    // One call. Fails as environment::SecretStore says, and as SecretsManager does.
    base::Result<std::optional<base::Secret>> read(const std::string& name,
                                                   base::Deadline deadline) override;

    // One call, or none where read() found this very value. Where read() found nothing:
    //  - one that turned up meanwhile is never overwritten: content when it has this value,
    //    conflict when it may not be replaced, in_doubt when it may (look again). One without any
    //    value gets this one if an empty object may be replaced.
    //  - one that is scheduled for deletion is restored and replaced if its value may be, else
    //    scheduled again for what was left of its time (7 to 30 days) and a conflict.
    //  - one that is being deleted for good in the background is waited for within the deadline.
    // Tags that fail are a warning in the log, the value being written by then; a rotation that
    // fails is an error.
    base::Result<void> write(const environment::SecretWrite& write,
                             base::Deadline deadline) override;

    // Two calls where read() saw one. One that a stack owns (tag aws:cloudformation:stack-id), that
    // was a placeholder before, or that has members of others keeps its place: it is emptied to a
    // placeholder with these. Any other is deleted at once and for good: its value is derived and
    // can be written again.
    base::Result<void> remove(const std::string& name, base::Deadline deadline) override;

   private:
    struct Seen {
        std::optional<base::Secret> value;
        bool scheduled = false;  // for deletion
    };
    enum class Turn { done, again };

    base::Result<void> refuse_forbidden(const std::string& name) const;
    base::Result<Seen> look(const std::string& name, base::Deadline deadline);
    base::Result<void> create(const environment::SecretWrite& write, base::Deadline deadline);
    base::Result<void> finish_creation(const std::string& name, base::Deadline deadline);
    base::Result<void> meet_existing(const environment::SecretWrite& write,
                                     base::Deadline deadline);
    base::Result<Turn> take_back(const environment::SecretWrite& write, base::Deadline deadline);
    base::Result<void> replace(const environment::SecretWrite& write, const base::Secret& former,
                               base::Deadline deadline);
    Tags tags_of(const environment::SecretWrite& write) const;

    SecretsManager& manager_;
    StoreOptions options_;
    base::Log& log_;
    http::Waiting waiting_;
    std::map<std::string, Seen> seen_;
};

}  // namespace aws

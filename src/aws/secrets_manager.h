// SPDX-License-Identifier: Apache-2.0
//
// The calls of Secrets Manager that we need, typed. Each function is one call of the API, retried
// while the failure is one that passes; no rule of ours about which secret is whose.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
//
// Throttling, 5xx, lost connections and answers that are not the service's are retried with
// back-off and jitter, at most ten times (AWS_MAX_ATTEMPTS) and within the deadline; a write
// carries the same ClientRequestToken each time, so it is done once. Credentials that AWS calls
// expired are fetched anew once. A secret that is named by an ARN is asked for in the region of the
// ARN: nothing else could be meant, and IAM decides whether we may. A configured endpoint serves
// every region.
//
// Fails, beside what each function says: denied with the permission that is missing, overloaded,
// unavailable, deadline, invalid_input. A write that failed with unavailable or deadline may have
// been done. No error has a value in it. One object serves one thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "aws/error.h"
#include "aws/settings.h"
#include "base/deadline.h"
#include "base/secret.h"
#include "http/client.h"
#include "http/retry.h"

namespace aws {

using Tags = std::map<std::string, std::string>;

struct SecretVersion {
    std::string arn;
    std::string name;
    std::string version_id;
    std::vector<std::string> stages;
    // The text. Of a secret that holds bytes, their base64: no text of ours looks like that.
    base::Secret value;
};

// Which version: empty both for AWSCURRENT; with both, it must be both.
struct VersionChoice {
    std::string version_id = {};
    std::string stage = {};
};

struct SecretDescription {
    std::string arn;
    std::string name;
    Tags tags;
    std::optional<Time> deleted_at;  // set while it is scheduled for deletion
    std::map<std::string, std::vector<std::string>> stages;  // by version
    bool rotation_enabled = false;
    std::string owning_service;  // "rds" where another service looks after it
    std::string kms_key_id;      // empty: the account's own for Secrets Manager
};

// Some of what an account has, and where to go on; empty at the end.
struct SecretPage {
    std::vector<SecretDescription> secrets;
    std::string next;
};

struct NewSecret {
    std::string name;
    base::Secret value;
    std::string description = {};
    Tags tags = {};
    std::string kms_key_id = {};
};

struct NewVersion {
    base::Secret value;
    std::string token;                     // becomes the id of the version
    std::vector<std::string> stages = {};  // none: AWSCURRENT
};

struct StageMove {
    std::string stage;
    std::string from = {};  // the version that has it; empty when none has
    std::string to = {};    // empty: only taken away
};

struct Rotation {
    std::string function_arn;
    int days = 30;
};

// A new ClientRequestToken, for one write that is to happen once.
std::string make_request_token();

class SecretsManager {
   public:
    // Borrows all three for its life.
    SecretsManager(const Settings& settings, CredentialsChain& credentials, http::Client& http,
                   http::Waiting waiting = http::real_waiting());

    // Fails not_found for no such secret, and for one without that version; invalid_request when it
    // is scheduled for deletion.
    Outcome<SecretVersion> get_value(const std::string& id, const VersionChoice& version,
                                     base::Deadline deadline);

    // Also of one that is scheduled for deletion. Fails not_found.
    Outcome<SecretDescription> describe(const std::string& id, base::Deadline deadline);

    // Up to a hundred of those that have the tag, whatever its value, from `from` on; empty: from
    // the beginning. None that is scheduled for deletion. May lag behind what was written just now.
    // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    Outcome<SecretPage> list(const std::string& tag, const std::string& from,
                             base::Deadline deadline);

    // Its ARN. Fails exists; invalid_request while one of that name is scheduled for deletion or is
    // being deleted.
    Outcome<std::string> create(const NewSecret& secret, const std::string& token,
                                base::Deadline deadline);

    // Content when a version of that token has that value already. Fails not_found, exists (the
    // token has another value), invalid_request (scheduled for deletion).
    Outcome<void> put_value(const std::string& id, const NewVersion& version,
                            base::Deadline deadline);

    // Not safe to repeat once it was done: look at describe() first. Fails not_found,
    // invalid_input when `from` does not have it.
    Outcome<void> move_stage(const std::string& id, const StageMove& move, base::Deadline deadline);

    // For good, although AWS takes a while over it in the background. Content when there is none.
    Outcome<void> delete_at_once(const std::string& id, base::Deadline deadline);

    // After `days`, 7 to 30, until which it can be restored. Fails not_found.
    Outcome<void> schedule_deletion(const std::string& id, int days, base::Deadline deadline);

    // Takes back a scheduled deletion. Fails not_found or invalid_request when it is being deleted.
    Outcome<void> restore(const std::string& id, base::Deadline deadline);

    // Adds tags or changes their values; others stay.
    Outcome<void> tag(const std::string& id, const Tags& tags, base::Deadline deadline);

    // From now on, but not at once.
    Outcome<void> set_rotation(const std::string& id, const Rotation& rotation,
                               base::Deadline deadline);

   private:
    struct Call;
    struct Answer;
    Outcome<Answer> perform(const Call& call, base::Deadline deadline);
    Outcome<Answer> attempt(const Call& call, const std::string& region, base::Deadline deadline);

    const Settings& settings_;
    CredentialsChain& credentials_;
    http::Client& http_;
    http::Waiting waiting_;
};

}  // namespace aws

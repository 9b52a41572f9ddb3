// SPDX-License-Identifier: Apache-2.0
//
// What Secrets Manager does with an action whose sender is known: the secrets of one account in one
// region, and every rule about them. Written from the API Reference
// (docs.aws.amazon.com/secretsmanager/latest/apireference/, one page for each action) and the User
// Guide; the texts of its refusals are AWS's own where they have been published. Those about
// managed secrets, tags and rotation rules are ours. Knows nothing of HTTP. Its owner locks.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/aws/secret.h"

namespace support {

class SecretVault {
   public:
    // A rotation that RotateSecret has begun: what its function gets as an event, step by step.
    struct Rotation {
        std::string secret_arn;
        std::string token;
    };

    SecretVault(std::string region, std::string account);

    // The answer's members. Throws AwsFailure. `members` are as parse_members lets them pass.
    boost::json::object perform(const std::string& action, const boost::json::object& members);

    // By name, by ARN, or by an ARN without its last seven characters; nothing when there is none.
    StoredSecret* find(const std::string& id);
    // Stores what a test brings as if it had always been there, replacing one of that name.
    StoredSecret& put(StoredSecret secret);
    // Begins a rotation as the service does when it is due. The token of the new version.
    std::string start_rotation(StoredSecret& secret, const std::string& token);
    void remove(const std::string& name);
    // Does what the service has done in the background by now.
    void settle();

    std::vector<std::string> names() const;
    std::vector<Rotation> rotations() const { return rotations_; }

    // How long, and for how many further calls, a secret that was deleted without recovery lingers.
    void linger(std::chrono::milliseconds time, int calls);
    void advance(std::chrono::system_clock::duration time) { offset_ += time; }
    void deny(const std::string& action) { denied_.insert(action); }
    void allow(const std::string& action) { denied_.erase(action); }
    std::string random_arn(const std::string& name) const;
    std::chrono::system_clock::time_point now() const;

   private:
    using Members = boost::json::object;
    struct Lingering {
        std::chrono::steady_clock::time_point until = {};
        int calls = 0;
    };

    Members create_secret(const Members& members);
    Members describe_secret(const Members& members);
    Members delete_secret(const Members& members);
    Members restore_secret(const Members& members);
    Members list_secrets(const Members& members);
    Members tag_resource(const Members& members);
    Members untag_resource(const Members& members);

    Members get_secret_value(const Members& members);
    Members put_secret_value(const Members& members);
    Members update_secret(const Members& members);
    Members update_secret_version_stage(const Members& members);
    Members list_secret_version_ids(const Members& members);

    Members rotate_secret(const Members& members);
    Members cancel_rotate_secret(const Members& members);
    Members get_random_password(const Members& members);

    StoredSecret& required(const Members& members);
    StoredSecret& usable(const Members& members);
    StoredSecret& unmanaged(const Members& members);
    void check_allowed(const std::string& action, const std::string& resource) const;
    void check_key(const std::string& action, const StoredSecret& secret) const;
    void make_room(StoredSecret& secret) const;
    SecretVersion& store_version(StoredSecret& secret, const Members& members);

    const std::string region_;
    const std::string account_;
    std::map<std::string, StoredSecret> secrets_;
    std::map<std::string, Lingering> lingering_;
    std::vector<Rotation> rotations_;
    std::set<std::string> denied_;
    std::chrono::milliseconds linger_time_{0};
    int linger_calls_ = 0;
    std::chrono::system_clock::duration offset_{0};
};

// Seconds since 1970, as the JSON of AWS has times.
double aws_time(std::chrono::system_clock::time_point time);

}  // namespace support

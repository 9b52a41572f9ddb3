// SPDX-License-Identifier: Apache-2.0
//
// AWS Secrets Manager on a port of 127.0.0.1, for one region and account: strict where AWS is, and
// stricter where a client's mistake would otherwise pass (unknown members). Speaks the AWS JSON 1.1
// protocol (smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html) over signed requests. Every
// member may be called from any thread while clients are at work. Prints nothing.
//
//     SecretsManagerStandIn aws;
//     aws.put("review/login", R"({"host":"placeholder"})", {{"aws:cloudformation:stack-id", "…"}});
//     aws.fail_next("PutSecretValue", Fault::throttle());
//     run(program, aws.variables());
//     EXPECT_EQ(aws.actions(), (Actions{"GetSecretValue", "PutSecretValue", "PutSecretValue"}));
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/aws/credentials.h"
#include "support/aws/fault.h"
#include "support/aws/secret.h"
#include "support/aws/secret_vault.h"

namespace support {

class SecretsManagerStandIn {
   public:
    struct Settings {
        std::string region = "eu-central-1";
        std::string account = "123456789012";
        std::vector<AwsCredentials> accepts = {make_aws_credentials()};
    };
    using Tags = std::map<std::string, std::string>;

    // One request, refused ones included.
    struct Call {
        std::string action;          // "" when X-Amz-Target names none
        std::string secret_id;       // as it was sent; a CreateSecret's name
        int status = 0;              // 0: no answer was given
        std::string error = {};      // the type of an error
        std::size_t connection = 0;  // counts from 1
        // When its last byte had been read, and just before the first byte of the answer.
        std::chrono::steady_clock::time_point received = {};
        std::chrono::steady_clock::time_point answered = {};
    };

    SecretsManagerStandIn();
    explicit SecretsManagerStandIn(Settings settings);
    SecretsManagerStandIn(const SecretsManagerStandIn&) = delete;
    SecretsManagerStandIn& operator=(const SecretsManagerStandIn&) = delete;
    ~SecretsManagerStandIn();

    // Where it is, and how a client gets in.
    std::string endpoint() const;  // "http://127.0.0.1:PORT"
    const std::string& region() const;
    AwsCredentials credentials() const;  // the first that are accepted
    // AWS_ENDPOINT_URL_SECRETS_MANAGER, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    // AWS_SESSION_TOKEN, and AWS_EC2_METADATA_DISABLED, so that nothing else is asked.
    std::map<std::string, std::string> variables() const;
    void accept(const AwsCredentials& credentials);
    // From now on nobody is known but these.
    void accept_only(std::vector<AwsCredentials> credentials);

    // Secrets, past every rule. Answer the ARN.
    std::string put(const std::string& name, const std::string& value, const Tags& tags = {});
    std::string put(StoredSecret secret);
    std::string put_without_value(const std::string& name, const Tags& tags = {});
    // As RDS makes one for its master user: value, owning service, its tags, its rotation.
    std::string put_managed(const std::string& name, const std::string& value);
    void schedule_deletion(const std::string& name);
    void remove(const std::string& name);
    // What a rotation that is due begins with: a version without a value under AWSPENDING. Its
    // token.
    std::string start_rotation(const std::string& name);

    // What there is now; by name, ARN or partial ARN. A secret that lingers is still there.
    std::optional<StoredSecret> secret(const std::string& id) const;
    std::optional<std::string> value(const std::string& id) const;  // the text under AWSCURRENT
    std::size_t versions(
        const std::string& id) const;  // labelled or not; 0 where there is no secret
    std::vector<std::string> names() const;
    std::vector<SecretVault::Rotation> rotations() const;  // that RotateSecret and tests have begun

    std::vector<Call> calls() const;
    std::vector<std::string> actions() const;  // of the calls, in order
    std::size_t count(const std::string& action) const;
    void forget_calls();  // numbering for fail_at goes on
    // The stand-in's own part of the calls: from the last byte read to the first byte written.
    std::chrono::nanoseconds own_time() const;
    std::size_t connections() const;

    // What goes wrong. A request that is not properly signed is refused as such all the same.
    void fail_next(const std::string& action, const Fault& fault, std::size_t times = 1);
    void fail_next(const Fault& fault, std::size_t times = 1);
    void fail_always(const std::string& action, const Fault& fault);
    void fail_always(const Fault& fault);
    void fail_at(std::size_t call, const Fault& fault);  // counted from 1 since it began
    void clear_faults();
    // AccessDeniedException for every call of it. "TagResource" also refuses a CreateSecret with
    // tags; "kms:Decrypt" and "kms:GenerateDataKey" concern secrets with a key of their own.
    void deny(const std::string& action);
    void allow(const std::string& action);
    // Secrets deleted without recovery are there, unusable, for that time and so many further
    // calls.
    void linger_after_deletion(std::chrono::milliseconds time, int calls = 0);

    // Lets so much time pass for secrets and versions.
    void advance(std::chrono::system_clock::duration time);
    // The service's clock as signatures meet it is so much ahead of ours.
    void skew_clock(std::chrono::system_clock::duration time);

   private:
    class Service;
    std::unique_ptr<Service> service_;
};

}  // namespace support

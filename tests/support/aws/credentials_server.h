// SPDX-License-Identifier: Apache-2.0
//
// Where programs on AWS get their credentials, on one port of 127.0.0.1: instance metadata (version
// 2 only; docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
// and instance-metadata-security-credentials.html), the container endpoint of ECS and EKS
// (docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html), and STS's
// AssumeRole and AssumeRoleWithWebIdentity (docs.aws.amazon.com/STS/latest/APIReference/). Any
// thread may call.
//
//     CredentialsStandIn identity;
//     SecretsManagerStandIn aws({.accepts = {identity.credentials()}});
//     run(program, identity.container_variables());
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/aws/call_log.h"
#include "support/aws/credentials.h"

namespace support {

class CredentialsStandIn {
   public:
    using Variables = std::map<std::string, std::string>;

    // Hands out new credentials that are good for an hour.
    CredentialsStandIn();
    explicit CredentialsStandIn(const AwsCredentials& credentials);
    CredentialsStandIn(const CredentialsStandIn&) = delete;
    CredentialsStandIn& operator=(const CredentialsStandIn&) = delete;
    ~CredentialsStandIn();

    std::string endpoint() const;  // "http://127.0.0.1:PORT"
    // What it hands out now.
    AwsCredentials credentials() const;
    // What it hands out from now on, and how long that is good for; may be negative.
    void hand_out(const AwsCredentials& credentials,
                  std::chrono::seconds lifetime = std::chrono::hours(1));

    // AWS_EC2_METADATA_SERVICE_ENDPOINT
    Variables metadata_variables() const;
    // AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN
    Variables container_variables() const;
    // AWS_ENDPOINT_URL_STS, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME; with the file, which has to
    // hold web_identity_token(), also AWS_WEB_IDENTITY_TOKEN_FILE.
    Variables role_variables(const std::string& token_file = "") const;

    std::string container_token() const;
    void change_container_token(const std::string& token);  // the former is refused
    std::string web_identity_token() const;
    void change_web_identity_token(const std::string& token);
    std::string role_name() const;  // of the instance
    std::string role_arn() const;   // that may be assumed
    // Whose signature AssumeRole takes, in region "eu-central-1" or that of `set_region`.
    void trust(const AwsCredentials& credentials);
    void set_region(const std::string& region);  // also the instance's
    // The instance's session tokens become invalid, as after a while.
    void forget_metadata_tokens();

    // Actions are "metadata/token", "metadata/role", "metadata/credentials", "metadata/region",
    // "container", "AssumeRole", "AssumeRoleWithWebIdentity".
    std::vector<StandInCall> calls() const;
    std::vector<std::string> actions() const;
    void fail_next(const std::string& action, const Fault& fault, std::size_t times = 1);
    void fail_always(const std::string& action, const Fault& fault);
    void clear_faults();

   private:
    class Service;
    std::unique_ptr<Service> service_;
};

}  // namespace support

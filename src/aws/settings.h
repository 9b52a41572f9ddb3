// SPDX-License-Identifier: Apache-2.0
//
// What the environment and the shared configuration files say of how to reach AWS: profile, region,
// endpoints, authorities. Not who we are: that is credentials.h. Nothing is asked of a network.
//
// As AWS's tools have it, a variable wins over the profile, and an empty variable counts as none.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "aws/ini_file.h"
#include "base/result.h"
#include "http/client.h"

namespace aws {

using Variables = std::map<std::string, std::string>;

// The value of a variable; nothing when it is unset or empty.
std::optional<std::string> variable(const Variables& variables, const std::string& name);

// The profiles of both files, each under its plain name; of a key that both have, the credentials
// file's. The sections for services, under "services NAME".
struct SharedConfig {
    Sections profiles;
    Sections services;
    std::string config_file;       // where they were looked for, for messages
    std::string credentials_file;  //
};

// Merges the text of ~/.aws/config and of ~/.aws/credentials. Pure.
SharedConfig merge_shared_config(std::string_view config, std::string_view credentials);

struct Settings {
    Variables variables;
    SharedConfig shared;
    std::string profile = "default";  // AWS_PROFILE
    bool profile_named = false;       // somebody did name it, so it has to exist
    std::optional<std::string> region;
    std::optional<int> max_attempts;                  // AWS_MAX_ATTEMPTS, max_attempts
    http::Trust trust;                                // AWS_CA_BUNDLE, ca_bundle, SSL_CERT_FILE
    std::chrono::milliseconds attempt_limit{10'000};  // for one answer of Secrets Manager

    // A key of the profile in use; nothing when there is none or it is empty.
    std::optional<std::string> profile_value(const std::string& key) const;
};

// Reads the two files (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else below HOME). Fails denied
// for a file that cannot be read, invalid_input for AWS_MAX_ATTEMPTS and a region that cannot be.
base::Result<Settings> read_settings(const Variables& variables);

// What a person can do when AWS cannot be spoken with. Pure.
http::Hints http_hints();

enum class Service { secrets_manager, sts };

// The URL to send requests of `service` to: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
// profile's `services` section, its `endpoint_url` (all of them ignored where
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS says true), else AWS's own for `region`, as
// AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT want it.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
std::string endpoint_of(const Settings& settings, Service service, const std::string& region);

// The name that requests to `service` are signed for.
std::string signing_name(Service service);

// Whether `region` can be part of a host name: lower-case letters, digits and hyphens.
bool is_region(std::string_view region);

}  // namespace aws

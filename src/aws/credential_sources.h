// SPDX-License-Identifier: Apache-2.0
//
// The places that credentials come from, each as one function: what it found, why it is not set up,
// or how it failed. Only credentials.cpp and these call each other.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "aws/credentials.h"

namespace aws {

// What every place is given.
struct Search {
    const Settings& settings;
    http::Client& http;
    const http::Waiting& waiting;
    base::Deadline deadline;
};

// Credentials, or why this place is not set up.
struct Found {
    std::optional<Credentials> credentials;
    std::string absent;
};

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html
base::Result<Found> from_environment(const Search& search);

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
base::Result<Found> from_web_identity(const Search& search);

// The profile `name`, and through source_profile others; `visited` ends a circle.
base::Result<Found> from_profile(const Search& search, const std::string& name,
                                 std::set<std::string> visited = {});

// By http only loopback and the addresses of ECS and EKS are asked: anything else would be given
// the authorization token in the clear.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
base::Result<Found> from_container(const Search& search);
bool may_ask_container_host(const http::UrlParts& url);

// One second for an answer, since most machines have no such service
// (AWS_METADATA_SERVICE_TIMEOUT, AWS_METADATA_SERVICE_NUM_ATTEMPTS).
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
base::Result<Found> from_instance_metadata(const Search& search);

// What a file gives a web identity's token for.
struct WebIdentity {
    std::string token_file;
    std::string role_arn;
    std::string session_name;
};
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
base::Result<Credentials> assume_role_with_web_identity(const Search& search,
                                                        const WebIdentity& identity);

struct Role {
    std::string arn;
    std::string session_name;
    std::optional<std::string> external_id;
    std::optional<std::string> duration_seconds;
};
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
base::Result<Credentials> assume_role(const Search& search, const Role& role,
                                      const Credentials& with);

// Credentials in the JSON that container, instance metadata and processes answer with; fails
// internal, naming `source`, for anything else.
base::Result<Credentials> parse_credentials_json(const base::Secret& text, std::string source);

// The words of a command line, as a POSIX shell splits and quotes them, and nothing else that it
// does; nothing when a quote is not closed.
std::optional<std::vector<std::string>> split_command(const std::string& line);

// Sends `request` up to three times while the failure is one that passes.
base::Result<http::Response> send_patiently(const Search& search, const http::Request& request);

}  // namespace aws

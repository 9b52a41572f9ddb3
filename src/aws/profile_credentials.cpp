// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "aws/credential_sources.h"
#include "base/subprocess.h"

namespace aws {

namespace {

using base::ErrorKind;
using base::Result;

// A profile, and what is asked of it again and again.
struct Profile {
    std::string name;
    const Section& section;

    std::optional<std::string> value(const std::string& key) const {
        return variable(section, key);
    }
    base::Error wrong(std::string_view what, std::string hint) const {
        return {ErrorKind::invalid_input,
                fmt::format("profile \"{}\" {}", name, what),
                std::move(hint),
                {}};
    }
    std::string source() const { return "profile " + name; }
};

Result<Found> static_keys(const Profile& profile) {
    const auto id = profile.value("aws_access_key_id");
    const auto secret = profile.value("aws_secret_access_key");
    if (!id && !secret) return Found{{}, profile.source() + " has no credentials"};
    if (!id || !secret) {
        return base::fail(profile.wrong("has only one half of a key",
                                        "give it aws_access_key_id and aws_secret_access_key"));
    }
    const base::Secret token(profile.value("aws_session_token").value_or(""));
    return Found{Credentials{*id, base::Secret(*secret), token, {}, profile.source()}, {}};
}

Result<Found> run_process(const Search& search, const Profile& profile, const std::string& line) {
    const auto words = split_command(line);
    if (!words || words->empty()) {
        return base::fail(profile.wrong("has a credential_process that cannot be split into words",
                                        "close its quotes"));
    }
    const base::Command command{.arguments = *words, .inherits = base::Environment::application};
    BASE_TRY_ASSIGN(auto finished, base::run(command, search.deadline));
    const base::Secret out(std::move(finished.out));
    if (finished.exit_code != 0) {
        return base::fail(ErrorKind::denied,
                          fmt::format("credential_process of profile \"{}\" ended with {}",
                                      profile.name, finished.exit_code),
                          "run it by hand to see what it says");
    }
    BASE_TRY_ASSIGN(auto credentials,
                    parse_credentials_json(out, "credential_process of " + profile.source()));
    return Found{std::move(credentials), {}};
}

// The credentials that the role is assumed with.
Result<Found> source_of_role(const Search& search, const Profile& profile,
                             const std::set<std::string>& visited) {
    if (const auto source = profile.value("source_profile")) {
        if (*source == profile.name) return static_keys(profile);
        if (visited.count(*source) != 0) {
            return base::fail(profile.wrong("is its own source_profile through others",
                                            "let the last of them have keys"));
        }
        return from_profile(search, *source, visited);
    }
    const auto source = profile.value("credential_source");
    if (source == "Environment") return from_environment(search);
    if (source == "EcsContainer") return from_container(search);
    if (source == "Ec2InstanceMetadata") return from_instance_metadata(search);
    return base::fail(profile.wrong(
        "has a role_arn without a source_profile or a credential_source that is known",
        "give it source_profile, web_identity_token_file, or credential_source as Environment, "
        "EcsContainer or Ec2InstanceMetadata"));
}

Result<Found> role(const Search& search, const Profile& profile, const std::string& arn,
                   const std::set<std::string>& visited) {
    const auto session_name = profile.value("role_session_name").value_or("reviewdb");
    if (const auto file = profile.value("web_identity_token_file")) {
        BASE_TRY_ASSIGN(auto credentials,
                        assume_role_with_web_identity(search, {*file, arn, session_name}));
        return Found{std::move(credentials), {}};
    }
    if (profile.value("mfa_serial")) {
        return base::fail(profile.wrong(
            "wants a code from a device (mfa_serial), and nobody can be asked for it here",
            "put a session's credentials into the environment: aws configure "
            "export-credentials --format env"));
    }
    BASE_TRY_ASSIGN(const auto source, source_of_role(search, profile, visited));
    if (!source.credentials) {
        return base::fail(profile.wrong("has a source without credentials: " + source.absent, ""));
    }
    BASE_TRY_ASSIGN(auto credentials, assume_role(search,
                                                  {arn, session_name, profile.value("external_id"),
                                                   profile.value("duration_seconds")},
                                                  *source.credentials));
    return Found{std::move(credentials), {}};
}

}  // namespace

Result<Found> from_profile(const Search& search, const std::string& name,
                           std::set<std::string> visited) {
    const auto& shared = search.settings.shared;
    const auto found = shared.profiles.find(name);
    if (found == shared.profiles.end()) {
        return Found{{},
                     fmt::format("no profile {} in {} or {}", name, shared.config_file,
                                 shared.credentials_file)};
    }
    visited.insert(name);
    const Profile profile{name, found->second};
    if (const auto arn = profile.value("role_arn")) return role(search, profile, *arn, visited);
    BASE_TRY_ASSIGN(auto keys, static_keys(profile));
    if (keys.credentials) return keys;
    if (const auto line = profile.value("credential_process")) {
        return run_process(search, profile, *line);
    }
    if (profile.value("sso_session") || profile.value("sso_start_url")) {
        return base::fail(profile.wrong(
            "signs in through IAM Identity Center, which this program does not speak",
            fmt::format(
                "run: eval \"$(aws configure export-credentials --profile {} --format env)\"",
                name)));
    }
    return keys;
}

std::optional<std::vector<std::string>> split_command(const std::string& line) {
    std::vector<std::string> words;
    bool inside = false;  // a word, maybe an empty one
    char quote = '\0';
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        if (quote == '\0' && (c == ' ' || c == '\t')) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = '\0';
        } else if (c == '\\' && quote != '\'' && at + 1 < line.size() &&
                   (quote == '\0' || line[at + 1] == '"' || line[at + 1] == '\\')) {
            words.back() += line[++at];
        } else {
            words.back() += c;
        }
    }
    if (quote != '\0') return std::nullopt;
    return words;
}

}  // namespace aws

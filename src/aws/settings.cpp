// SPDX-License-Identifier: Apache-2.0
#include "aws/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/text.h"

namespace aws {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view k_profile = "profile ";
constexpr std::string_view k_services = "services ";

// The folder of the files is the home folder's, by HOME alone, as in a Lambda or a container.
std::string file_of(const Variables& variables, const std::string& name, const std::string& file) {
    auto path = variable(variables, name).value_or("~/.aws/" + file);
    if (path.starts_with("~/")) {
        path = variable(variables, "HOME").value_or("") + path.substr(1);
    }
    return path;
}

Result<SharedConfig> read_shared_config(const Variables& variables) {
    const auto config = file_of(variables, "AWS_CONFIG_FILE", "config");
    const auto credentials = file_of(variables, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    BASE_TRY_ASSIGN(const auto config_text, base::read_file(config));
    BASE_TRY_ASSIGN(const auto credentials_text, base::read_file(credentials));
    auto shared = merge_shared_config(config_text.value_or(""), credentials_text.value_or(""));
    shared.config_file = config;
    shared.credentials_file = credentials;
    return shared;
}

Result<std::optional<int>> parse_attempts(const std::optional<std::string>& text) {
    if (!text) return std::optional<int>();
    int attempts = 0;
    const auto* end = text->data() + text->size();
    const auto [stopped, problem] = std::from_chars(text->data(), end, attempts);
    if (problem != std::errc() || stopped != end || attempts < 1) {
        return base::fail(ErrorKind::invalid_input,
                          "AWS_MAX_ATTEMPTS (max_attempts) is not a number from 1 up");
    }
    return std::optional(attempts);
}

bool says_true(const Settings& settings, const std::string& name, const std::string& key) {
    const auto value = variable(settings.variables, name);
    return base::lower(value ? *value : settings.profile_value(key).value_or("")) == "true";
}

struct ServiceNames {
    std::string variable;  // AWS_ENDPOINT_URL_…
    std::string key;       // of a services section
    std::string host;      // the first part of AWS's own host names, and what is signed
};

ServiceNames names_of(Service service) {
    if (service == Service::sts) return {"STS", "sts", "sts"};
    return {"SECRETS_MANAGER", "secrets_manager", "secretsmanager"};
}

std::optional<std::string> configured_endpoint(const Settings& settings, Service service) {
    if (says_true(settings, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                  "ignore_configured_endpoint_urls")) {
        return std::nullopt;
    }
    const auto names = names_of(service);
    for (const auto& name :
         {"AWS_ENDPOINT_URL_" + names.variable, std::string("AWS_ENDPOINT_URL")}) {
        if (auto url = variable(settings.variables, name)) return url;
    }
    if (const auto services = settings.profile_value("services")) {
        const auto section = settings.shared.services.find(*services);
        if (section != settings.shared.services.end()) {
            const auto url = section->second.find(names.key + ".endpoint_url");
            if (url != section->second.end() && !url->second.empty()) return url->second;
        }
    }
    return settings.profile_value("endpoint_url");
}

// https://docs.aws.amazon.com/general/latest/gr/rande.html, and the partitions that it leaves to
// other pages.
std::string domain_of(const std::string& region, bool dual_stack) {
    if (region.starts_with("cn-")) {
        return dual_stack ? "api.amazonwebservices.com.cn" : "amazonaws.com.cn";
    }
    if (region.starts_with("us-iso-")) return "c2s.ic.gov";
    if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
    return dual_stack ? "api.aws" : "amazonaws.com";
}

}  // namespace

std::optional<std::string> variable(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

SharedConfig merge_shared_config(std::string_view config, std::string_view credentials) {
    SharedConfig shared;
    for (auto& [name, section] : parse_ini(config)) {
        if (name == "default") {
            // "[profile default]" wins where there are both.
            shared.profiles[name].insert(section.begin(), section.end());
        } else if (name.starts_with(k_profile)) {
            auto& profile = shared.profiles[name.substr(k_profile.size())];
            for (const auto& [key, value] : section) profile[key] = value;
        } else if (name.starts_with(k_services)) {
            shared.services[name.substr(k_services.size())] = section;
        }
    }
    for (auto& [name, section] : parse_ini(credentials)) {
        for (const auto& [key, value] : section) shared.profiles[name][key] = value;
    }
    return shared;
}

std::optional<std::string> Settings::profile_value(const std::string& key) const {
    const auto found = shared.profiles.find(profile);
    if (found == shared.profiles.end()) return std::nullopt;
    return variable(found->second, key);
}

Result<Settings> read_settings(const Variables& variables) {
    Settings settings;
    settings.variables = variables;
    BASE_TRY_ASSIGN(settings.shared, read_shared_config(variables));
    if (const auto profile = variable(variables, "AWS_PROFILE")) {
        settings.profile = *profile;
        settings.profile_named = true;
    }
    settings.region = variable(variables, "AWS_REGION");
    if (!settings.region) settings.region = variable(variables, "AWS_DEFAULT_REGION");
    if (!settings.region) settings.region = settings.profile_value("region");
    if (settings.region && !is_region(*settings.region)) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("\"{}\" is not an AWS region", *settings.region),
                          "set AWS_REGION to one like eu-central-1");
    }
    auto attempts = variable(variables, "AWS_MAX_ATTEMPTS");
    if (!attempts) attempts = settings.profile_value("max_attempts");
    BASE_TRY_ASSIGN(settings.max_attempts, parse_attempts(attempts));

    auto authorities = variable(variables, "AWS_CA_BUNDLE");
    if (!authorities) authorities = settings.profile_value("ca_bundle");
    if (!authorities) authorities = variable(variables, "SSL_CERT_FILE");
    settings.trust.file = authorities.value_or("");
    return settings;
}

http::Hints http_hints() {
    return {.untrusted = "name the authority of its certificate with AWS_CA_BUNDLE",
            .unknown_host = "check the region and the endpoint's URL",
            .no_url = "an endpoint is an http or https URL"};
}

std::string endpoint_of(const Settings& settings, Service service, const std::string& region) {
    if (auto configured = configured_endpoint(settings, service)) return *configured;
    const bool fips = says_true(settings, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    const bool dual_stack =
        says_true(settings, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    return fmt::format("https://{}{}.{}.{}", names_of(service).host, fips ? "-fips" : "", region,
                       domain_of(region, dual_stack));
}

std::string signing_name(Service service) { return names_of(service).host; }

bool is_region(std::string_view region) {
    return !region.empty() && region.size() <= 63 &&
           std::all_of(region.begin(), region.end(),
                       [](char c) { return base::is_lower(c) || base::is_digit(c) || c == '-'; });
}

}  // namespace aws

// SPDX-License-Identifier: Apache-2.0
#include "aws/credentials.h"

#include <fmt/format.h>

#include <array>

#include "aws/credential_sources.h"

namespace aws {

namespace {
constexpr std::chrono::minutes k_renewed_before{5};

base::Result<Found> from_chosen_profile(const Search& search) {
    const auto& settings = search.settings;
    if (settings.profile_named && settings.shared.profiles.count(settings.profile) == 0) {
        return base::fail(
            base::ErrorKind::invalid_input,
            fmt::format("there is no profile \"{}\" in {} or {}", settings.profile,
                        settings.shared.config_file, settings.shared.credentials_file),
            "correct AWS_PROFILE");
    }
    return from_profile(search, settings.profile);
}

struct Place {
    std::string_view name;
    base::Result<Found> (*look)(const Search&);
};

constexpr std::array<Place, 5> k_places{{
    {"the environment", &from_environment},
    {"web identity", &from_web_identity},
    {"the shared files", &from_chosen_profile},
    {"the container", &from_container},
    {"instance metadata", &from_instance_metadata},
}};
}  // namespace

CredentialsChain::CredentialsChain(const Settings& settings, http::Client& http,
                                   http::Waiting waiting, Now now)
    : settings_(settings), http_(http), waiting_(std::move(waiting)), now_(std::move(now)) {}

base::Result<Credentials> CredentialsChain::current(base::Deadline deadline) {
    if (kept_ && (!kept_->expires_at || *kept_->expires_at - now_() > k_renewed_before)) {
        return *kept_;
    }
    auto found = look(deadline);
    if (found) {
        kept_ = *found;
    } else if (kept_ && *kept_->expires_at > now_()) {
        return *kept_;
    }
    return found;
}

base::Result<Credentials> CredentialsChain::look(base::Deadline deadline) {
    const Search search{settings_, http_, waiting_, deadline};
    std::string looked_at;
    for (const auto& place : k_places) {
        auto found = place.look(search);
        if (!found) {
            return base::fail(std::move(found).error().during(
                fmt::format("cannot get AWS credentials from {}", place.name)));
        }
        if (found->credentials) return *std::move(found->credentials);
        looked_at +=
            fmt::format("{}{} ({})", looked_at.empty() ? "" : ", ", place.name, found->absent);
    }
    return base::fail(base::ErrorKind::denied,
                      "there are no AWS credentials: looked at " + looked_at,
                      "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give "
                      "the machine a role");
}

}  // namespace aws

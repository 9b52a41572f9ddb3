// SPDX-License-Identifier: Apache-2.0
#include "aws/secret_id.h"

#include <algorithm>

#include "base/text.h"

namespace aws {

std::optional<SecretArn> parse_secret_arn(const std::string& id) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    while (parts.size() < 6) {
        const auto colon = id.find(':', start);
        if (colon == std::string::npos) return std::nullopt;
        parts.push_back(id.substr(start, colon - start));
        start = colon + 1;
    }
    if (parts[0] != "arn" || parts[2] != "secretsmanager" || parts[5] != "secret") {
        return std::nullopt;
    }
    return SecretArn{parts[3], id.substr(start)};
}

std::vector<std::string> possible_names(const std::string& id) {
    constexpr std::size_t k_suffix = 7;  // the hyphen and six characters
    const auto arn = parse_secret_arn(id);
    if (!arn) return {id};
    std::vector<std::string> names{arn->resource};
    const auto& resource = arn->resource;
    if (resource.size() > k_suffix && resource[resource.size() - k_suffix] == '-' &&
        std::all_of(resource.end() - (k_suffix - 1), resource.end(), &base::is_alphanumeric)) {
        names.push_back(resource.substr(0, resource.size() - k_suffix));
    }
    return names;
}

bool may_be_same_secret(const std::string& a, const std::string& b) {
    const auto others = possible_names(b);
    const auto names = possible_names(a);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return std::find(others.begin(), others.end(), name) != others.end();
    });
}

bool is_secret_name(const std::string& name) {
    constexpr std::size_t k_longest = 512;
    constexpr std::string_view k_signs = "/_+=.@-";
    return !name.empty() && name.size() <= k_longest &&
           std::all_of(name.begin(), name.end(), [&](char c) {
               return base::is_alphanumeric(c) || k_signs.find(c) != std::string_view::npos;
           });
}

}  // namespace aws

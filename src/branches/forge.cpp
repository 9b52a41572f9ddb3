// SPDX-License-Identifier: Apache-2.0
#include "branches/forge.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/interrupt.h"
#include "base/words.h"
#include "branches/json_read.h"
#include "branches/names.h"
#include "branches/remote_url.h"

namespace branches {

using base::ErrorKind;
using base::Result;

http::Waiting interruptible_waiting() { return {http::real_waiting().chance, &base::pause}; }

Result<std::pair<std::string, base::Secret>> find_token(const base::Variables& variables,
                                                        const std::vector<std::string>& names) {
    for (const auto& name : names) {
        const auto found = variables.find(name);
        if (found == variables.end()) continue;
        const auto& text = found->second;
        if (text.empty()) {
            return base::fail(ErrorKind::invalid_input, fmt::format("{} is empty", name),
                              "unset it to ask without a token; a CI keeps secrets from forks");
        }
        const bool printable =
            std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
        if (!printable) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("{} holds something that no token has", name),
                              "look for a blank or a line's end in it");
        }
        return std::pair(name, base::Secret(text));
    }
    return std::pair(std::string(), base::Secret());
}

std::optional<Items> read_branch_list(const boost::json::array& list) {
    Items items;
    for (const auto& one : list) {
        const auto name = one.is_object() ? text_in(one.get_object(), "name") : std::nullopt;
        if (!name || !is_branch_name(*name)) return std::nullopt;
        items.names.push_back(*name);
    }
    return items;
}

Result<std::string> parse_api(const std::string& variable, const std::string& text) {
    auto url = text;
    while (url.ends_with('/')) url.pop_back();
    const auto origin = origin_of(url);
    const bool clean = std::ranges::all_of(
        url, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; });
    if (origin && clean) return *origin + url.substr(origin->size());
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("{} is no address of an API: '{}'", variable, base::harmless(shown_url(text))),
        "an http or https URL without a user");
}

}  // namespace branches

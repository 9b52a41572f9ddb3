// SPDX-License-Identifier: Apache-2.0
#include "branches/refusal.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/parse.hpp>
#include <charconv>
#include <ctime>

#include "base/text.h"
#include "base/words.h"
#include "branches/remote_url.h"

namespace branches {

namespace {

using base::ErrorKind;
using std::chrono::seconds;

std::optional<std::int64_t> number_in_header(const http::Response& response, const char* name) {
    const auto text = response.header(name);
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    constexpr std::int64_t k_most = 100'000'000'000;  // seconds; keeps the sums below in range
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number >= 0 && number <= k_most ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> first_number(const http::Response& response,
                                         std::initializer_list<const char*> names) {
    for (const auto* name : names) {
        if (const auto number = number_in_header(response, name)) return number;
    }
    return std::nullopt;
}

// The forge's own words.
std::string message_of(const http::Response& response) {
    boost::system::error_code problem;
    const auto body = boost::json::parse(response.body.reveal(), problem);
    if (problem || !body.is_object()) return {};
    for (const auto* name : {"message", "error"}) {
        const auto* text = body.get_object().if_contains(name);
        if (text != nullptr && text->is_string()) return std::string(text->get_string());
    }
    return {};
}

// The same where it may be shown, behind a colon.
std::string words_of(const Forge& forge, const http::Response& response) {
    const auto message = message_of(response);
    const bool tells =
        !forge.token.empty() && message.find(forge.token.reveal()) != std::string::npos;
    if (message.empty() || tells) return {};
    constexpr std::size_t k_shown = 200;
    return ": " + base::harmless(base::beginning_of(
                      base::presentable(without_credentials(message, {})), k_shown));
}

}  // namespace

std::optional<Moment> limited_until(const http::Response& response, Moment now) {
    if (response.status != 403 && response.status != 429) return std::nullopt;
    // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    // https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits
    if (const auto after = number_in_header(response, "retry-after")) return now + seconds(*after);
    const auto left = first_number(response, {"x-ratelimit-remaining", "ratelimit-remaining"});
    const auto reset = first_number(response, {"x-ratelimit-reset", "ratelimit-reset"});
    if (left == 0 && reset) return Moment(seconds(*reset));
    // The one against bursts may come as a 403 that tells itself from others by its words alone.
    const bool says_so = response.status == 429 ||
                         base::lower(message_of(response)).find("rate limit") != std::string::npos;
    if (says_so) return now + seconds(60);
    return std::nullopt;
}

std::string to_text(Moment moment) {
    const auto time = std::chrono::system_clock::to_time_t(moment);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

base::Error limit_error(const Forge& forge, Moment until) {
    return {ErrorKind::overloaded,
            fmt::format("{} takes no more requests before {}", forge.service, to_text(until)),
            forge.token.empty()
                ? fmt::format("set {}: who has a token may ask much more often", forge.token_name)
                : "ask again then",
            {}};
}

base::Error refusal_of(const Forge& forge, const http::Response& response) {
    const auto said = words_of(forge, response);
    const auto allow = fmt::format("a token needs {}", forge.access);
    const bool token = !forge.token.empty();
    switch (response.status) {
        case 401:
            return {ErrorKind::denied,
                    token ? fmt::format("{} does not accept the token in {}{}", forge.service,
                                        forge.token_name, said)
                          : fmt::format("{} wants a token{}", forge.service, said),
                    token ? "it has expired, was revoked, or is for another host; " + allow
                          : fmt::format("set {}; {}", forge.token_name, allow),
                    {}};
        case 403:
            return {ErrorKind::denied,
                    fmt::format("{} refuses to say{}", forge.service, said),
                    token ? allow : fmt::format("set {}; {}", forge.token_name, allow),
                    {}};
        case 404:
            return {ErrorKind::not_found,
                    fmt::format("{} has no {}, or {} may not see it", forge.service, forge.path,
                                token ? "the token in " + forge.token_name
                                      : std::string("nobody without a token")),
                    token
                        ? "check the spelling; " + allow
                        : fmt::format("check the spelling, or set {}; {}", forge.token_name, allow),
                    {}};
        default:
            break;
    }
    const bool passes = response.status >= 500;
    return {passes ? ErrorKind::unavailable : ErrorKind::internal,
            fmt::format("{} answered {}{}", forge.service, response.status, said),
            passes ? "try again later" : std::string(),
            {}};
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

base::Error moved_error(const Forge& forge, const std::string& name) {
    return {ErrorKind::conflict,
            fmt::format("{} is called {} by now", forge.path, base::harmless(name)),
            fmt::format("name it so; environments that were recorded for {}/{} keep that name "
                        "until their next create",
                        forge.host, forge.path),
            {}};
}

base::Error redirect_error(const Forge& forge, const std::string& location) {
    return {ErrorKind::unavailable,
            fmt::format("{} sends us to {}, where we do not go", forge.api,
                        location.empty()
                            ? "nowhere"
                            : base::harmless(base::beginning_of(shown_url(location), 200))),
            "a proxy or a network that wants a login may stand between; check the address of the "
            "API",
            {}};
}

base::Error implausible(const Forge& forge, const std::string& why) {
    return {ErrorKind::unavailable,
            fmt::format("{} did not give the whole truth: {}", forge.service, why),
            "try again later; look for a proxy in between if that does not help",
            {}};
}

}  // namespace branches

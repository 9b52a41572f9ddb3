// SPDX-License-Identifier: Apache-2.0
//
// URLs of remotes, and the credentials that people put into them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace branches {

// What a URL like https://user:password@host/path holds, apart from each other.
struct RemoteUrl {
    std::string plain;   // without credentials; the text as it was where there are none
    std::string origin;  // scheme://host[:port], of http and https only
    base::Secret user;   // decoded
    base::Secret password;

    bool has_credentials() const { return !user.empty() || !password.empty(); }
};

// Takes user and password out of an http or https URL; anything else is left as it is: the user of
// an ssh remote is no secret, and part of its address.
RemoteUrl parse_remote_url(std::string_view text);

// `text`, which may be a URL or not, without user, password, query and fragment.
std::string shown_url(std::string_view text);

// `text` without what stands before the @ of any URL in it, and without any of its credentials
// wherever they stand.
std::string without_credentials(std::string_view text, const RemoteUrl& url);

// "scheme://host[:port]" of an http or https URL in lower case; nothing for any other text, and for
// one with a user in it.
std::optional<std::string> origin_of(std::string_view url);

// The host of such a URL, without its port; empty for any other text.
std::string host_of(std::string_view url);

}  // namespace branches

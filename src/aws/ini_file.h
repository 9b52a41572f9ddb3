// SPDX-License-Identifier: Apache-2.0
//
// The two files that AWS's tools share, ~/.aws/config and ~/.aws/credentials: sections of keys and
// values, of which a value may be a block of keys again. Pure.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace aws {

// Keys in lower case, as AWS's tools compare them. The key `endpoint_url` of a block that is the
// value of `sts` is called `sts.endpoint_url`.
using Section = std::map<std::string, std::string>;
// By what stands between the brackets, blanks made one: "default", "profile dev", "services x".
using Sections = std::map<std::string, Section>;

// Every section of `text`; of a key that stands twice, the last. A line that is none of section,
// key, block or comment is passed over, as AWS's tools do.
Sections parse_ini(std::string_view text);

}  // namespace aws

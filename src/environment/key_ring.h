// SPDX-License-Identifier: Apache-2.0
//
// The keys of an installation, from wherever the registry says that each of them is. The registry
// decides: a key at hand that is another one than the registry's fingerprint tells is refused.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "environment/credential.h"
#include "environment/facts.h"

namespace environment {

// What the location of a key begins with that is kept in a file, or in Secrets Manager.
inline constexpr std::string_view k_key_in_file = "file:";
inline constexpr std::string_view k_key_in_aws = "aws:";

// Where the texts of keys come from that are not in the registry.
struct KeyTexts {
    // By name: REVIEWDB_KEY, and REVIEWDB_KEY_2 for the second one.
    std::map<std::string, base::Secret> variables = {};
    // Reads the key that Secrets Manager keeps under a name; empty where there is no way to it.
    std::function<base::Result<base::Secret>(const std::string& name)> read_aws = {};
    // The same, and makes it where there is none: from `text`, or at random where that is empty.
    std::function<base::Result<base::Secret>(const std::string& name, const base::Secret& text)>
        keep_aws = {};
};

// Fails conflict when there is no such key, when it is not where it should be, and when what is
// there is another key; as read_aws does. Reads a file where the key is in one.
base::Result<Key> find_key(const Installation& installation, int number, const KeyTexts& texts);

// The text of a key that is kept in a variable; empty where none is set.
base::Secret key_text(int number, const KeyTexts& texts);

}  // namespace environment

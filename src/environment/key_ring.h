// SPDX-License-Identifier: Apache-2.0
//
// The keys of an installation, from wherever the registry says that each of them is. The registry
// decides: a key at hand that is another one than the registry's fingerprint tells is refused.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/variables.h"
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

// What of the environment variables is a key.
std::map<std::string, base::Secret> key_variables(const base::Variables& variables);

// Fails conflict when there is no such key, when it is not where it should be, and when what is
// there is another key; as read_aws does. Reads a file where the key is in one.
base::Result<Key> find_key(const Installation& installation, int number, const KeyTexts& texts);

// The text of a key that is kept in a variable; empty where none is set.
base::Secret key_text(int number, const KeyTexts& texts);

// The keys that were asked for: each is looked for once, as long as the registry means the same
// one. For one thread.
class KeyRing {
   public:
    KeyRing() = default;
    explicit KeyRing(KeyTexts texts) : texts_(std::move(texts)) {}

    // As find_key. The ring keeps the key, which lives until another one of that number is asked
    // for.
    base::Result<const Key*> find(const Installation& installation, int number) const;
    const KeyTexts& texts() const { return texts_; }

   private:
    struct Found {
        Key key;
        std::string fingerprint;
    };
    KeyTexts texts_;
    mutable std::map<int, Found> found_;
};

}  // namespace environment

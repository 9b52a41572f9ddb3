// SPDX-License-Identifier: Apache-2.0
//
// Reads the variables of a CI system. Internal to this room. Pure.
#pragma once

#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "environment/ci_run.h"

namespace environment {

// Variables; an empty one counts as absent.
class Words {
   public:
    explicit Words(const Variables& variables) : variables_(variables) {}

    std::string get(const char* name) const {
        const auto found = variables_.find(name);
        return found == variables_.end() ? std::string() : found->second;
    }
    bool has(const char* name) const { return !get(name).empty(); }
    std::string first_of(std::initializer_list<const char*> names) const {
        for (const auto* name : names) {
            if (has(name)) return get(name);
        }
        return {};
    }
    // Azure writes "True".
    bool says_yes(const char* name) const {
        const auto value = get(name);
        return value == "true" || value == "True" || value == "1";
    }

   private:
    const Variables& variables_;
};

inline constexpr std::string_view k_heads = "refs/heads/";

inline std::optional<std::string> non_empty(std::string text) {
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// Pull requests are counted from 1; Buildkite and Travis say "false" if there is none.
inline std::optional<int> number_in(std::string_view text) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || number < 1)
        return std::nullopt;
    return number;
}

inline std::string without_prefix(const std::string& text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// The branch of a full reference; nothing for a tag and for the merge of a pull request.
inline std::optional<std::string> branch_of_ref(std::string_view ref) {
    if (!ref.starts_with(k_heads)) return std::nullopt;
    return non_empty(std::string(ref.substr(k_heads.size())));
}

// The same, of a reference that may also be the bare name of a branch.
inline std::optional<std::string> branch_in(const std::string& ref) {
    return ref.starts_with("refs/") ? branch_of_ref(ref) : non_empty(ref);
}

// The number in refs/pull/7/merge and pull/7/head, if `text` begins with `prefix`.
inline std::optional<int> number_behind(std::string_view text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    return number_in(text.substr(0, text.find('/')));
}

inline BranchOwner fork_if(bool fork) { return fork ? BranchOwner::fork : BranchOwner::repository; }

}  // namespace environment

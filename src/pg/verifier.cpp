// SPDX-License-Identifier: Apache-2.0
#include "pg/verifier.h"

#include <algorithm>

#include "base/text.h"

namespace pg {

namespace {

constexpr std::string_view k_mechanism = "SCRAM-SHA-256$";
constexpr std::size_t k_key_letters = 44;   // 32 bytes
constexpr std::size_t k_salt_letters = 24;  // 16 bytes, as libpq makes them

bool is_base64_letter(char c) { return base::is_alphanumeric(c) || c == '+' || c == '/'; }

bool is_base64(std::string_view text, std::size_t letters) {
    if (text.size() != letters) return false;
    const auto body = text.substr(0, text.find('='));
    return text.size() - body.size() <= 2 && std::ranges::all_of(body, is_base64_letter) &&
           std::ranges::all_of(text.substr(body.size()), [](char c) { return c == '='; });
}

// Cuts `text` at the first `separator`; the part before it, or all of it.
std::string_view take_until(std::string_view& text, char separator) {
    const auto at = text.find(separator);
    const auto part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

}  // namespace

bool is_scram_verifier(std::string_view text) {
    if (!text.starts_with(k_mechanism)) return false;
    text.remove_prefix(k_mechanism.size());
    const auto iterations = take_until(text, ':');
    const auto salt = take_until(text, '$');
    const auto stored_key = take_until(text, ':');
    const bool counted = !iterations.empty() && iterations.size() <= 7 &&
                         iterations.front() != '0' &&
                         std::ranges::all_of(iterations, base::is_digit);
    return counted && is_base64(salt, k_salt_letters) && is_base64(stored_key, k_key_letters) &&
           is_base64(text, k_key_letters);
}

}  // namespace pg

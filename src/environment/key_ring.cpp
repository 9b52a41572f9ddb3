// SPDX-License-Identifier: Apache-2.0
#include "environment/key_ring.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;

Result<base::Secret> read_text(const KeyRecord& record, const KeyTexts& texts) {
    if (record.location.starts_with(k_key_in_aws) && texts.read_aws) {
        return texts.read_aws(record.location.substr(k_key_in_aws.size()));
    }
    if (!record.location.starts_with(k_key_in_file)) return key_text(record.number, texts);
    BASE_TRY_ASSIGN(const auto content,
                    base::read_file(record.location.substr(k_key_in_file.size())));
    return base::Secret(content.value_or(""));
}

const KeyRecord* record_of(const Installation& installation, int number) {
    const auto record = std::ranges::find(installation.keys, number, &KeyRecord::number);
    return record == installation.keys.end() ? nullptr : &*record;
}

}  // namespace

std::map<std::string, base::Secret> key_variables(const base::Variables& variables) {
    std::map<std::string, base::Secret> keys;
    for (const auto& [name, value] : variables) {
        if (name.starts_with("REVIEWDB_KEY")) keys[name] = base::Secret(value);
    }
    return keys;
}

base::Secret key_text(int number, const KeyTexts& texts) {
    for (const auto& name : {fmt::format("REVIEWDB_KEY_{}", number), std::string("REVIEWDB_KEY")}) {
        const auto found = texts.variables.find(name);
        if (found != texts.variables.end()) return found->second;
    }
    return {};
}

Result<Key> find_key(const Installation& installation, int number, const KeyTexts& texts) {
    const auto* record = record_of(installation, number);
    if (record == nullptr) {
        return base::fail(ErrorKind::conflict, fmt::format("the registry has no key {}", number));
    }
    if (record->bytes) return Key::from_bytes(number, *record->bytes);
    BASE_TRY_ASSIGN(const auto text, read_text(*record, texts));
    if (text.empty()) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("key {} of this server is kept in {}, and is not there",
                                      number, record->location),
                          "bring the key that the environments were made with (REVIEWDB_KEY, or "
                          "the file)");
    }
    BASE_TRY_ASSIGN(auto key, Key::parse(number, text));
    if (record->fingerprint.empty() || key.fingerprint() == record->fingerprint) return key;
    return base::fail(ErrorKind::conflict,
                      fmt::format("the key {} at hand has the fingerprint {}, but the "
                                  "environments were made with {}",
                                  number, key.fingerprint(), record->fingerprint),
                      "use the same key as everybody else; nothing was changed");
}

Result<const Key*> KeyRing::find(const Installation& installation, int number) const {
    const auto* record = record_of(installation, number);
    const auto known = found_.find(number);
    if (record != nullptr && known != found_.end()) {
        const auto& [key, fingerprint] = known->second;
        const bool is_meant =
            record->bytes ? *record->bytes == key.bytes() : record->fingerprint == fingerprint;
        if (is_meant) return &key;
    }
    BASE_TRY_ASSIGN(auto key, find_key(installation, number, texts_));
    auto fingerprint = key.fingerprint();
    const auto [kept, is_new] =
        found_.insert_or_assign(number, Found{std::move(key), std::move(fingerprint)});
    return &kept->second.key;
}

}  // namespace environment

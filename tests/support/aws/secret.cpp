// SPDX-License-Identifier: Apache-2.0
#include "support/aws/secret.h"

#include <algorithm>

namespace support {

namespace {

void take(SecretVersion& version, const std::string& stage) {
    version.stages.erase(std::remove(version.stages.begin(), version.stages.end(), stage),
                         version.stages.end());
}

}  // namespace

bool SecretVersion::has(const std::string& stage) const {
    return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

const SecretVersion* StoredSecret::find_version(const std::string& id) const {
    const auto found = std::find_if(versions.begin(), versions.end(),
                                    [&](const auto& version) { return version.id == id; });
    return found == versions.end() ? nullptr : &*found;
}

const SecretVersion* StoredSecret::find_stage(const std::string& stage) const {
    const auto found = std::find_if(versions.begin(), versions.end(),
                                    [&](const auto& version) { return version.has(stage); });
    return found == versions.end() ? nullptr : &*found;
}

SecretVersion* StoredSecret::find_version(const std::string& id) {
    for (auto& version : versions) {
        if (version.id == id) return &version;
    }
    return nullptr;
}

SecretVersion* StoredSecret::find_stage(const std::string& stage) {
    for (auto& version : versions) {
        if (version.has(stage)) return &version;
    }
    return nullptr;
}

void StoredSecret::move_stage(const std::string& stage, const std::string& version_id) {
    auto* to = find_version(version_id);
    auto* from = find_stage(stage);
    if (to == nullptr || to == from) return;
    if (from != nullptr) take(*from, stage);
    to->stages.push_back(stage);
    if (stage != k_current) return;
    for (auto& version : versions) take(version, k_previous);
    if (from != nullptr) from->stages.emplace_back(k_previous);
}

std::optional<std::string> StoredSecret::value() const {
    const auto* version = find_stage(k_current);
    return version == nullptr ? std::nullopt : version->text;
}

}  // namespace support

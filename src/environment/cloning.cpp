// SPDX-License-Identifier: Apache-2.0
#include "environment/cloning.h"

#include <fmt/format.h>

#include "base/size.h"

namespace environment {

namespace {
constexpr int k_first_with_file_clone = 180000;
}

std::string_view to_text(CloneStrategy strategy) {
    switch (strategy) {
        case CloneStrategy::wal_log:
            return "wal_log";
        case CloneStrategy::file_copy:
            return "file_copy";
        case CloneStrategy::file_clone:
            return "file_clone";
    }
    return {};
}

std::string_view to_text(FileCloning known) {
    switch (known) {
        case FileCloning::unknown:
            return "unknown";
        case FileCloning::works:
            return "works";
        case FileCloning::fails:
            return "fails";
    }
    return {};
}

std::optional<FileCloning> parse_file_cloning(std::string_view text) {
    for (const auto known : {FileCloning::unknown, FileCloning::works, FileCloning::fails}) {
        if (to_text(known) == text) return known;
    }
    return std::nullopt;
}

// The thresholds are measured: docs/performance.md.
CloneChoice choose_clone_strategy(const CloneFacts& facts) {
    const bool can_clone =
        facts.server_version >= k_first_with_file_clone && facts.file_cloning != FileCloning::fails;
    const bool known_to_clone = can_clone && facts.file_cloning == FileCloning::works;
    const auto size = base::describe_size(facts.template_bytes);
    const auto smallest = known_to_clone ? k_smallest_file_clone : k_smallest_file_copy;
    if (facts.template_bytes < smallest) {
        return {CloneStrategy::wal_log,
                fmt::format("{} is less than {}: two checkpoints would cost more than its log",
                            size, base::describe_size(smallest))};
    }
    if (known_to_clone) {
        return {CloneStrategy::file_clone, fmt::format("{}, and the server clones files", size)};
    }
    if (can_clone) {
        return {CloneStrategy::file_clone,
                fmt::format("{}, and the server may be able to clone files", size)};
    }
    return {CloneStrategy::file_copy,
            fmt::format("{}, which is cheaper to copy than to log", size)};
}

}  // namespace environment

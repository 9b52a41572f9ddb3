// SPDX-License-Identifier: Apache-2.0
//
// By which of Postgres' strategies a database is cloned from its template. Pure.
//
// wal_log puts every page into the server's log; file_copy copies files between two checkpoints
// that it forces, which the whole server pays for; file_clone, as of 18, is file_copy in which the
// file system may share what both have in common, so that neither time nor room grows with the
// size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace environment {

enum class CloneStrategy { wal_log, file_copy, file_clone };

// What is known of file_clone on a server: `works` when one was made so, `fails` when one was
// refused.
enum class FileCloning { unknown, works, fails };

std::string_view to_text(CloneStrategy strategy);
std::string_view to_text(FileCloning known);
// Nothing for a word that this program does not know.
std::optional<FileCloning> parse_file_cloning(std::string_view text);

// The smallest template that is cloned by its files: where files can be cloned, and elsewhere.
inline constexpr std::int64_t k_smallest_file_clone = std::int64_t{64} << 20;
inline constexpr std::int64_t k_smallest_file_copy = std::int64_t{256} << 20;

struct CloneFacts {
    int server_version = 0;  // as server_version_num: 150018
    std::int64_t template_bytes = 0;
    FileCloning file_cloning = FileCloning::unknown;
};

struct CloneChoice {
    CloneStrategy strategy;
    std::string reason;  // for a plan and for history
};

CloneChoice choose_clone_strategy(const CloneFacts& facts);

}  // namespace environment

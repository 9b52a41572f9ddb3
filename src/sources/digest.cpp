// SPDX-License-Identifier: Apache-2.0
#include "sources/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/bytes.h"

namespace sources {

namespace {

namespace fs = std::filesystem;
using base::ErrorKind;

using Entries = std::vector<std::string>;

tl::unexpected<base::Error> cannot_read(const fs::path& path, const std::error_code& problem) {
    const bool missing =
        problem == std::errc::no_such_file_or_directory || problem == std::errc::not_a_directory;
    return base::fail(missing ? ErrorKind::invalid_input : ErrorKind::denied,
                      fmt::format("cannot read {}: {}", path.string(), problem.message()));
}

// Its length before the name, so that no two sets of entries read the same.
std::string entry(char kind, const std::string& name, const base::Digest& content) {
    return fmt::format("{}{}:{}{}", kind, name.size(), name, base::to_hex(base::as_text(content)));
}

base::Result<base::Digest> digest_of_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return cannot_read(path, std::make_error_code(std::errc::permission_denied));
    base::Sha256 digest;
    std::array<char, 1U << 16U> block{};
    while (file.read(block.data(), block.size()), file.gcount() > 0) {
        digest.add({block.data(), static_cast<std::size_t>(file.gcount())});
    }
    if (file.bad()) return cannot_read(path, std::make_error_code(std::errc::io_error));
    return digest.finish();
}

base::Result<void> add(const fs::path& path, const fs::file_status& status, const std::string& name,
                       Entries& entries) {
    if (fs::is_symlink(status)) {
        std::error_code problem;
        const auto target = fs::read_symlink(path, problem);
        if (problem) return cannot_read(path, problem);
        entries.push_back(entry('l', name, base::sha256(target.string())));
    } else if (fs::is_regular_file(status)) {
        BASE_TRY_ASSIGN(const auto content, digest_of_file(path));
        entries.push_back(entry('f', name, content));
    }
    return {};
}

base::Result<void> add_below(const fs::path& root, Entries& entries) {
    std::error_code problem;
    fs::recursive_directory_iterator files(root, problem);
    while (!problem && files != fs::recursive_directory_iterator()) {
        const auto path = files->path();
        if (path.filename() == ".git") {
            files.disable_recursion_pending();
        } else {
            const auto status = files->symlink_status(problem);
            if (problem) break;
            BASE_TRY(add(path, status, path.lexically_relative(root).string(), entries));
        }
        files.increment(problem);
    }
    if (problem) return cannot_read(root, problem);
    return {};
}

}  // namespace

base::Result<std::string> digest_of(const std::vector<std::string>& paths) {
    Entries entries;
    for (const auto& path : paths) {
        std::error_code problem;
        const auto root = fs::canonical(path, problem);
        if (problem) return cannot_read(path, problem);
        if (fs::is_directory(root)) {
            BASE_TRY(add_below(root, entries));
        } else {
            const auto name = fs::path(path).lexically_normal().filename().string();
            BASE_TRY(add(root, fs::status(root), name, entries));
        }
    }
    std::ranges::sort(entries);
    base::Sha256 digest;
    for (const auto& line : entries) digest.add(line + "\n");
    return base::to_hex(base::as_text(digest.finish()));
}

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "sources/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/text.h"
#include "base/words.h"
#include "sources/undo.h"

namespace sources {

namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using base::Result;

// Files that say nothing to a database.
constexpr std::array<std::string_view, 6> k_documents{".md",  ".markdown", ".rst",
                                                      ".txt", ".adoc",     ".license"};

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_hidden(std::string_view path) {
    return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

bool is_document(std::string_view path) {
    const auto name = base::lower(name_of(path));
    return is_hidden(path) || name.starts_with("readme") || name.starts_with("license") ||
           name.starts_with("copying") || name.starts_with("changelog") ||
           std::ranges::any_of(k_documents, [&](auto end) { return name.ends_with(end); });
}

// "01.sql" of "01.sql.gz": what it is called once it is unpacked.
std::string_view unpacked_name(std::string_view path) {
    constexpr std::array<std::string_view, 5> k_endings{".gz", ".zst", ".zstd", ".lz4", ".xz"};
    const auto name = base::lower(path);
    for (const auto ending : k_endings) {
        if (name.ends_with(ending)) return path.substr(0, path.size() - ending.size());
    }
    return path;
}

bool is_sql(std::string_view path) { return base::lower(unpacked_name(path)).ends_with(".sql"); }

// Two files that are probably the same, of which one is compressed; empty if there are none.
std::vector<std::string> twins_in(const std::vector<std::string>& files) {
    std::map<std::string_view, std::string> seen;
    for (const auto& file : files) {
        const auto [there, is_new] = seen.emplace(unpacked_name(file), file);
        if (!is_new) return {there->second, file};
    }
    return {};
}

std::string list_of(const std::vector<std::string>& names) {
    constexpr std::size_t k_most = 5;
    const auto count = std::min(names.size(), k_most);
    auto text =
        fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<long>(count), ", "));
    if (names.size() > k_most) text += fmt::format(" and {} more", names.size() - k_most);
    return base::harmless(text);
}

}  // namespace

Result<Folder> list_folder(const std::string& path) {
    constexpr std::size_t k_most = 20000;
    Folder folder;
    std::error_code problem;
    fs::recursive_directory_iterator entries(path, problem);
    while (!problem && entries != fs::recursive_directory_iterator()) {
        std::error_code none;
        const auto relative = entries->path().lexically_relative(path).string();
        const auto status = entries->status(none);
        const bool folder_itself = entries->symlink_status(none).type() == fs::file_type::directory;
        if (fs::is_regular_file(status)) {
            folder.files.push_back(relative);
        } else if (!folder_itself) {
            folder.others.push_back(relative);
        }
        // As .git is one.
        if (folder_itself && relative.starts_with('.')) entries.disable_recursion_pending();
        if (folder.files.size() + folder.others.size() > k_most) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("the folder {} holds more than {} files", path, k_most),
                              "name the files that are meant: --from FILE, several times");
        }
        entries.increment(problem);
    }
    if (problem) {
        return base::fail(ErrorKind::denied,
                          fmt::format("cannot read the folder {}: {}", path, problem.message()));
    }
    std::ranges::sort(folder.files);
    std::ranges::sort(folder.others);
    return folder;
}

Result<Selection> select(const Folder& folder, const std::string& path) {
    Selection selection;
    std::vector<std::string> undo;
    auto strange = folder.others;
    for (const auto& file : folder.files) {
        const bool hidden = is_hidden(file);
        if (!hidden && is_undo_name(unpacked_name(file))) {
            undo.push_back(file);
        } else if (is_document(file)) {
            selection.not_taken.push_back(file);
        } else if (is_sql(file) && file.find('/') == std::string::npos) {
            selection.sql.push_back(file);
        } else {
            strange.push_back(file);
        }
    }
    if (!undo.empty()) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("the folder {} holds files that undo others: {}", path, list_of(undo)),
            "let the migration tool run them: --run 'COMMAND'; or name the files that "
            "are meant: --from FILE, several times");
    }
    if (!strange.empty()) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("the folder {} is taken as a whole, and not everything in it is an *.sql "
                        "file: {}",
                        path, list_of(strange)),
            "name the files that are meant: --from FILE, several times; what a tool keeps is for "
            "--run 'COMMAND'");
    }
    if (const auto twins = twins_in(selection.sql); !twins.empty()) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("the folder {} holds the same file twice, once compressed: {}", path,
                        list_of(twins)),
            "name the files that are meant: --from FILE, several times");
    }
    return selection;
}

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "secrets/file_store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/file.h"
#include "environment/secret_value.h"

namespace secrets {

namespace {

using base::ErrorKind;
using base::Result;

tl::unexpected<base::Error> failed(std::string_view attempt, const std::filesystem::path& path) {
    const int reason = errno;
    const bool denied = reason == EACCES || reason == EPERM || reason == EROFS;
    return base::fail(denied ? ErrorKind::denied : ErrorKind::internal,
                      fmt::format("cannot {} {}: {}", attempt, path.string(), strerror(reason)));
}

// Nothing when there is no such thing; links are not followed.
Result<std::optional<struct stat>> look_at(const std::filesystem::path& path) {
    struct stat facts {};
    if (lstat(path.c_str(), &facts) == 0) return std::optional(facts);
    if (errno == ENOENT) return std::optional<struct stat>();
    return failed("look at", path);
}

// False when there is no folder yet, or one that nobody has put anything into: such a one of our
// own may be made as it should be.
Result<bool> check_folder(const std::filesystem::path& folder) {
    BASE_TRY_ASSIGN(const auto facts, look_at(folder));
    if (!facts) return false;
    const auto refuse = [&](std::string_view why) {
        return base::fail(ErrorKind::denied,
                          fmt::format("the folder of secrets {} {}", folder.string(), why),
                          "name a folder of your own for secrets, with mode 0700");
    };
    if (S_ISLNK(facts->st_mode)) return refuse("is a symbolic link");
    if (!S_ISDIR(facts->st_mode)) return refuse("is not a folder");
    if (facts->st_uid != geteuid()) return refuse("belongs to another user");
    if ((facts->st_mode & 077U) == 0) return true;
    std::error_code problem;
    if (std::filesystem::is_empty(folder, problem) && !problem) return false;
    return refuse(fmt::format("is open to others (mode {:o})", facts->st_mode & 07777U));
}

// False when there is no such file yet.
Result<bool> check_file(const std::filesystem::path& path) {
    BASE_TRY_ASSIGN(const auto facts, look_at(path));
    if (!facts) return false;
    if (S_ISREG(facts->st_mode)) return true;
    return base::fail(ErrorKind::denied,
                      fmt::format("{} is {}, where a secret's file should be", path.string(),
                                  S_ISLNK(facts->st_mode) ? "a symbolic link" : "not a file"),
                      "look at what it is, and remove it");
}

std::string file_name(const std::string& name) {
    std::string safe;
    for (const char c : name) {
        const bool plain = std::string_view("@+=").find(c) != std::string_view::npos ||
                           (c == '.' && !safe.empty());
        if (c == '.' && safe.empty()) {
            safe += "%2E";
        } else {
            safe += plain ? std::string(1, c) : base::percent_encoded({&c, 1});
        }
    }
    return safe + ".json";
}

// The way back; nothing for what no secret's file is called.
std::optional<std::string> secret_name(std::string_view file) {
    constexpr std::string_view k_ending = ".json";
    if (!file.ends_with(k_ending)) return std::nullopt;
    return base::percent_decoded(file.substr(0, file.size() - k_ending.size()));
}

// A writer that was killed leaves a file beside the secret's, with the password in it. Who changes
// the secret now has the environment's lock, so no writer is at work. What has one more dot is the
// file of another secret.
Result<void> remove_unfinished(const std::filesystem::path& path) {
    const auto start = path.filename().string() + ".new-";
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), problem)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(start) || name.find('.', start.size()) != std::string::npos) continue;
        if (unlink(entry.path().c_str()) != 0 && errno != ENOENT) {
            return failed("remove", entry.path());
        }
    }
    return {};
}

}  // namespace

std::filesystem::path FileStore::path_of(const std::string& name) const {
    return folder_ / file_name(name);
}

Result<std::optional<base::Secret>> FileStore::read(const std::string& name, base::Deadline) {
    const auto path = path_of(name);
    BASE_TRY_ASSIGN(const bool folder, check_folder(folder_));
    if (!folder) return std::optional<base::Secret>();
    BASE_TRY(check_file(path));
    BASE_TRY_ASSIGN(auto text, base::read_file(path));
    if (!text) return std::optional<base::Secret>();
    return std::optional(base::Secret(std::move(*text)));
}

// By the names that the files have: a secret's own name is not in its value.
Result<std::vector<environment::StoredSecret>> FileStore::list(base::Deadline) {
    std::vector<environment::StoredSecret> found;
    BASE_TRY_ASSIGN(const bool folder, check_folder(folder_));
    if (!folder) return found;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, problem)) {
        const auto name = secret_name(entry.path().filename().string());
        if (!name || path_of(*name) != entry.path() || !entry.is_regular_file(problem)) continue;
        BASE_TRY_ASSIGN(auto text, base::read_file(entry.path()));
        if (!text) continue;
        const auto owner = environment::owner_of_secret(base::Secret(std::move(*text)));
        if (owner) found.push_back({*name, *owner});
    }
    if (problem) return failed("read", folder_);
    return found;
}

Result<void> FileStore::write(const environment::SecretWrite& write, base::Deadline) {
    if (write.name.empty()) return base::fail(ErrorKind::invalid_input, "a secret needs a name");
    const auto path = path_of(write.name);
    BASE_TRY_ASSIGN(const bool folder, check_folder(folder_));
    if (!folder) {
        BASE_TRY(base::make_folder(folder_, 0700));
        if (chmod(folder_.c_str(), 0700) != 0) return failed("close to others", folder_);
    }
    BASE_TRY(check_file(path));
    BASE_TRY(remove_unfinished(path));
    return base::write_file(path, write.value.reveal(), 0600);
}

Result<void> FileStore::remove(const std::string& name, base::Deadline) {
    const auto path = path_of(name);
    BASE_TRY_ASSIGN(const bool folder, check_folder(folder_));
    if (!folder) return {};
    BASE_TRY(remove_unfinished(path));
    BASE_TRY_ASSIGN(const bool file, check_file(path));
    if (!file) return {};
    BASE_TRY_ASSIGN(auto text, base::read_file(path));
    const base::Secret value(std::move(text).value_or(""));
    if (const auto left = environment::remainder_of_secret(value)) {
        return *left == value ? Result<void>() : base::write_file(path, left->reveal(), 0600);
    }
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return failed("remove", path);
}

}  // namespace secrets

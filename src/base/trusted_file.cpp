// SPDX-License-Identifier: Apache-2.0
#include "base/trusted_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace base {

namespace {

using std::filesystem::path;

constexpr std::size_t k_most_bytes = 1U << 20U;
constexpr int k_most_links = 16;

// Why others can change what `facts` describes; nothing when they cannot.
std::optional<std::string> flaw(const struct stat& facts) {
    const auto self = geteuid();
    if (facts.st_uid != self && facts.st_uid != 0) {
        return fmt::format("belongs to user {}, not to user {} or root", facts.st_uid, self);
    }
    if (S_ISLNK(facts.st_mode)) return std::nullopt;  // its mode says nothing
    const bool sticky = S_ISDIR(facts.st_mode) && (facts.st_mode & S_ISVTX) != 0;
    if ((facts.st_mode & S_IWOTH) != 0 && !sticky) return "can be written by every user";
    // Where each user has a group of the same number, new files are writable by it.
    const bool private_group = facts.st_gid == facts.st_uid;
    if ((facts.st_mode & S_IWGRP) != 0 && !private_group && !sticky) {
        return fmt::format("can be written by group {}", facts.st_gid);
    }
    return std::nullopt;
}

tl::unexpected<Error> distrusted(const path& file, const path& part, const std::string& why) {
    const auto whose = part == file ? std::string() : fmt::format("{} ", part.string());
    return fail(ErrorKind::denied,
                fmt::format("{} is not trusted: {}{}", file.string(), whose, why),
                "only you and root may be able to change it: chown and chmod go-w, or remove it");
}

tl::unexpected<Error> unreadable(const path& file) {
    const int reason = errno;
    return fail(ErrorKind::denied,
                fmt::format("cannot read {}: {}", file.string(), strerror(reason)));
}

// Judges each folder on the way to `place`, and each link there with what it leads to.
Result<void> check_way(const path& file, const path& place, int links_left) {
    path so_far;
    for (auto part = place.begin(); part != place.end(); ++part) {
        so_far /= *part;
        struct stat facts {};
        if (lstat(so_far.c_str(), &facts) != 0) {
            if (errno == ENOENT || errno == ENOTDIR) return {};
            return unreadable(file);
        }
        if (const auto why = flaw(facts)) return distrusted(file, so_far, *why);
        if (!S_ISLNK(facts.st_mode)) continue;
        if (links_left == 0) return distrusted(file, so_far, "leads through too many links");
        std::error_code problem;
        auto target = std::filesystem::read_symlink(so_far, problem);
        if (problem) return distrusted(file, so_far, "is a link that cannot be read");
        target = so_far.parent_path() / target;
        for (auto rest = std::next(part); rest != place.end(); ++rest) target /= *rest;
        return check_way(file, target, links_left - 1);
    }
    return {};
}

Result<std::optional<std::string>> read_plain(const path& file, int descriptor) {
    struct stat facts {};
    if (fstat(descriptor, &facts) != 0) return unreadable(file);
    if (!S_ISREG(facts.st_mode)) return distrusted(file, file, "is not a plain file");
    if (const auto why = flaw(facts)) return distrusted(file, file, *why);
    std::string content(k_most_bytes + 1, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto count = read(descriptor, content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(file);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    if (size > k_most_bytes) return distrusted(file, file, "is longer than a mebibyte");
    content.resize(size);
    return std::optional(std::move(content));
}

}  // namespace

Result<std::optional<std::string>> read_trusted_file(const path& path, Links links) {
    const int follow = links == Links::refused ? O_NOFOLLOW : 0;
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
    if (file < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
        if (errno == ELOOP) return distrusted(path, path, "is a link");
        return unreadable(path);
    }
    auto checked = check_way(path, path, k_most_links);
    auto content = checked ? read_plain(path, file)
                           : Result<std::optional<std::string>>(fail(std::move(checked).error()));
    close(file);
    return content;
}

bool is_open_to_all(const path& folder) {
    struct stat facts {};
    return stat(folder.c_str(), &facts) == 0 && (facts.st_mode & S_IWOTH) != 0;
}

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"

namespace base {

namespace {

tl::unexpected<Error> failed(const char* attempt, const std::filesystem::path& path) {
    const int reason = errno;
    const auto kind = reason == EACCES || reason == EPERM || reason == EROFS ? ErrorKind::denied
                                                                             : ErrorKind::internal;
    return fail(kind, fmt::format("cannot {} {}: {}", attempt, path.string(), strerror(reason)));
}

class Descriptor {
   public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }

   private:
    int fd_;
};

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto written = write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<std::optional<std::string>> read_file(const std::filesystem::path& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
        return failed("read", path);
    }
    std::string content;
    std::string block(16384, '\0');
    for (;;) {
        const auto count = read(file.get(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("read", path);
        if (count == 0) return std::optional<std::string>(std::move(content));
        content.append(block, 0, static_cast<std::size_t>(count));
    }
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    auto beside = path;
    beside += ".new-" + to_base32(random_bytes(5));
    {
        const Descriptor file(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
        if (!file.valid()) return failed("write", path);
        const bool written = fchmod(file.get(), mode) == 0 && write_all(file.get(), content) &&
                             fsync(file.get()) == 0;
        if (!written || rename(beside.c_str(), path.c_str()) != 0) {
            auto error = failed("write", path);
            unlink(beside.c_str());
            return error;
        }
    }
    const Descriptor folder(open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.valid()) fsync(folder.get());
    return {};
}

Result<void> make_folder(const std::filesystem::path& path, mode_t mode) {
    if (path.has_parent_path() && path.parent_path() != path &&
        access(path.parent_path().c_str(), F_OK) != 0) {
        BASE_TRY(make_folder(path.parent_path(), mode));
    }
    if (mkdir(path.c_str(), mode) == 0) return {};
    struct stat facts {};
    if (errno == EEXIST && stat(path.c_str(), &facts) == 0) {
        if (S_ISDIR(facts.st_mode)) return {};
        errno = ENOTDIR;
    }
    return failed("make the folder", path);
}

}  // namespace base

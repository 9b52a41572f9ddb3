// SPDX-License-Identifier: Apache-2.0
#include "sources/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/interrupt.h"

namespace sources {

namespace {

using base::ErrorKind;

tl::unexpected<base::Error> cannot_read(const std::string& name) {
    const int reason = errno;
    const auto kind = reason == EACCES || reason == EPERM ? ErrorKind::denied
                      : reason == ENOENT || reason == ENOTDIR || reason == EISDIR
                          ? ErrorKind::invalid_input
                          : ErrorKind::internal;
    return base::fail(kind, fmt::format("cannot read {}: {}", name, strerror(reason)));
}

}  // namespace

base::Result<std::unique_ptr<FileInput>> FileInput::open(const std::filesystem::path& path) {
    // Opening a pipe would wait for whoever writes to it, and know no deadline.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return cannot_read(path);
    struct stat facts {};
    if (fstat(file, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        close(file);
        errno = EISDIR;
        return cannot_read(path);
    }
    return std::unique_ptr<FileInput>(new FileInput(file, path));
}

std::unique_ptr<FileInput> FileInput::standard_input() {
    return std::unique_ptr<FileInput>(
        new FileInput(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), "standard input"));
}

FileInput::~FileInput() {
    if (file_ >= 0) close(file_);
}

base::Result<std::size_t> FileInput::read_on(char* into, std::size_t size,
                                             base::Deadline deadline) {
    while (!base::interrupted() && !deadline.passed()) {
        pollfd something{file_, POLLIN, 0};
        const int ready = poll(&something, 1, base::wait_slice(deadline));
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        const auto count = ::read(file_, into, size);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR && errno != EAGAIN) return cannot_read(name());
    }
    return base::fail(ErrorKind::deadline, base::interrupted()
                                               ? std::string("interrupted")
                                               : fmt::format("{} did not end in time", name()));
}

base::Result<std::size_t> OpenedInput::read(char* into, std::size_t size, base::Deadline deadline) {
    if (kept_.empty()) return read_on(into, size, deadline);
    const auto count = std::min(size, kept_.size());
    std::copy_n(kept_.begin(), count, into);
    kept_.erase(0, count);
    return count;
}

base::Result<std::string> read_all(Input& input, base::Deadline deadline) {
    constexpr std::size_t k_most = 256U << 20U;
    constexpr std::size_t k_block = 1U << 16U;
    std::string text;
    std::string block(k_block, '\0');
    while (text.size() <= k_most) {
        BASE_TRY_ASSIGN(const auto count, input.read(block.data(), block.size(), deadline));
        if (count == 0) return text;
        text.append(block, 0, count);
    }
    return base::fail(ErrorKind::invalid_input, "a list of more than 256 MB is not read");
}

base::Result<std::string> OpenedInput::beginning(std::size_t size, base::Deadline deadline) {
    auto held = kept_.size();
    kept_.resize(std::max(held, size));
    while (held < size) {
        auto count = read_on(kept_.data() + held, size - held, deadline);
        if (!count) {
            kept_.resize(held);
            return base::fail(std::move(count).error());
        }
        if (*count == 0) break;
        held += *count;
    }
    kept_.resize(held);
    return kept_.substr(0, size);
}

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "sources/dump.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/child.h"
#include "base/interrupt.h"
#include "base/words.h"
#include "sources/address.h"

namespace sources {

namespace {

using base::ErrorKind;

// What a program says on its standard error begins with what matters.
constexpr std::size_t k_most_said = 4096;

// A temporary file for a program to read; it is removed with this object.
class ListFile {
   public:
    static base::Result<std::unique_ptr<ListFile>> make(const std::string& text) {
        std::error_code problem;
        auto path = (std::filesystem::temp_directory_path(problem) / "reviewdb-XXXXXX").string();
        const int file = problem ? -1 : mkostemp(path.data(), O_CLOEXEC);
        if (file < 0) {
            return base::fail(ErrorKind::internal,
                              fmt::format("cannot make the file {}: {}", path, strerror(errno)));
        }
        close(file);
        auto list = std::unique_ptr<ListFile>(new ListFile(std::move(path)));
        std::ofstream stream(list->path_, std::ios::binary);
        if (stream << text << std::flush) return list;
        return base::fail(ErrorKind::internal, fmt::format("cannot write to {}", list->path_));
    }
    ListFile(const ListFile&) = delete;
    ListFile& operator=(const ListFile&) = delete;
    ~ListFile() { unlink(path_.c_str()); }

    const std::string& path() const { return path_; }

   private:
    explicit ListFile(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

// The output of a program, which is fed from another Input where there is one.
class ProgramInput final : public Input {
   public:
    ProgramInput(base::Child child, std::string name, Input* feed, std::unique_ptr<ListFile> list)
        : list_(std::move(list)),
          child_(std::move(child)),
          name_(std::move(name)),
          feed_(feed),
          rest_(feed) {}

    base::Result<std::size_t> read(char* into, std::size_t size, base::Deadline deadline) override {
        while (!base::interrupted() && !deadline.passed()) {
            BASE_TRY(wait(deadline));
            listen();
            const auto count = ::read(child_.output(), into, size);
            if (count > 0) return static_cast<std::size_t>(count);
            if (count == 0) return end(deadline);
            if (errno != EAGAIN && errno != EINTR) return end(deadline);
        }
        return base::fail(ErrorKind::deadline, base::interrupted()
                                                   ? std::string("interrupted")
                                                   : fmt::format("{} did not end in time", name_));
    }

   private:
    // Until it says something, feeding it meanwhile.
    base::Result<void> wait(base::Deadline deadline) {
        if (feed_ != nullptr && unsent_.empty()) BASE_TRY(take_more(deadline));
        std::array<pollfd, 3> ends{{{child_.output(), POLLIN, 0},
                                    {heard_all_ ? -1 : child_.errors(), POLLIN, 0},
                                    {unsent_.empty() ? -1 : child_.input(), POLLOUT, 0}}};
        poll(ends.data(), ends.size(), base::wait_slice(deadline));
        if (ends[2].revents == 0) return {};
        const auto count = send(child_.input(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (count > 0) unsent_.erase(0, static_cast<std::size_t>(count));
        // It has gone; what it said tells why.
        if (count < 0 && errno != EAGAIN && errno != EINTR) stop_feeding();
        return {};
    }

    base::Result<void> take_more(base::Deadline deadline) {
        constexpr std::size_t k_part = 1U << 16U;
        unsent_.resize(k_part);
        auto count = feed_->read(unsent_.data(), unsent_.size(), deadline);
        unsent_.resize(count.value_or(0));
        if (!count) return base::fail(std::move(count).error());
        if (*count == 0) {
            rest_ = nullptr;
            stop_feeding();
        }
        return {};
    }

    // pg_restore stops at the end of the archive. What comes after it tells whether the archive is
    // whole, as the checksum of a compressed one does.
    base::Result<void> read_rest(base::Deadline deadline) {
        constexpr std::size_t k_part = 1U << 16U;
        unsent_.resize(rest_ == nullptr ? 0 : k_part);
        while (rest_ != nullptr) {
            BASE_TRY_ASSIGN(const auto count,
                            rest_->read(unsent_.data(), unsent_.size(), deadline));
            if (count == 0) rest_ = nullptr;
        }
        return {};
    }

    void stop_feeding() {
        feed_ = nullptr;
        unsent_.clear();
        child_.close_input();
    }

    void listen() {
        std::array<char, 1024> block{};
        while (!heard_all_) {
            const auto count = ::read(child_.errors(), block.data(), block.size());
            if (count < 0) return;
            heard_all_ = count == 0;
            if (said_.size() < k_most_said) {
                said_.append(block.data(), static_cast<std::size_t>(count));
            }
        }
    }

    base::Result<std::size_t> end(base::Deadline deadline) {
        BASE_TRY_ASSIGN(const int code, child_.finish(deadline));
        listen();
        if (code == 0) {
            BASE_TRY(read_rest(deadline));
            return 0;
        }
        const auto said = base::harmless(base::presentable(base::beginning_of(said_, k_most_said)));
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{} failed with {}: {}", name_, code,
                                      said.empty() ? "it did not say why" : said));
    }

    std::unique_ptr<ListFile> list_;  // lives longer than the program
    base::Child child_;
    std::string name_;
    Input* feed_;
    Input* rest_;  // the same, until it is at its end
    std::string unsent_;
    std::string said_;
    bool heard_all_ = false;
};

base::Result<std::unique_ptr<Input>> start(const base::Command& command, const std::string& name,
                                           Input* feed, std::unique_ptr<ListFile> list = nullptr) {
    const auto wiring = feed == nullptr ? base::Wiring::listened_to : base::Wiring::talked_with;
    BASE_TRY_ASSIGN(auto child, base::Child::start(command, wiring));
    return std::unique_ptr<Input>(
        std::make_unique<ProgramInput>(std::move(child), name, feed, std::move(list)));
}

struct Restoring {
    base::Command command;
    std::unique_ptr<ListFile> list = nullptr;
};

base::Result<Restoring> restoring(const ClientTool& tool, Format format, const Taken& taken) {
    Restoring restoring{{.arguments = {tool.path, fmt::format("--format={}", to_text(format)),
                                       "--no-owner", "--no-privileges", "--file=-"},
                         .inherits = base::Environment::bare}};
    if (taken.schema_only) restoring.command.arguments.emplace_back("--schema-only");
    if (!taken.list.empty()) {
        BASE_TRY_ASSIGN(restoring.list, ListFile::make(taken.list));
        restoring.command.arguments.push_back("--use-list=" + restoring.list->path());
    }
    return restoring;
}

base::Command listing(const ClientTool& tool, Format format) {
    return {.arguments = {tool.path, fmt::format("--format={}", to_text(format)), "--list",
                          "--verbose"},
            .inherits = base::Environment::bare};
}

// A path may begin with a dash.
void add_path(base::Command& command, const std::string& path) {
    command.arguments.emplace_back("--");
    command.arguments.push_back(path);
}

}  // namespace

base::Result<std::unique_ptr<Input>> restore(const ClientTool& tool, Format format,
                                             const std::string& path, const Taken& taken) {
    BASE_TRY_ASSIGN(auto ready, restoring(tool, format, taken));
    add_path(ready.command, path);
    return start(ready.command, fmt::format("pg_restore of {}", path), nullptr,
                 std::move(ready.list));
}

base::Result<std::unique_ptr<Input>> restore(const ClientTool& tool, Format format,
                                             OpenedInput& archive, const Taken& taken) {
    BASE_TRY_ASSIGN(auto ready, restoring(tool, format, taken));
    return start(ready.command, fmt::format("pg_restore of {}", archive.name()), &archive,
                 std::move(ready.list));
}

base::Result<std::unique_ptr<Input>> list_contents(const ClientTool& tool, Format format,
                                                   const std::string& path) {
    auto command = listing(tool, format);
    add_path(command, path);
    return start(command, fmt::format("pg_restore of {}", path), nullptr);
}

base::Result<std::unique_ptr<Input>> list_contents(const ClientTool& tool, Format format,
                                                   OpenedInput& archive) {
    return start(listing(tool, format), fmt::format("pg_restore of {}", archive.name()), &archive);
}

base::Result<std::unique_ptr<Input>> dump(const ClientTool& tool, const pg::ConnectionInfo& source,
                                          const std::vector<std::string>& options) {
    base::Command command{
        .arguments = {tool.path, "--no-owner", "--no-privileges", "--no-password"},
        .inherits = base::Environment::bare};
    command.arguments.insert(command.arguments.end(), options.begin(), options.end());
    for (const auto& [name, value] : source.to_variables()) {
        command.environment[name] = value.reveal();
    }
    // libpq looks there for certificates and for .pgpass.
    if (const char* home = getenv("HOME"); home != nullptr) command.environment["HOME"] = home;
    return start(command, fmt::format("pg_dump of {}", describe_database(source)), nullptr);
}

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "support/pristine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "local/data_folder.h"
#include "support/must.h"
#include "support/soon.h"

namespace support {

namespace {

using std::filesystem::path;

constexpr std::array<std::string_view, 2> k_kinds{"pristine", "cluster"};

// The process that made the folder of that name, where its name says one.
pid_t maker_of(std::string_view name) {
    pid_t pid = 0;
    for (const auto kind : k_kinds) {
        const auto start = fmt::format("reviewdb-{}-", kind);
        if (!name.starts_with(start)) continue;
        const auto rest = name.substr(start.size());
        std::from_chars(rest.data(), rest.data() + rest.size(), pid);
    }
    return pid;
}

// Test programs that were killed could not clean up behind themselves.
void remove_folders_of_the_dead() {
    std::error_code ignored;
    for (const auto medium : {Medium::disk, Medium::memory}) {
        for (const auto& entry : std::filesystem::directory_iterator(temp_root(medium), ignored)) {
            const auto pid = maker_of(entry.path().filename().string());
            if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) {
                std::filesystem::remove_all(entry.path(), ignored);
            }
        }
    }
}

// Holds the folder of all programs of a run, if there is one, against the others.
class RunLock {
   public:
    explicit RunLock(const path& folder)
        : file_(open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (file_ < 0 || flock(file_, LOCK_EX) != 0) {
            throw std::runtime_error("cannot lock " + folder.string());
        }
    }
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;
    ~RunLock() { close(file_); }

   private:
    int file_;
};

// The folder that ./dev test made for all programs of a run; initdb takes longer than many a test.
std::optional<path> folder_of_run() {
    const char* folder = getenv("REVIEWDB_TEST_PRISTINE");
    return folder != nullptr ? std::optional<path>(folder) : std::nullopt;
}

base::Secret make_password() { return base::Secret(base::to_base64url(base::random_bytes(18))); }

// Every program of a run uses the password of the first.
base::Secret password_of_run(const path& folder) {
    const RunLock lock(folder);
    const auto file = folder / "password";
    if (auto text = must(base::read_file(file))) return base::Secret(*std::move(text));
    auto password = make_password();
    must(base::write_file(file, password.reveal(), 0600));
    return password;
}

void make_pristine(const local::Installation& installation, const path& target) {
    remove_folders_of_the_dead();
    const local::NewDataFolder wanted{target, server_user(), k_superuser, superuser_password(),
                                      local::Durability::none};
    must(local::make_data_folder(installation, wanted, soon()));
}

// The data folder of the run, made by the first program that asks.
path pristine_of_run(const path& folder, const local::Installation& installation) {
    const auto target = folder / std::to_string(installation.major);
    superuser_password();  // takes the same lock
    const RunLock lock(folder);
    if (!std::filesystem::exists(target)) make_pristine(installation, target);
    return target;
}

struct Pristine {
    Pristine() : folder(prefix_of("pristine"), 0755, Medium::memory) {
        must(local::give(folder.path(), server_user()));
    }
    TempFolder folder;
    std::map<int, path> data;
};

std::unique_ptr<Pristine>& pristine() {
    static std::unique_ptr<Pristine> instance;
    return instance;
}

}  // namespace

std::string prefix_of(std::string_view kind) {
    return fmt::format("reviewdb-{}-{}-", kind, getpid());
}

local::Installation installation_of(int major) {
    const auto variable = "REVIEWDB_TEST_PG_BIN_" + std::to_string(major);
    const char* chosen = getenv(variable.c_str());
    const path bin =
        chosen != nullptr ? chosen : "/usr/lib/postgresql/" + std::to_string(major) + "/bin";
    return must(local::inspect_installation(bin, soon()));
}

std::optional<local::ServerUser> server_user() { return must(local::choose_server_user()); }

const base::Secret& superuser_password() {
    static const base::Secret password = [] {
        const auto folder = folder_of_run();
        return folder ? password_of_run(*folder) : make_password();
    }();
    return password;
}

void copy_pristine(const local::Installation& installation, const path& target) {
    if (const auto folder = folder_of_run()) {
        copy_folder(pristine_of_run(*folder, installation), target);
        return;
    }
    if (!pristine()) pristine() = std::make_unique<Pristine>();
    auto& source = pristine()->data[installation.major];
    if (source.empty()) {
        source = pristine()->folder / std::to_string(installation.major);
        make_pristine(installation, source);
    }
    copy_folder(source, target);
}

void copy_folder(const path& source, const path& target) {
    const auto copied =
        must(base::run({.arguments = {"cp", "-a", source.string(), target.string()}}, soon()));
    if (copied.exit_code != 0) throw std::runtime_error("cp: " + copied.err);
}

void remove_pristine() { pristine().reset(); }

}  // namespace support

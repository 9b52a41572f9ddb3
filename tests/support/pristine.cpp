// SPDX-License-Identifier: Apache-2.0
#include "support/pristine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "base/bytes.h"
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

struct Pristine {
    Pristine()
        : folder((remove_folders_of_the_dead(), prefix_of("pristine")), 0755, Medium::memory) {
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
    static const base::Secret password(base::to_base64url(base::random_bytes(18)));
    return password;
}

void copy_pristine(const local::Installation& installation, const path& target) {
    if (!pristine()) pristine() = std::make_unique<Pristine>();
    auto& source = pristine()->data[installation.major];
    if (source.empty()) {
        const local::NewDataFolder wanted{pristine()->folder / std::to_string(installation.major),
                                          server_user(), k_superuser, superuser_password(),
                                          local::Durability::none};
        must(local::make_data_folder(installation, wanted, soon()));
        source = wanted.path;
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

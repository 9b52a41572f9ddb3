// SPDX-License-Identifier: Apache-2.0
#include "support/pristine.h"

#include <unistd.h>

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

namespace support {

namespace {

using std::filesystem::path;

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(60)); }

std::string prefix_of(pid_t pid) { return "reviewdb-pristine-" + std::to_string(pid) + "-"; }

// Test programs that were killed could not clean up behind themselves.
void remove_folders_of_the_dead() {
    constexpr std::string_view k_prefix = "reviewdb-pristine-";
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/tmp", ignored)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(k_prefix)) continue;
        pid_t pid = 0;
        std::from_chars(name.data() + k_prefix.size(), name.data() + name.size(), pid);
        if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) {
            std::filesystem::remove_all(entry.path(), ignored);
        }
    }
}

struct Pristine {
    Pristine() : folder((remove_folders_of_the_dead(), prefix_of(getpid())), 0755) {
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

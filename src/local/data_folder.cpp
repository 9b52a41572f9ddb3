// SPDX-License-Identifier: Apache-2.0
#include "local/data_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <chrono>
#include <clocale>
#include <system_error>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/subprocess.h"

namespace local {

namespace {

using base::ErrorKind;
using base::fail;
using std::filesystem::path;

constexpr const char* k_settings_file = "reviewdb.conf";

// C.UTF-8 sorts by code point and knows every letter; not every machine has it.
const char* choose_locale() {
    const locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
    if (locale == nullptr) return "C";
    freelocale(locale);
    return "C.UTF-8";
}

path beside(const path& wanted, std::string_view suffix) {
    auto name = wanted;
    name += ".new-" + base::to_base32(base::random_bytes(5)) + std::string(suffix);
    return name;
}

// Removes a file or folder of ours when the work on it is over, whatever its end.
class Temporary {
   public:
    explicit Temporary(path name) : name_(std::move(name)) {}
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        std::error_code ignored;
        std::filesystem::remove_all(name_, ignored);
    }
    const path& name() const { return name_; }

   private:
    path name_;
};

std::string last_lines(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    const auto previous = text.rfind('\n', text.rfind('\n') - 1);
    return std::string(previous == std::string_view::npos ? text : text.substr(previous + 1));
}

base::Result<void> run_initdb(const Installation& installation, const NewDataFolder& wanted,
                              const path& folder, const path& password_file,
                              base::Deadline deadline) {
    base::Command initdb{
        .arguments = {(installation.bin / "initdb").string(), "--pgdata=" + folder.string(),
                      "--username=" + wanted.superuser, "--pwfile=" + password_file.string(),
                      "--auth=scram-sha-256", "--encoding=UTF8",
                      fmt::format("--locale={}", choose_locale())},
        .inherits = base::Environment::bare,
        .folder = "/",
    };
    if (wanted.durability == Durability::none) initdb.arguments.emplace_back("--no-sync");
    if (wanted.user) initdb.user = wanted.user->id;
    BASE_TRY_ASSIGN(const auto finished, base::run(initdb, deadline));
    if (finished.exit_code == 0) return {};
    return fail(ErrorKind::internal, fmt::format("initdb could not make {}: {}", folder.string(),
                                                 last_lines(finished.err)));
}

std::vector<path> leftovers_of(const path& wanted) {
    const auto prefix = wanted.filename().string() + ".new-";
    std::vector<path> leftovers;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(wanted.parent_path(), ignored)) {
        if (entry.path().filename().string().starts_with(prefix)) leftovers.push_back(entry.path());
    }
    return leftovers;
}

std::string quoted_setting(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') text += c;
        text += c;
    }
    return text + "'";
}

}  // namespace

base::Result<void> make_data_folder(const Installation& installation, const NewDataFolder& wanted,
                                    base::Deadline deadline) {
    const Temporary folder(beside(wanted.path, ""));
    const Temporary password_file(beside(wanted.path, ".password"));
    BASE_TRY(base::write_file(password_file.name(), wanted.password.reveal() + "\n", 0600));
    BASE_TRY(give(password_file.name(), wanted.user));
    BASE_TRY(base::make_folder(folder.name(), 0700));
    BASE_TRY(give(folder.name(), wanted.user));
    BASE_TRY(run_initdb(installation, wanted, folder.name(), password_file.name(), deadline));

    const auto main_file = folder.name() / "postgresql.conf";
    BASE_TRY_ASSIGN(auto text, base::read_file(main_file));
    BASE_TRY(base::write_file(
        main_file, text.value_or("") + fmt::format("\ninclude_if_exists = '{}'\n", k_settings_file),
        0600));
    BASE_TRY(give(main_file, wanted.user));

    std::error_code problem;
    std::filesystem::rename(folder.name(), wanted.path, problem);
    if (!problem) return {};
    return fail(ErrorKind::internal, fmt::format("cannot put the new data folder at {}: {}",
                                                 wanted.path.string(), problem.message()));
}

void remove_leftovers(const path& wanted) {
    // The initdb of a program that was killed may go on for a moment, and put back what is removed.
    constexpr int k_attempts = 100;
    constexpr auto k_pause = std::chrono::milliseconds(20);
    for (int attempt = 0; attempt < k_attempts; ++attempt) {
        const auto leftovers = leftovers_of(wanted);
        if (leftovers.empty()) return;
        std::error_code ignored;
        for (const auto& leftover : leftovers) std::filesystem::remove_all(leftover, ignored);
        if (attempt > 0) std::this_thread::sleep_for(k_pause);
    }
}

base::Result<int> major_of(const path& data) {
    BASE_TRY_ASSIGN(const auto text, base::read_file(data / "PG_VERSION"));
    int major = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), major);
    if (major > 0) return major;
    return fail(ErrorKind::internal,
                fmt::format("{} does not say which Postgres made it", data.string()),
                "its file PG_VERSION is missing or damaged");
}

base::Result<void> write_settings(const path& data, const Settings& settings,
                                  const std::optional<ServerUser>& user) {
    std::string text = "# Written by reviewdb at each start. ALTER SYSTEM overrides it.\n";
    for (const auto& [name, value] : settings) {
        text += fmt::format("{} = {}\n", name, quoted_setting(value));
    }
    BASE_TRY(base::write_file(data / k_settings_file, text, 0600));
    return give(data / k_settings_file, user);
}

}  // namespace local

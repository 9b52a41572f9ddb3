// SPDX-License-Identifier: Apache-2.0
//
// A folder of a test's own, gone with everything in it when the test is over.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace support {

enum class Medium { disk, memory };

// /tmp, or for memory /dev/shm where it has room for the databases of a test run: a file system on
// a disk spends most of such a run on making and unmaking files. Never below $TMPDIR: servers under
// test may run as a user who cannot enter that.
inline std::string temp_root(Medium medium) {
    constexpr std::uintmax_t k_room = 4ULL << 30U;
    std::error_code problem;
    const auto space = std::filesystem::space("/dev/shm", problem);
    const bool fits = !problem && space.available >= k_room;
    return medium == Medium::memory && fits ? "/dev/shm/" : "/tmp/";
}

class TempFolder {
   public:
    // Makes <root><prefix>XXXXXX with `mode`.
    explicit TempFolder(const std::string& prefix = "reviewdb-test-", mode_t mode = 0700,
                        Medium medium = Medium::disk) {
        std::string name = temp_root(medium) + prefix + "XXXXXX";
        if (mkdtemp(name.data()) == nullptr || chmod(name.c_str(), mode) != 0) {
            throw std::runtime_error("cannot make the folder " + name);
        }
        path_ = name;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

   private:
    std::filesystem::path path_;
};

}  // namespace support

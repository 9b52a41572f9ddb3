// SPDX-License-Identifier: Apache-2.0
//
// A folder of a test's own, gone with everything in it when the test is over.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace support {

class TempFolder {
   public:
    // Makes /tmp/<prefix>XXXXXX with `mode`. Never below $TMPDIR: servers under test may run as a
    // user who cannot enter that.
    explicit TempFolder(const std::string& prefix = "reviewdb-test-", mode_t mode = 0700) {
        std::string name = "/tmp/" + prefix + "XXXXXX";
        if (mkdtemp(name.data()) == nullptr || chmod(name.c_str(), mode) != 0) {
            throw std::runtime_error("cannot make a folder in /tmp");
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

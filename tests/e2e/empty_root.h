// SPDX-License-Identifier: Apache-2.0
//
// A package, unpacked where a program finds nothing else: no library, no /etc, no /proc, no /dev.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace e2e {

// Where ./dev test has put the packages; a test is skipped where it has not.
inline std::filesystem::path packages() {
    const char* folder = std::getenv("REVIEWDB_TEST_PACKAGES");
    return folder != nullptr ? folder : "";
}

// The one whose name ends so.
inline std::filesystem::path package_of(const std::string& ending) {
    for (const auto& entry : std::filesystem::directory_iterator(packages())) {
        if (entry.path().string().ends_with(ending)) return entry.path();
    }
    throw std::runtime_error("there is no package *" + ending);
}

inline base::Finished run_program(const std::vector<std::string>& words,
                                  const std::filesystem::path& folder = "/") {
    base::Command command;
    command.arguments = words;
    command.folder = folder.string();
    return support::must(base::run(command, base::Deadline::after(std::chrono::seconds(60))));
}

class EmptyRoot {
   public:
    // `unpack` is the program that does it, with its arguments, up to the folder.
    explicit EmptyRoot(std::vector<std::string> unpack) {
        unpack.push_back(folder_.path().string());
        const auto done = run_program(unpack);
        if (done.exit_code != 0) throw std::runtime_error(done.err);
    }
    // Lets a file be found in there under the path that it has outside.
    void add(const std::filesystem::path& file) const { add(file, file); }
    void add(const std::filesystem::path& file, const std::filesystem::path& as) const {
        const auto inside = folder_.path() / as.relative_path();
        std::filesystem::create_directories(inside.parent_path());
        std::filesystem::copy_file(file, inside);
    }
    void write(const std::filesystem::path& file, const std::string& text) const {
        const auto inside = folder_.path() / file.relative_path();
        std::filesystem::create_directories(inside.parent_path());
        std::ofstream(inside) << text;
    }
    std::filesystem::path path(const std::string& file) const { return folder_.path() / file; }

    // What makes `program` run in there as the root of its file system, by whoever runs the test.
    std::vector<std::string> command(const std::string& program) const {
        std::vector<std::string> words;
        if (geteuid() != 0) words = {"unshare", "--user", "--map-root-user"};
        words.insert(words.end(), {"chroot", folder_.path().string(), program});
        return words;
    }

   private:
    support::TempFolder folder_;
};

}  // namespace e2e

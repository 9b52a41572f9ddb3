// SPDX-License-Identifier: Apache-2.0
//
// A file system whose files can share what they have in common: xfs in a file of its own, mounted
// as long as the object lives. Needs root, and the package xfsprogs.
#pragma once

#include <filesystem>
#include <string>

#include "support/temp_folder.h"

namespace bench {

class ReflinkDisk {
   public:
    explicit ReflinkDisk(int megabytes);
    ReflinkDisk(const ReflinkDisk&) = delete;
    ReflinkDisk& operator=(const ReflinkDisk&) = delete;
    ~ReflinkDisk();

    // Why there is none; empty when there is one.
    const std::string& problem() const { return problem_; }
    std::filesystem::path path() const { return folder_ / "mounted"; }

   private:
    support::TempFolder folder_;
    std::string problem_;
};

}  // namespace bench

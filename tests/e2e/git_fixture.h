// SPDX-License-Identifier: Apache-2.0
//
// Real git repositories for tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "support/must.h"

namespace e2e {

// Runs git in `folder`; the test fails if git does.
inline void git(const std::filesystem::path& folder, std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-c", "user.name=tester", "-c",
                                 "user.email=tester@example.org", "-C", folder.string()});
    const auto finished = support::must(
        base::run({.arguments = words}, base::Deadline::after(std::chrono::seconds(30))));
    ASSERT_EQ(finished.exit_code, 0) << words[6] << ": " << finished.err;
}

// A new repository at `folder` on `branch`; with a remote `origin`, unless that is empty.
inline std::filesystem::path checkout(const std::filesystem::path& folder,
                                      const std::string& branch, const std::string& remote) {
    std::filesystem::create_directories(folder);
    git(folder, {"init", "-q"});
    git(folder, {"symbolic-ref", "HEAD", "refs/heads/" + branch});
    if (!remote.empty()) git(folder, {"remote", "add", "origin", remote});
    return folder;
}

}  // namespace e2e

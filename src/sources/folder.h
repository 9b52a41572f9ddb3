// SPDX-License-Identifier: Apache-2.0
//
// The files of a folder that is taken as a whole, or not at all.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sources {

// What a folder holds, by paths below it, sorted.
struct Folder {
    std::vector<std::string> files = {};   // at any depth
    std::vector<std::string> others = {};  // links to folders, pipes, links to nothing
};

// Fails denied, and invalid_input for a folder with more than 20000 entries.
base::Result<Folder> list_folder(const std::string& path);

// What of a folder is SQL to be run, and what is left out of it and named.
struct Selection {
    std::vector<std::string> sql;
    std::vector<std::string> not_taken;  // documents and hidden files
};

// Pure. Fails invalid_input for what undoes, for files that are neither SQL nor documents, and for
// SQL further down; `path` is for messages.
base::Result<Selection> select(const Folder& folder, const std::string& path);

}  // namespace sources

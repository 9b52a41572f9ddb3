// SPDX-License-Identifier: Apache-2.0
//
// A secret store in files: `<folder>/<name>.json`, mode 0600, in a folder that only its owner can
// enter. Nothing is written through a symbolic link, and a reader sees a whole value or none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "environment/secret_store.h"

namespace secrets {

class FileStore final : public environment::SecretStore {
   public:
    // The folder is made with the first write, as 0700, or is made so while it is empty. One that
    // is a symbolic link, somebody else's, or has files in it and is open to others is refused
    // (denied) by every call, never changed.
    explicit FileStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    base::Result<std::vector<environment::StoredSecret>> list(base::Deadline deadline) override;
    base::Result<std::optional<base::Secret>> read(const std::string& name,
                                                   base::Deadline deadline) override;
    base::Result<void> write(const environment::SecretWrite& write,
                             base::Deadline deadline) override;
    base::Result<void> remove(const std::string& name, base::Deadline deadline) override;

    // Where the secret of that name is: different names never share a file, and no name leads out
    // of the folder.
    std::filesystem::path path_of(const std::string& name) const;

   private:
    std::filesystem::path folder_;
};

}  // namespace secrets

// SPDX-License-Identifier: Apache-2.0
//
// A certificate authority that lives as long as a test, and one server certificate of it.
#pragma once

#include <filesystem>
#include <optional>

#include "local/unix_user.h"

namespace support {

struct TlsFiles {
    std::filesystem::path authority;  // ca.crt: what a client is given as sslrootcert
    std::filesystem::path certificate;
    std::filesystem::path key;
};

// Makes them in `folder` with the openssl program, for 127.0.0.1 and localhost, owned by `user`.
// Throws std::runtime_error with what openssl said.
TlsFiles make_tls_files(const std::filesystem::path& folder,
                        const std::optional<local::ServerUser>& user);

}  // namespace support

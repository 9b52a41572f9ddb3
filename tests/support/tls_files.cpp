// SPDX-License-Identifier: Apache-2.0
#include "support/tls_files.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/subprocess.h"

namespace support {

namespace {

using Arguments = std::vector<std::string>;

void run_openssl(const std::filesystem::path& folder, const std::optional<local::ServerUser>& user,
                 const Arguments& particular) {
    Arguments arguments{
        "openssl", "req",   "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes",  "-days", "2"};
    arguments.insert(arguments.end(), particular.begin(), particular.end());
    base::Command command{.arguments = arguments, .folder = folder.string()};
    if (user) command.user = user->id;
    const auto finished = base::run(command, base::Deadline::after(std::chrono::seconds(20)));
    if (!finished) throw std::runtime_error(finished.error().message);
    if (finished->exit_code != 0) throw std::runtime_error("openssl: " + finished->err);
}

}  // namespace

TlsFiles make_tls_files(const std::filesystem::path& folder,
                        const std::optional<local::ServerUser>& user) {
    run_openssl(folder, user,
                {"-subj", "/CN=reviewdb test authority", "-keyout", "ca.key", "-out", "ca.crt"});
    run_openssl(
        folder, user,
        {"-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext",
         "basicConstraints=critical,CA:FALSE", "-keyout", "server.key", "-out", "server.crt"});
    return {folder / "ca.crt", folder / "server.crt", folder / "server.key"};
}

}  // namespace support

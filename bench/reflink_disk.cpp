// SPDX-License-Identifier: Apache-2.0
#include "reflink_disk.h"

#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "harness.h"
#include "support/pristine.h"

namespace bench {

ReflinkDisk::ReflinkDisk(int megabytes) : folder_(support::prefix_of("reflink"), 0755) {
    if (geteuid() != 0) {
        problem_ = "only root can mount one";
        return;
    }
    const auto image = folder_ / "image";
    std::filesystem::create_directory(path());
    std::ofstream(image).close();
    std::filesystem::resize_file(image, static_cast<std::uintmax_t>(megabytes) << 20U);
    try {
        output_of({{"mkfs.xfs", "-q", "-m", "reflink=1", image.string()}});
        output_of({{"mount", "-o", "loop", image.string(), path().string()}});
    } catch (const std::runtime_error& error) {
        problem_ = error.what();
    }
}

ReflinkDisk::~ReflinkDisk() {
    if (problem_.empty()) umount2(path().c_str(), MNT_DETACH);
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include "base/inheritance.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace base {

namespace {

constexpr std::array<std::string_view, 4> k_bare{"PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH"};

// libpq's variables have no underscore behind PG; an application's own, as PG_POOL_SIZE, do.
bool is_of_libpq(std::string_view name) {
    return name.size() > 2 && name.starts_with("PG") && is_upper(name[2]);
}

bool may_inherit(std::string_view name, Environment kind) {
    if (kind == Environment::bare) return std::ranges::find(k_bare, name) != k_bare.end();
    if (name.starts_with("REVIEWDB_") || is_of_libpq(name)) return false;
    return kind == Environment::application || !name.starts_with("AWS_");
}

}  // namespace

Variables inherited(Variables ours, Environment kind) {
    std::erase_if(ours, [kind](const auto& one) { return !may_inherit(one.first, kind); });
    return ours;
}

void hide_from_other_processes() {
#ifndef __SANITIZE_ADDRESS__  // its leak check reads this process from another one
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace base

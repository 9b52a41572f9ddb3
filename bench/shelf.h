// SPDX-License-Identifier: Apache-2.0
//
// A pool that is claimed from again and again: what was claimed is put back by hand, so that a
// hundred instances are enough for thousands of claims. Throws std::runtime_error when something
// fails.
#pragma once

#include <functional>
#include <string>

#include "stand.h"

namespace bench {

class Shelf {
   public:
    // Fills the pool of `stand`, without waiting for the disk meanwhile. Borrows it.
    Shelf(const Stand& stand, int count);
    // Filled by whoever else knows how to.
    Shelf(const Stand& stand, const std::function<void()>& fill);

    // Everything is warm again, as it was, but for what the environment of that name has; and what
    // that left behind in the tables is cleared away.
    void put_back(const std::string& but = "") const;
    // How many of a project are warm now.
    int left(const std::string& project) const;

   private:
    const Stand& stand_;
};

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
//
// Text that must never reach a log, an error, an argument vector or another process by accident:
// it has no stream operator, no formatter and no implicit conversion, and is wiped when it dies.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace base {

class Secret {
   public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret other) noexcept;
    ~Secret();

    // The text itself. The one way to it, so that every use can be found by this name.
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

    // Compares in a time that depends on the lengths alone.
    friend bool operator==(const Secret& a, const Secret& b);

   private:
    std::string text_;
};

}  // namespace base

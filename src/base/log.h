// SPDX-License-Identifier: Apache-2.0
//
// The program's diary on standard error: lines of text for a person, JSON lines for a machine.
// Passed to whoever logs; there is no global one. Never given a password, a key or a token.
// Safe from any thread.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_kind.h"

namespace base {

enum class LogFormat { text, json };

class Log {
   public:
    Log(LogLevel level, LogFormat format);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    // What every JSON line says from now on beside its message: {"request_id", "…"}.
    void set_fields(const std::vector<std::pair<std::string, std::string>>& fields);

    bool enabled(LogLevel level) const;
    void write(LogLevel level, std::string_view line);

    template <typename... Args>
    void debug(fmt::format_string<Args...> format, Args&&... args) {
        if (enabled(LogLevel::debug)) {
            write(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
        }
    }
    template <typename... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) {
        if (enabled(LogLevel::info)) {
            write(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
        }
    }
    template <typename... Args>
    void warning(fmt::format_string<Args...> format, Args&&... args) {
        if (enabled(LogLevel::warning)) {
            write(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
        }
    }

   private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
};

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <string>

#include "base/words.h"

namespace base {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return spdlog::level::trace;
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            break;
    }
    return spdlog::level::off;
}

std::string doubled_percent(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '%' ? "%%" : std::string(1, c);
    return out;
}

}  // namespace

struct Log::Sink {
    spdlog::logger logger;
    LogFormat format;
};

Log::Log(LogLevel level, LogFormat format)
    : sink_(new Sink{
          spdlog::logger("reviewdb", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>()),
          format}) {
    sink_->logger.set_level(to_spdlog(level));
    if (format == LogFormat::json) {
        set_fields({});
    } else {
        sink_->logger.set_pattern("%^%l%$: %v");
    }
}

// Messages are escaped before they get here, so the JSON frame is only a pattern.
void Log::set_fields(const std::vector<std::pair<std::string, std::string>>& fields) {
    if (sink_->format != LogFormat::json) return;
    std::string frame = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l")";
    for (const auto& [name, value] : fields) {
        frame += fmt::format(R"(,"{}":"{}")", name, doubled_percent(json_escaped(value)));
    }
    sink_->logger.set_pattern(frame + R"(,"message":"%v"})", spdlog::pattern_time_type::utc);
}

Log::~Log() = default;

bool Log::enabled(LogLevel level) const { return sink_->logger.should_log(to_spdlog(level)); }

void Log::write(LogLevel level, std::string_view line) {
    if (sink_->format == LogFormat::json) {
        sink_->logger.log(to_spdlog(level), json_escaped(line));
    } else {
        sink_->logger.log(to_spdlog(level), harmless_line(line));
    }
}

}  // namespace base

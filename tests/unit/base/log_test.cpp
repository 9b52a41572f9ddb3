// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

namespace {

using base::Log;
using base::LogFormat;
using base::LogLevel;

template <typename Write>
std::string printed(LogLevel level, LogFormat format, Write write) {
    testing::internal::CaptureStderr();
    {
        Log log(level, format);
        write(log);
    }
    return testing::internal::GetCapturedStderr();
}

TEST(Log, prints_what_is_serious_enough_and_nothing_else) {
    const auto text = printed(LogLevel::warning, LogFormat::text, [](Log& log) {
        log.debug("one {}", 1);
        log.info("two");
        log.warning("three");
        log.write(LogLevel::error, "four {}");
    });
    EXPECT_EQ(text, "warning: three\nerror: four {}\n");
}

TEST(Log, is_silent_when_it_is_off) {
    EXPECT_EQ(
        printed(LogLevel::off, LogFormat::text, [](Log& log) { log.write(LogLevel::error, "x"); }),
        "");
}

TEST(Log, keeps_a_json_line_one_line_of_json) {
    const auto text = printed(LogLevel::info, LogFormat::json,
                              [](Log& log) { log.info("a \"b\" \\ \n %v {}", 7); });
    EXPECT_TRUE(text.starts_with("{\"time\":\"")) << text;
    EXPECT_TRUE(
        text.ends_with("Z\",\"level\":\"info\",\"message\":\"a \\\"b\\\" \\\\ \\u000a %v 7\"}\n"))
        << text;
}

}  // namespace

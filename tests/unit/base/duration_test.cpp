// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::seconds;
using std::chrono::system_clock;

TEST(Duration, is_read_as_people_write_it) {
    EXPECT_EQ(base::parse_duration("90s").value(), 90s);
    EXPECT_EQ(base::parse_duration("30m").value(), 30min);
    EXPECT_EQ(base::parse_duration("72h").value(), 72h);
    EXPECT_EQ(base::parse_duration("7d").value(), days(7));
    EXPECT_EQ(base::parse_duration("2w").value(), days(14));
    EXPECT_EQ(base::parse_duration("1s").value(), 1s);
    EXPECT_EQ(base::parse_duration("3650d").value(), days(3650));
}

TEST(Duration, is_refused_when_it_is_anything_else) {
    for (const auto* text :
         {"", "7", "d", "0s", "-1s", "+1s", "1.5h", " 7d", "7d ", "7 d", "7days", "7D", "1h30m",
          "3651d", "522w", "9223372036854775807w", "99999999999999999999s", "٧d"}) {
        const auto parsed = base::parse_duration(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, base::ErrorKind::invalid_input) << text;
        EXPECT_NE(parsed.error().message.find(text), std::string::npos) << text;
        EXPECT_FALSE(parsed.error().hint.empty()) << text;
    }
}

TEST(Duration, is_written_in_the_largest_unit_that_loses_nothing) {
    EXPECT_EQ(base::format_duration(90s), "90s");
    EXPECT_EQ(base::format_duration(60s), "1m");
    EXPECT_EQ(base::format_duration(25h), "25h");
    EXPECT_EQ(base::format_duration(days(30)), "30d");
}

TEST(Duration, is_read_back_as_it_was_written) {
    for (const seconds time : {seconds(1), seconds(59), seconds(3600), seconds(86400),
                               seconds(86401), seconds(days(3650))}) {
        EXPECT_EQ(base::parse_duration(base::format_duration(time)).value(), time);
    }
}

TEST(Duration, is_described_in_two_units) {
    EXPECT_EQ(base::describe_duration(days(6) + 3h + 59min), "6d 3h");
    EXPECT_EQ(base::describe_duration(12min + 5s), "12m 5s");
    EXPECT_EQ(base::describe_duration(45s), "45s");
    EXPECT_EQ(base::describe_duration(days(1) + 5min), "1d");
    EXPECT_EQ(base::describe_duration(0s), "0s");
    EXPECT_EQ(base::describe_duration(-90s), "-1m 30s");
}

TEST(Time, is_printed_in_utc_with_whole_seconds) {
    EXPECT_EQ(base::format_time(system_clock::time_point()), "1970-01-01T00:00:00Z");
    EXPECT_EQ(base::format_time(system_clock::time_point(1709251199s + 999ms)),
              "2024-02-29T23:59:59Z");
}

TEST(ParseTime, reads_every_spelling_of_rfc_3339) {
    const auto moment = std::chrono::system_clock::from_time_t(1'771'999'411);
    for (const auto* text : {"2026-02-25T06:03:31Z", "2026-02-25T06:03:31+00:00",
                             "2026-02-25T08:33:31+02:30", "2026-02-25T01:03:31-05:00"}) {
        EXPECT_EQ(base::parse_time(text), moment) << text;
    }
    EXPECT_EQ(base::parse_time("2026-02-25T06:03:31.987654321Z"), moment + 987654us);
}

TEST(ParseTime, reads_nothing_else) {
    for (const auto* text :
         {"", "soon", "2026-02-25", "2026-02-25T06:03:31", "2026-02-25T06:03:31Zz",
          "2026-02-25T06:03:31+xx", "2026-02-25T06:03:31.Z"}) {
        EXPECT_FALSE(base::parse_time(text)) << text;
    }
}

}  // namespace

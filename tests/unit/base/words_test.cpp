// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include <gtest/gtest.h>

namespace {

using base::without_passwords;

TEST(Print, a_password_is_taken_out_of_every_url_that_is_quoted) {
    EXPECT_EQ(without_passwords("no 'postgresql://u:pw@h/db' here"),
              "no 'postgresql://u:…@h/db' here");
    EXPECT_EQ(without_passwords("http://u:a@b:c/d@h and x://v:w@i"), "http://u:…@h and x://v:…@i");
    EXPECT_EQ(without_passwords("x://:pw@h"), "x://:…@h");
}

TEST(Print, what_has_no_password_stays_as_it_is) {
    for (const auto* text : {"", "://", "a: b@c", "postgresql://u@h:5432/db", "x://h:1/db y@z",
                             "https://example.org:443/a"}) {
        EXPECT_EQ(without_passwords(text), text);
    }
}

}  // namespace

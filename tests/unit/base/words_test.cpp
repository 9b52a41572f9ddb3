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

TEST(Print, a_password_is_taken_out_of_settings_and_queries) {
    EXPECT_EQ(without_passwords("cannot read host=h password=s3cret dbname=x: no"),
              "cannot read host=h password=… dbname=x: no");
    EXPECT_EQ(without_passwords("password = 'it\\'s one' x"), "password = … x");
    EXPECT_EQ(without_passwords("jdbc:postgresql://h/x?user=a&password=pw&x=1"),
              "jdbc:postgresql://h/x?user=a&password=…&x=1");
    EXPECT_EQ(without_passwords("postgres://h/x?sslpassword=pw"), "postgres://h/x?sslpassword=…");
    EXPECT_EQ(without_passwords("postgres://h/x?p%61ssword=pw"), "postgres://h/x?p%61ssword=…");
    EXPECT_EQ(without_passwords("PGPASSWORD=pw psql"), "PGPASSWORD=… psql");
    EXPECT_EQ(without_passwords("https://h/x?X-Amz-Signature=pw"), "https://h/x?X-Amz-Signature=…");
    EXPECT_EQ(without_passwords("PASSWORD=pw"), "PASSWORD=…");
}

TEST(Print, a_password_that_is_not_encoded_is_taken_out_whole) {
    EXPECT_EQ(without_passwords("postgres://u:a b@h/x"), "postgres://u:…@h/x");
    EXPECT_EQ(without_passwords("postgres://u:a'b\"c@h/x"), "postgres://u:…@h/x");
    EXPECT_EQ(without_passwords("postgres://u:cut_off"), "postgres://u:…");
}

TEST(Print, what_has_no_password_stays_as_it_is) {
    for (const auto* text :
         {"", "://", "a: b@c", "postgresql://u@h:5432/db", "x://h:1/db y@z",
          "https://example.org:443/a", "postgres://[::1]:5432/a", "https://h:1/a?b=c&d=e", "a = b",
          "=", "passfile=/x", "password_encryption=x"}) {
        EXPECT_EQ(without_passwords(text), text);
    }
}

TEST(Print, what_others_say_does_nothing_to_a_terminal) {
    EXPECT_EQ(base::harmless("a\x1b[2Jb\r\x07\x7f"), "a?[2Jb???");
    EXPECT_EQ(base::harmless("tab\tline\n„ä“ 𝄞"), "tab\tline\n„ä“ 𝄞");
    EXPECT_EQ(base::harmless("\xc2\x9b \xe2\x80\xae \xe2\x81\xa6"), "? ? ?");
    EXPECT_EQ(base::harmless("\xff \xc3 \xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80"),
              "? ? ?? ??? ????");
}

TEST(Print, a_text_is_cut_between_characters) {
    EXPECT_EQ(base::beginning_of("abc", 3), "abc");
    EXPECT_EQ(base::beginning_of("abcd", 3), "abc…");
    EXPECT_EQ(base::beginning_of("aää", 2), "a…");
    EXPECT_EQ(base::beginning_of("", 0), "");
}

TEST(Print, a_line_stays_a_line) {
    EXPECT_EQ(base::harmless_line("a\n::add-mask::b\tc\x1b[31m\xe2\x80\xa8"
                                  "d"),
              "a ::add-mask::b c?[31m?d");
    EXPECT_EQ(base::harmless_line("3  (24.0 MB)"), "3  (24.0 MB)");
}

TEST(Print, json_escapes_what_a_terminal_obeys) {
    EXPECT_EQ(base::json_escaped("\"\\ \x1b \n \x7f \xc2\x9b \xe2\x80\xae \xff ä"),
              R"(\"\\ \u001b \u000a \u007f \u009b \u202e \ufffd ä)");
}

}  // namespace

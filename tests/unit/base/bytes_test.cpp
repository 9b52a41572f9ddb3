// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace {

using namespace std::string_literals;

std::string hex(const base::Digest& digest) { return base::to_hex(base::as_text(digest)); }

TEST(Bytes, digests_as_fips_180_says) {
    EXPECT_EQ(hex(base::sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(base::sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Bytes, digests_parts_as_the_whole) {
    base::Sha256 digest;
    digest.add("a");
    digest.add("");
    digest.add("bc");
    EXPECT_EQ(digest.finish(), base::sha256("abc"));
}

TEST(Bytes, authenticates_as_rfc_4231_says) {
    EXPECT_EQ(hex(base::hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(base::hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    // Test case 6: a key longer than a block.
    EXPECT_EQ(hex(base::hmac_sha256(std::string(131, '\xaa'),
                                    "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Bytes, spells_base64url_as_rfc_4648_says) {
    EXPECT_EQ(base::to_base64url(""), "");
    EXPECT_EQ(base::to_base64url("f"), "Zg");
    EXPECT_EQ(base::to_base64url("fo"), "Zm8");
    EXPECT_EQ(base::to_base64url("foo"), "Zm9v");
    EXPECT_EQ(base::to_base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base::to_base64url("\xfb\xff"), "-_8");
}

TEST(Bytes, spells_base32_as_rfc_4648_says_in_lower_case) {
    EXPECT_EQ(base::to_base32("f"), "my");
    EXPECT_EQ(base::to_base32("foob"), "mzxw6yq");
    EXPECT_EQ(base::to_base32("foobar"), "mzxw6ytboi");
}

TEST(Bytes, reads_what_it_spelled) {
    const auto every = base::random_bytes(64) + "\0\xff"s;
    EXPECT_EQ(base::from_base64url(base::to_base64url(every)), every);
    EXPECT_EQ(base::from_hex(base::to_hex(every)), every);
    EXPECT_EQ(base::from_hex("00fFaB"), "\0\xff\xab"s);
}

TEST(Bytes, refuses_what_is_no_base64url) {
    for (const auto* text : {"A", "Zg==", "Zm9v\n", "Z+==", "Zh", "Zm9vYmF!"}) {
        EXPECT_EQ(base::from_base64url(text), std::nullopt) << text;
    }
}

TEST(Bytes, refuses_what_is_no_hexadecimal) {
    for (const auto* text : {"a", "0g", "0x00", " 0"}) {
        EXPECT_EQ(base::from_hex(text), std::nullopt) << text;
    }
}

// Test case 14 of the GCM specification: key, nonce and 16 bytes of text all zero.
TEST(Bytes, seals_as_the_gcm_specification_says) {
    const std::string zeros(16, '\0');
    EXPECT_EQ(base::to_hex(base::seal(zeros + zeros, zeros.substr(4), zeros, "")),
              "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Bytes, opens_only_what_nobody_touched) {
    const auto key = base::random_bytes(32);
    const auto nonce = base::random_bytes(12);
    const auto sealed = base::seal(key, nonce, "feature/x", "database 7");
    EXPECT_EQ(base::open_sealed(key, nonce, sealed, "database 7"), "feature/x");
    EXPECT_EQ(base::open_sealed(key, nonce, sealed, "database 8"), std::nullopt);
    EXPECT_EQ(base::open_sealed(base::random_bytes(32), nonce, sealed, "database 7"), std::nullopt);
    EXPECT_EQ(base::open_sealed(key, base::random_bytes(12), sealed, "database 7"), std::nullopt);
    EXPECT_EQ(base::open_sealed(key, nonce, sealed.substr(1), "database 7"), std::nullopt);
    EXPECT_EQ(base::open_sealed(key, nonce, "short", "database 7"), std::nullopt);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto touched = sealed;
        touched[i] = static_cast<char>(touched[i] ^ 1);
        EXPECT_EQ(base::open_sealed(key, nonce, touched, "database 7"), std::nullopt) << i;
    }
}

TEST(Bytes, percent_encodes_all_but_the_unreserved_characters_of_rfc_3986) {
    EXPECT_EQ(base::percent_encoded("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(base::percent_encoded(" /?#[]@!$&'()*+,;=:%\0\xc3\xa9"s),
              "%20%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%25%00%C3%A9");
}

TEST(Bytes, percent_decodes_what_was_encoded_and_nothing_that_is_cut_off) {
    const auto all = " /?#[]@!$&'()*+,;=:%\0\xc3\xa9 AZaz09-._~"s;
    EXPECT_EQ(base::percent_decoded(base::percent_encoded(all)), all);
    EXPECT_EQ(base::percent_decoded("a%2fb"), "a/b");
    for (const auto* wrong : {"%", "%2", "a%zz", "%%20"}) {
        EXPECT_EQ(base::percent_decoded(wrong), std::nullopt) << wrong;
    }
}

TEST(Bytes, seals_an_empty_text) {
    const auto key = base::random_bytes(32);
    const auto nonce = base::random_bytes(12);
    EXPECT_EQ(base::open_sealed(key, nonce, base::seal(key, nonce, "", "c"), "c"), "");
}

TEST(Bytes, gives_other_random_bytes_each_time) {
    EXPECT_EQ(base::random_bytes(32).size(), 32U);
    EXPECT_NE(base::random_bytes(32), base::random_bytes(32));
    EXPECT_EQ(base::random_bytes(0), "");
}

}  // namespace

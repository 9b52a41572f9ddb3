// SPDX-License-Identifier: Apache-2.0
#include "sources/unpacked_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "support/compressed.h"

namespace {

using namespace std::string_literals;
using base::ErrorKind;
using sources::Compression;
using testing::AllOf;
using testing::HasSubstr;

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(60)); }

// A file that is called x.
class Text final : public sources::OpenedInput {
   public:
    explicit Text(std::string text, std::size_t at_once = 1000)
        : OpenedInput("x"), text_(std::move(text)), at_once_(at_once) {}

   private:
    base::Result<std::size_t> read_on(char* into, std::size_t size,
                                      base::Deadline /*deadline*/) override {
        const auto count = std::min({size, at_once_, text_.size() - at_});
        std::copy_n(text_.begin() + static_cast<long>(at_), count, into);
        at_ += count;
        return count;
    }

    std::string text_;
    std::size_t at_once_;
    std::size_t at_ = 0;
};

base::Result<std::string> unpack(const std::string& packed, std::size_t at_once = 1000) {
    BASE_TRY_ASSIGN(const auto opened,
                    sources::unpacked(std::make_unique<Text>(packed, at_once), soon()));
    std::string text;
    std::string block(777, '\0');
    for (;;) {
        BASE_TRY_ASSIGN(const auto count, opened.input->read(block.data(), block.size(), soon()));
        if (count == 0) return text;
        text.append(block, 0, count);
    }
}

std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        text += "INSERT INTO t VALUES (" + std::to_string(i * 7919) + ");\n";
    }
    return text;
}

class UnpackedInput : public testing::TestWithParam<Compression> {
   protected:
    static std::string pack(std::string_view text) { return support::compressed(GetParam(), text); }
};

TEST_P(UnpackedInput, reads_what_was_compressed) {
    const auto text = lines(20000);
    for (const std::size_t at_once : {1U, 1000U, 1000000U}) {
        EXPECT_EQ(unpack(pack(text), at_once).value(), text);
    }
    EXPECT_EQ(unpack(pack("")).value(), "");
    EXPECT_EQ(sources::compression_of(pack(text)), GetParam());
}

TEST_P(UnpackedInput, reads_streams_that_follow_each_other_as_one) {
    EXPECT_EQ(unpack(pack("one ") + pack("") + pack(lines(5000))).value(), "one " + lines(5000));
}

TEST_P(UnpackedInput, fails_wherever_it_is_cut_off) {
    const auto packed = pack(lines(3000));
    for (std::size_t size = packed.size() - 1; size > 6; size -= std::min<std::size_t>(size, 97)) {
        const auto cut = unpack(packed.substr(0, size));
        ASSERT_FALSE(cut.has_value()) << size << " of " << packed.size();
        EXPECT_EQ(cut.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(cut.error().message,
                    AllOf(HasSubstr("x ends after " + std::to_string(size) + " bytes"),
                          HasSubstr("was cut off")));
    }
    // The second of two is cut off.
    EXPECT_FALSE(unpack(packed + packed.substr(0, packed.size() - 1)).has_value());
    EXPECT_FALSE(unpack(packed + packed.substr(0, 7)).has_value());
}

TEST_P(UnpackedInput, fails_when_it_is_damaged_anywhere) {
    const auto packed = pack(lines(3000));
    for (std::size_t at = packed.size() / 3; at < packed.size(); at += 211) {
        auto damaged = packed;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        const auto failed = unpack(damaged);
        ASSERT_FALSE(failed.has_value()) << at << " of " << packed.size();
        EXPECT_EQ(failed.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(failed.error().message, HasSubstr("x "));
    }
}

TEST_P(UnpackedInput, fails_when_something_else_follows) {
    const auto failed = unpack(pack("SELECT 1;") + "SELECT 2; -- and more that is not compressed");
    ASSERT_FALSE(failed.has_value());
    EXPECT_THAT(failed.error().message, HasSubstr("followed by something else at byte"));
}

TEST_P(UnpackedInput, holds_no_more_than_a_window_of_what_unpacks_to_much) {
    std::string bomb;
    const auto part = pack(std::string(16U << 20U, '0'));
    constexpr int k_parts = 16;
    for (int i = 0; i < k_parts; ++i) bomb += part;
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const auto opened = sources::unpacked(std::make_unique<Text>(bomb), soon()).value();
    std::size_t all = 0;
    std::string block(1U << 18U, '\0');
    for (;;) {
        const auto count = opened.input->read(block.data(), block.size(), soon()).value();
        if (count == 0) break;
        all += count;
    }
    EXPECT_EQ(all, std::size_t{k_parts} << 24U);
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    constexpr long k_most_kb = 64L << 10;
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, k_most_kb);
}

INSTANTIATE_TEST_SUITE_P(Each, UnpackedInput,
                         testing::Values(Compression::gzip, Compression::zstd, Compression::lz4,
                                         Compression::xz),
                         [](const auto& one) { return std::string(to_text(one.param)); });

TEST(Unpacked, passes_zeros_behind_gzip_and_xz) {
    for (const auto compression : {Compression::gzip, Compression::xz}) {
        const auto padded = support::compressed(compression, "SELECT 1;") + std::string(512, '\0');
        EXPECT_EQ(unpack(padded).value(), "SELECT 1;");
    }
}

TEST(Unpacked, looks_past_frames_that_are_skipped) {
    const auto packed =
        "\x50\x2a\x4d\x18\x04\0\0\0size"s + support::compressed(Compression::zstd, "SELECT 1;");
    EXPECT_EQ(unpack(packed).value(), "SELECT 1;");
    EXPECT_EQ(sources::compression_of("\x50\x2a\x4d\x18\xff\xff\xff\xff"s), Compression::none);
}

TEST(Unpacked, leaves_what_is_not_compressed) {
    EXPECT_EQ(unpack("SELECT 1;").value(), "SELECT 1;");
    EXPECT_EQ(unpack("").value(), "");
}

}  // namespace

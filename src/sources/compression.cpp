// SPDX-License-Identifier: Apache-2.0
#include "sources/compression.h"

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>

namespace sources {

namespace {

using namespace std::string_view_literals;
using base::ErrorKind;
using base::Result;
using Step = Decoder::Step;

struct Magic {
    std::string_view bytes;
    Compression compression;
};
constexpr std::array k_magics{
    Magic{"\x1f\x8b"sv, Compression::gzip}, Magic{"\x28\xb5\x2f\xfd"sv, Compression::zstd},
    Magic{"\x04\x22\x4d\x18"sv, Compression::lz4}, Magic{"\xfd\x37zXZ\0"sv, Compression::xz}};

// The frame that zstd and lz4 skip: its magic, 0x184D2A50 to 5F, and its length, both with the
// lowest byte first. Its size with both; 0 for another one.
std::size_t size_of_skipped_frame(std::string_view bytes) {
    constexpr std::size_t k_header = 8;
    constexpr unsigned k_low_nibble = 0xf0;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    if (bytes.size() < k_header || bytes.substr(1, 3) != "\x2a\x4d\x18"sv) return 0;
    if ((byte(0) & k_low_nibble) != 0x50U) return 0;
    std::size_t size = 0;
    for (std::size_t at = k_header; at > 4; --at) size = size << 8U | byte(at - 1);
    return size + k_header;
}

tl::unexpected<base::Error> damaged(std::string_view why) {
    return base::fail(ErrorKind::invalid_input, std::string(why));
}

constexpr std::string_view k_too_much_memory = "unpacking it takes more than 256 MB of memory";

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

class Gzip final : public Decoder {
   public:
    Gzip() {
        constexpr int k_gzip_header = 16;
        usable_ = inflateInit2(&stream_, k_gzip_header + MAX_WBITS) == Z_OK;
    }
    ~Gzip() override { inflateEnd(&stream_); }

    Result<Step> step(std::string_view packed, char* into, std::size_t size) override {
        if (!usable_) return base::fail(ErrorKind::internal, "out of memory");
        constexpr std::size_t k_most = std::numeric_limits<uInt>::max();
        const auto given = static_cast<uInt>(std::min(packed.size(), k_most));
        const auto room = static_cast<uInt>(std::min(size, k_most));
        // zlib does not write to what it reads, though its interface in C says nothing of that.
        stream_.next_in = const_cast<Bytef*>(bytes_of(packed));
        stream_.avail_in = given;
        stream_.next_out = reinterpret_cast<Bytef*>(into);
        stream_.avail_out = room;
        const int code = inflate(&stream_, Z_NO_FLUSH);
        const Step step{given - stream_.avail_in, room - stream_.avail_out, code == Z_STREAM_END};
        if (step.ended) inflateReset(&stream_);
        if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) return step;
        return damaged(stream_.msg == nullptr ? zError(code) : stream_.msg);
    }

   private:
    z_stream stream_{};
    bool usable_ = false;
};

class Zstd final : public Decoder {
   public:
    Result<Step> step(std::string_view packed, char* into, std::size_t size) override {
        ZSTD_inBuffer in{packed.data(), packed.size(), 0};
        ZSTD_outBuffer out{into, size, 0};
        const auto left = ZSTD_decompressStream(stream_.get(), &out, &in);
        if (ZSTD_isError(left) == 0) return Step{in.pos, out.pos, left == 0};
        return damaged(ZSTD_getErrorName(left));
    }

   private:
    struct Free {
        void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
    };
    // The library's own limit is a window of 128 MB.
    std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
};

class Lz4 final : public Decoder {
   public:
    Lz4() {
        LZ4F_dctx* context = nullptr;
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) == 0) {
            context_.reset(context);
        }
    }

    Result<Step> step(std::string_view packed, char* into, std::size_t size) override {
        if (!context_) return base::fail(ErrorKind::internal, "out of memory");
        auto taken = packed.size();
        auto made = size;
        const auto left =
            LZ4F_decompress(context_.get(), into, &made, packed.data(), &taken, nullptr);
        if (LZ4F_isError(left) == 0) return Step{taken, made, left == 0};
        return damaged(LZ4F_getErrorName(left));
    }

   private:
    struct Free {
        void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
    };
    std::unique_ptr<LZ4F_dctx, Free> context_;
};

class Xz final : public Decoder {
   public:
    ~Xz() override { lzma_end(&stream_); }

    Result<Step> step(std::string_view packed, char* into, std::size_t size) override {
        // Again for each stream: the library reuses what it holds.
        if (!begun_) begun_ = lzma_stream_decoder(&stream_, k_most_memory, 0) == LZMA_OK;
        if (!begun_) return base::fail(ErrorKind::internal, "out of memory");
        stream_.next_in = bytes_of(packed);
        stream_.avail_in = packed.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(into);
        stream_.avail_out = size;
        const auto code = lzma_code(&stream_, LZMA_RUN);
        const Step step{packed.size() - stream_.avail_in, size - stream_.avail_out,
                        code == LZMA_STREAM_END};
        if (step.ended) begun_ = false;
        if (code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR) return step;
        return damaged(reason_of(code));
    }

   private:
    static std::string_view reason_of(lzma_ret code) {
        switch (code) {
            case LZMA_MEMLIMIT_ERROR:
            case LZMA_MEM_ERROR:
                return k_too_much_memory;
            case LZMA_FORMAT_ERROR:
                return "not the header of a stream";
            case LZMA_OPTIONS_ERROR:
                return "options that the library does not know";
            default:
                return "corrupt data";
        }
    }

    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool begun_ = false;
};

}  // namespace

std::string_view to_text(Compression compression) {
    switch (compression) {
        case Compression::gzip:
            return "gzip";
        case Compression::zstd:
            return "zstd";
        case Compression::lz4:
            return "lz4";
        case Compression::xz:
            return "xz";
        case Compression::none:
            break;
    }
    return "none";
}

Compression compression_of(std::string_view beginning) {
    for (auto size = size_of_skipped_frame(beginning); size > 0 && size < beginning.size();
         size = size_of_skipped_frame(beginning)) {
        beginning.remove_prefix(size);
    }
    const auto* const found = std::ranges::find_if(
        k_magics, [&](const Magic& magic) { return beginning.starts_with(magic.bytes); });
    return found == k_magics.end() ? Compression::none : found->compression;
}

std::unique_ptr<Decoder> make_decoder(Compression compression) {
    switch (compression) {
        case Compression::gzip:
            return std::make_unique<Gzip>();
        case Compression::zstd:
            return std::make_unique<Zstd>();
        case Compression::lz4:
            return std::make_unique<Lz4>();
        case Compression::xz:
            return std::make_unique<Xz>();
        case Compression::none:
            break;
    }
    return nullptr;
}

}  // namespace sources

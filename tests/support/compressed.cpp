// SPDX-License-Identifier: Apache-2.0
#include "support/compressed.h"

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <stdexcept>

namespace support {

namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string cut(std::string packed, std::size_t size, bool worked) {
    if (!worked) throw std::runtime_error("the text could not be compressed");
    packed.resize(size);
    return packed;
}

std::string gzip(std::string_view text) {
    z_stream stream{};
    constexpr int k_gzip_header = 16;
    constexpr int k_memory_level = 8;
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, k_gzip_header + MAX_WBITS,
                 k_memory_level, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = const_cast<Bytef*>(bytes_of(text));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = bytes_of(packed);
    stream.avail_out = static_cast<uInt>(packed.size());
    const bool worked = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    const auto size = stream.total_out;
    deflateEnd(&stream);
    return cut(std::move(packed), size, worked);
}

std::string zstd(std::string_view text) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                       ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    const auto size =
        ZSTD_compress2(context.get(), packed.data(), packed.size(), text.data(), text.size());
    return cut(std::move(packed), size, ZSTD_isError(size) == 0);
}

std::string lz4(std::string_view text) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    std::string packed(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
    const auto size =
        LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), &preferences);
    return cut(std::move(packed), size, LZ4F_isError(size) == 0);
}

std::string xz(std::string_view text) {
    std::string packed(lzma_stream_buffer_bound(text.size()), '\0');
    std::size_t size = 0;
    const bool worked =
        lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, bytes_of(text), text.size(),
                                bytes_of(packed), &size, packed.size()) == LZMA_OK;
    return cut(std::move(packed), size, worked);
}

}  // namespace

std::string compressed(sources::Compression compression, std::string_view text) {
    switch (compression) {
        case sources::Compression::gzip:
            return gzip(text);
        case sources::Compression::zstd:
            return zstd(text);
        case sources::Compression::lz4:
            return lz4(text);
        case sources::Compression::xz:
            return xz(text);
        case sources::Compression::none:
            break;
    }
    return std::string(text);
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
#include "sources/unpacked_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/interrupt.h"
#include "sources/recognise.h"

namespace sources {

namespace {
using base::ErrorKind;
using base::Result;

constexpr std::size_t k_block = 1U << 16U;
}  // namespace

UnpackedInput::UnpackedInput(std::unique_ptr<OpenedInput> packed, Compression compression)
    : OpenedInput(packed->name()),
      packed_(std::move(packed)),
      compression_(compression),
      decoder_(make_decoder(compression)),
      block_(k_block, '\0') {}

Result<void> UnpackedInput::take_more(base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto count, packed_->read(block_.data(), block_.size(), deadline));
    ahead_ = std::string_view(block_).substr(0, count);
    at_end_ = count == 0;
    return {};
}

// gzip and xz files may be filled up with zeros, as tapes and some programs leave them.
void UnpackedInput::pass_padding() {
    const bool padded = compression_ == Compression::gzip || compression_ == Compression::xz;
    if (!between_ || !follows_ || !padded) return;
    const auto count = std::min(ahead_.find_first_not_of('\0'), ahead_.size());
    ahead_.remove_prefix(count);
    at_ += count;
}

Result<std::size_t> UnpackedInput::read_on(char* into, std::size_t size, base::Deadline deadline) {
    while (!base::interrupted() && !deadline.passed()) {
        if (ahead_.empty() && !at_end_) BASE_TRY(take_more(deadline));
        pass_padding();
        if (ahead_.empty() && between_) {
            if (at_end_) return std::size_t{0};
            continue;
        }
        auto step = decoder_->step(ahead_, into, size);
        if (!step) return damaged(step.error());
        if (at_end_ && step->taken == 0 && step->made == 0 && !step->ended) return cut_off();
        ahead_.remove_prefix(step->taken);
        at_ += step->taken;
        between_ = step->ended;
        follows_ = follows_ || step->ended;
        begins_ = step->ended || (begins_ && step->made == 0);
        if (step->made > 0) return step->made;
    }
    return base::fail(ErrorKind::deadline, base::interrupted()
                                               ? std::string("interrupted")
                                               : fmt::format("{} did not end in time", name()));
}

tl::unexpected<base::Error> UnpackedInput::damaged(const base::Error& error) const {
    if (error.kind != ErrorKind::invalid_input) return base::fail(error);
    const auto program = to_text(compression_);
    auto hint =
        fmt::format("'{} --test FILE' checks a file; get it again, or take an older one", program);
    if (begins_ && follows_) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("{}: the {} stream is followed by something else at byte {}: {}", name(),
                        program, at_, error.message),
            std::move(hint));
    }
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} is damaged after byte {} of what {} compressed: {}", name(),
                                  at_, program, error.message),
                      std::move(hint));
}

tl::unexpected<base::Error> UnpackedInput::cut_off() const {
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} ends after {} bytes, in the middle of what {} compressed: it "
                                  "was cut off",
                                  name(), at_, to_text(compression_)),
                      "was a download or the program that wrote it interrupted? get it again");
}

Result<Unpacked> unpacked(std::unique_ptr<OpenedInput> input, base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto beginning, input->beginning(k_telling_bytes, deadline));
    const auto compression = compression_of(beginning);
    if (compression == Compression::none) return Unpacked{std::move(input)};
    return Unpacked{std::make_unique<UnpackedInput>(std::move(input), compression), compression};
}

Result<Unpacked> open_unpacked(const std::string& path, base::Deadline deadline) {
    BASE_TRY_ASSIGN(auto file, FileInput::open(path));
    return unpacked(std::move(file), deadline);
}

}  // namespace sources

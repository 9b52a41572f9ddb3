// SPDX-License-Identifier: Apache-2.0
#include "app/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "app/cli/print.h"
#include "base/words.h"

namespace cli {

namespace {

constexpr std::chrono::seconds k_unseen(1);
constexpr std::chrono::milliseconds k_frame(120);
constexpr std::array<std::string_view, 4> k_frames{"|", "/", "-", "\\"};
constexpr std::string_view k_wipe = "\r\x1b[K";

bool is_terminal() {
    const char* kind = getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nothing sets it
    return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

Progress::Progress(Shown shown) : shown_(shown == Shown::on_a_terminal && is_terminal()) {}

Progress::~Progress() {
    quiet();
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    woken_.notify_one();
    if (painter_.joinable()) painter_.join();
}

void Progress::tell(std::string_view what) {
    if (!shown_) return;
    const std::lock_guard lock(mutex_);
    what_ = base::harmless_line(what);
    if (!painter_.joinable()) painter_ = std::thread([this] { draw_until_done(); });
}

void Progress::quiet() {
    const std::lock_guard lock(mutex_);
    what_.clear();
    if (drawn_) print_raw_notice(k_wipe);
    drawn_ = false;
}

void Progress::draw_until_done() {
    // Signals are the main thread's.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, k_unseen, [this] { return done_; });
    for (std::size_t frame = 0; !done_; ++frame) {
        if (!what_.empty()) {
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
                std::chrono::steady_clock::now() - start);
            print_raw_notice(fmt::format("{}{} {} ({} s)", k_wipe,
                                         k_frames.at(frame % k_frames.size()), what_,
                                         seconds.count()));
            drawn_ = true;
        }
        woken_.wait_for(lock, k_frame, [this] { return done_; });
    }
}

}  // namespace cli

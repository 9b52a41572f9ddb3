// SPDX-License-Identifier: Apache-2.0
//
// What a client sees of a Postgres that is starting up, for as long as a test likes: every login is
// refused with 57P03. One thread of its own, joined by the destructor.
#pragma once

#include <atomic>
#include <thread>

namespace support {

class StartingServer {
   public:
    // Listens on 127.0.0.1:`port`. Throws std::runtime_error when it cannot.
    explicit StartingServer(int port);
    StartingServer(const StartingServer&) = delete;
    StartingServer& operator=(const StartingServer&) = delete;
    ~StartingServer();

    // Logins refused so far. From any thread.
    int refusals() const { return refusals_; }

   private:
    void serve();

    int listener_;
    std::atomic<bool> over_{false};
    std::atomic<int> refusals_{0};
    std::thread thread_;
};

}  // namespace support

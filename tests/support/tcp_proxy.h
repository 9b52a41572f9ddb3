// SPDX-License-Identifier: Apache-2.0
//
// A wire that tests can cut: listens on a port of 127.0.0.1 and forwards to another port there,
// until it is told to do worse. One thread of its own, joined by the destructor. Every member may
// be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace support {

class TcpProxy {
   public:
    // Forwards to `target_port`. Throws std::runtime_error when it cannot listen.
    explicit TcpProxy(int target_port);
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;
    ~TcpProxy();

    int port() const;

    // Everything works again, for connections that still stand and for new ones.
    void forward();
    // Every byte of either direction arrives this much later; connections too.
    void delay(std::chrono::milliseconds time);
    // Nothing arrives any more, nobody is told: a network that is gone.
    void stall();
    // Closes every connection in an orderly way. New ones are accepted as before.
    void drop();
    // Ends every connection with a TCP reset. New ones are accepted as before.
    void reset();
    // Ends every connection, and each new one as soon as it is made, until forward().
    void refuse();
    // Passes on what a client sends up to and including the packet that holds `text`, once; then
    // resets that connection, so that the client never sees an answer.
    void reset_after_request(std::string text);
    // The same, but what follows is a stall: the request has arrived, and nobody is told anything.
    void stall_after_request(std::string text);
    // New connections go to this port from now on; those that stand stay where they are.
    void redirect(int target_port);

    // Connections accepted so far, refused ones included.
    std::size_t connections() const;

    // What clients have sent so far, in the order in which it was passed on.
    struct Sent {
        std::size_t connection;  // counts from 1
        std::string bytes;       // empty: the client's end of stream
    };
    std::vector<Sent> sent() const;
    // The same once every client so far has ended its side and that was passed on, so nothing that
    // a process said before it ended is missing. Blocks until then, for a client that stays
    // forever.
    std::vector<Sent> sent_by_departed() const;

   private:
    class Loop;
    std::unique_ptr<Loop> loop_;
};

}  // namespace support

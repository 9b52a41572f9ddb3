// SPDX-License-Identifier: Apache-2.0
#include "support/tcp_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

class Socket {
   public:
    explicit Socket(int fd) : fd_(fd) {
        const int yes = 1;
        if (fd_ >= 0) setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd_ >= 0) close(fd_);
    }
    int fd() const { return fd_; }
    // Makes the close that follows a reset instead of an orderly end.
    void make_close_abrupt() const {
        const linger now{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }

   private:
    int fd_;
};

struct Packet {
    Clock::time_point due;
    std::string bytes;  // empty: the sender's end of stream
};

// One direction of a connection.
struct Lane {
    Lane(int from_socket, int to_socket) : from(from_socket), to(to_socket) {}
    int from;
    int to;
    std::deque<Packet> packets = {};
    bool reading = true;
};

struct Link {
    Link(int client_fd, int server_fd, std::size_t its_number)
        : client(client_fd), server(server_fd), number(its_number) {}
    Socket client;
    Socket server;
    Lane request{client.fd(), server.fd()};
    Lane answer{server.fd(), client.fd()};
    std::size_t number;
    bool over = false;
};

int connect_to(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

}  // namespace

// The thread and what it works on. Orders change the state under the mutex and ring the bell.
class TcpProxy::Loop {
   public:
    enum class Mode { forward, stall, refuse };
    enum class Ending { orderly, abrupt };

    explicit Loop(int target_port)
        : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
          bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          target_port_(target_port) {
        auto address = loopback(0);
        socklen_t size = sizeof address;
        auto* name = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_.fd(), name, size) != 0 || listen(listener_.fd(), 64) != 0 ||
            getsockname(listener_.fd(), name, &size) != 0) {
            throw std::runtime_error("the proxy cannot listen");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        order([this] { stopping_ = true; });
        thread_.join();
    }

    int port() const { return port_; }
    std::size_t connections() const {
        const std::lock_guard lock(mutex_);
        return connections_;
    }
    std::vector<Sent> sent() const {
        const std::lock_guard lock(mutex_);
        return sent_;
    }
    std::vector<Sent> sent_by_departed() const {
        std::unique_lock lock(mutex_);
        worked_.wait(lock, [this] {
            return std::ranges::all_of(links_, [](const Link& link) {
                return !link.request.reading && link.request.packets.empty();
            });
        });
        return sent_;
    }

    void set(Mode mode, std::chrono::milliseconds delay) {
        order([&] {
            mode_ = mode;
            delay_ = delay;
            if (mode == Mode::refuse) end_all(Ending::abrupt);
        });
    }
    void end(Ending ending) {
        order([&] { end_all(ending); });
    }
    enum class Fate { reset, stall };
    void watch_for(std::string text, Fate fate) {
        order([&] {
            fatal_request_ = std::move(text);
            fate_ = fate;
        });
    }
    void redirect(int target_port) {
        order([&] { target_port_ = target_port; });
    }

   private:
    template <typename Change>
    void order(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto rung = write(bell_.fd(), &one, sizeof one);
    }

    void end_all(Ending ending) {
        for (auto& link : links_) finish(link, ending);
        links_.clear();
    }

    static void finish(Link& link, Ending ending) {
        link.over = true;
        if (ending == Ending::orderly) return;
        link.client.make_close_abrupt();
        link.server.make_close_abrupt();
    }

    void run() {
        for (;;) {
            std::vector<pollfd> waits;
            int patience = -1;
            {
                const std::lock_guard lock(mutex_);
                if (stopping_) return;
                waits = sockets_to_read();
                patience = time_until_next_packet();
            }
            poll(waits.data(), waits.size(), patience);
            const std::lock_guard lock(mutex_);
            std::uint64_t rings = 0;
            [[maybe_unused]] const auto heard = read(bell_.fd(), &rings, sizeof rings);
            accept_all();
            work();
            worked_.notify_all();
        }
    }

    std::vector<pollfd> sockets_to_read() const {
        std::vector<pollfd> waits{{bell_.fd(), POLLIN, 0}, {listener_.fd(), POLLIN, 0}};
        if (mode_ != Mode::forward) return waits;
        for (const auto& link : links_) {
            for (const auto* lane : {&link.request, &link.answer}) {
                if (lane->reading) waits.push_back({lane->from, POLLIN, 0});
            }
        }
        return waits;
    }

    int time_until_next_packet() const {
        if (mode_ != Mode::forward) return -1;
        std::optional<Clock::time_point> next;
        for (const auto& link : links_) {
            for (const auto* lane : {&link.request, &link.answer}) {
                if (lane->packets.empty()) continue;
                const auto due = lane->packets.front().due;
                next = next ? std::min(*next, due) : due;
            }
        }
        if (!next) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
        return static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
    }

    void accept_all() {
        for (;;) {
            const int client = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            ++connections_;
            const int server = mode_ == Mode::refuse ? -1 : connect_to(target_port_);
            if (server >= 0) {
                links_.emplace_back(client, server, connections_);
            } else {
                Socket(client).make_close_abrupt();
            }
        }
    }

    void work() {
        for (auto& link : links_) {
            if (mode_ != Mode::forward) return;
            take(link, link.request);
            take(link, link.answer);
            pass_on(link, link.request);
            if (mode_ == Mode::forward) pass_on(link, link.answer);
            const bool ended = !link.request.reading && !link.answer.reading;
            const bool empty = link.request.packets.empty() && link.answer.packets.empty();
            if (ended && empty) link.over = true;
        }
        links_.remove_if([](const Link& link) { return link.over; });
    }

    void take(Link& link, Lane& lane) const {
        std::array<char, 65536> block{};
        while (lane.reading && !link.over) {
            const auto count = recv(lane.from, block.data(), block.size(), MSG_DONTWAIT);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (count < 0) return finish(link, Ending::abrupt);
            lane.reading = count > 0;
            lane.packets.push_back(
                {Clock::now() + delay_, {block.data(), static_cast<std::size_t>(count)}});
        }
    }

    void pass_on(Link& link, Lane& lane) {
        while (!link.over && !lane.packets.empty() && lane.packets.front().due <= Clock::now()) {
            const auto bytes = std::move(lane.packets.front().bytes);
            lane.packets.pop_front();
            if (&lane == &link.request) sent_.push_back({link.number, bytes});
            if (bytes.empty()) {
                shutdown(lane.to, SHUT_WR);
                continue;
            }
            if (!send_all(lane.to, bytes)) return finish(link, Ending::abrupt);
            const bool fatal = &lane == &link.request && !fatal_request_.empty() &&
                               bytes.find(fatal_request_) != std::string::npos;
            if (!fatal) continue;
            fatal_request_.clear();
            if (fate_ == Fate::stall) {
                mode_ = Mode::stall;
                return;
            }
            // The request must arrive: only the client's side is cut at once.
            link.client.make_close_abrupt();
            link.over = true;
        }
    }

    static bool send_all(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    const Socket listener_;
    const Socket bell_;
    int port_ = 0;

    mutable std::mutex mutex_;  // guards what follows
    int target_port_;
    Mode mode_ = Mode::forward;
    std::chrono::milliseconds delay_{0};
    std::string fatal_request_;
    Fate fate_ = Fate::reset;
    std::list<Link> links_;
    std::size_t connections_ = 0;
    std::vector<Sent> sent_;
    bool stopping_ = false;
    mutable std::condition_variable worked_;

    std::thread thread_;
};

TcpProxy::TcpProxy(int target_port) : loop_(std::make_unique<Loop>(target_port)) {}
TcpProxy::~TcpProxy() = default;

int TcpProxy::port() const { return loop_->port(); }
std::size_t TcpProxy::connections() const { return loop_->connections(); }
std::vector<TcpProxy::Sent> TcpProxy::sent() const { return loop_->sent(); }
std::vector<TcpProxy::Sent> TcpProxy::sent_by_departed() const { return loop_->sent_by_departed(); }

void TcpProxy::forward() { loop_->set(Loop::Mode::forward, std::chrono::milliseconds(0)); }
void TcpProxy::delay(std::chrono::milliseconds time) { loop_->set(Loop::Mode::forward, time); }
void TcpProxy::stall() { loop_->set(Loop::Mode::stall, std::chrono::milliseconds(0)); }
void TcpProxy::drop() { loop_->end(Loop::Ending::orderly); }
void TcpProxy::reset() { loop_->end(Loop::Ending::abrupt); }
void TcpProxy::refuse() { loop_->set(Loop::Mode::refuse, std::chrono::milliseconds(0)); }
void TcpProxy::reset_after_request(std::string text) {
    loop_->watch_for(std::move(text), Loop::Fate::reset);
}
void TcpProxy::stall_after_request(std::string text) {
    loop_->watch_for(std::move(text), Loop::Fate::stall);
}
void TcpProxy::redirect(int target_port) { loop_->redirect(target_port); }

}  // namespace support

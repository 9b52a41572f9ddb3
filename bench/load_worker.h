// SPDX-License-Identifier: Apache-2.0
//
// One of the workers that load a server: a Manager with a session of its own, which it keeps, and
// environments of its own. Each object is for one thread at a time.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "environment/manager.h"
#include "pg/connection_info.h"
#include "server/live_server.h"

namespace bench {

enum class Verb { get, create_again, extend, rotate, reset, make_anew };
inline constexpr std::array k_verbs{Verb::get,    Verb::create_again, Verb::extend,
                                    Verb::rotate, Verb::reset,        Verb::make_anew};
std::string_view to_text(Verb verb);

// How often each of k_verbs, in any unit.
using Mix = std::array<double, k_verbs.size()>;
inline constexpr Mix k_everything{40, 20, 20, 12, 3, 5};
inline constexpr Mix k_two_verbs{1, 0, 1};  // get and extend: all in one session

// What came of many calls.
struct Tally {
    std::map<Verb, std::vector<double>> milliseconds;  // of each success
    std::map<std::string, int> errors;                 // by kind
    void add(const Tally& other);
    std::size_t successes() const;
};

class Worker {
   public:
    // Makes its environments, `environments` of them. Throws std::runtime_error.
    Worker(const pg::ConnectionInfo& login, std::size_t number, std::size_t environments);

    // One call about one of its environments, counted.
    void call(Verb verb, std::size_t environment);
    void call_at_random(const Mix& mix);

    const Tally& tally() const { return tally_; }
    void forget_tally() { tally_ = {}; }

   private:
    base::Result<void> carry_out(Verb verb, const environment::Name& name);

    base::Log log_{base::LogLevel::off, base::LogFormat::text};
    server::LiveServer server_;
    environment::Manager manager_;
    std::vector<environment::Name> names_;
    std::mt19937_64 chance_;
    Tally tally_;
};

// Makes `count` of them at once. Throws what one of them throws.
std::vector<std::unique_ptr<Worker>> hire(const pg::ConnectionInfo& login, std::size_t count,
                                          std::size_t environments);

struct Shift {
    Tally tally;
    double seconds = 0;
    double throughput() const { return static_cast<double>(tally.successes()) / seconds; }
};

// All of them work at once, for `seconds`.
Shift work(const std::vector<std::unique_ptr<Worker>>& workers, const Mix& mix, double seconds);

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
//
// What befalls the branches of a team, by chance and again by its seed: they are opened, pushed to,
// closed, opened again, merged and deleted, and what a forge tells of that arrives late, twice, out
// of order or never, and some of the processes that act on it die. And what must be so at the end,
// once a sweep has seen the true branches.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "environment/plan.h"
#include "environment/sweep.h"

namespace support {

// One event, as it arrives.
struct Delivery {
    std::string branch;
    bool creates = false;  // opened, pushed to, opened again; else closed, merged, deleted
    environment::Time event_at;
    int pull_request = 0;
    std::string commit;
    std::optional<int> dies_after;  // so many effects; nothing: it does not die
};

struct Schedule {
    std::vector<Delivery> deliveries;
    std::set<std::string> branches;  // that there were
    std::set<std::string> open;      // that are there at the end
    std::set<std::string>
        must_exist;                // the last event of each was delivered, and nobody died of it
    std::set<std::string> buried;  // the close of each was delivered, and nobody died of it
    std::vector<Delivery> stragglers;  // of branches that are gone, delivered after the sweep
};

inline constexpr const char* k_schedule_repository = "example.com/shop/web";

// All events happened in the hour before `now`.
Schedule make_schedule(std::uint64_t seed, environment::Time now);

environment::CreateWish create_wish(const environment::Project& project, const Delivery& delivery);
environment::Wish removal_wish(const environment::Project& project, const Delivery& delivery);
// What a source says at the end, and whole.
environment::Truth truth_at_the_end(const Schedule& schedule);

// What is wrong with the environments that are there after the sweep; empty when nothing is.
std::string wrong_after_sweep(const Schedule& schedule, const std::set<std::string>& living);
// The same after the stragglers. `before`: what was there before the sweep. What nobody ever heard
// of may come back, until the next sweep.
std::string wrong_after_stragglers(const Schedule& schedule, const std::set<std::string>& before,
                                   const std::set<std::string>& living);

}  // namespace support

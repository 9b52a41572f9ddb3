// SPDX-License-Identifier: Apache-2.0
#include "support/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "support/must.h"

namespace support {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

namespace {

// One branch's life, in the order in which it happens.
class Life {
   public:
    Life(std::mt19937_64& chance, std::string branch, int number, Time begin)
        : chance_(chance), branch_(std::move(branch)), number_(number), now_(begin) {}

    std::vector<Delivery> live() {
        const int length = pick(1, 7);
        happens(true);
        for (int i = 0; i < length; ++i) {
            if (!open_) {
                if (pick(0, 2) > 0) happens(true);  // opened again, with the same commit
                continue;
            }
            const int what = pick(0, 3);
            if (what < 2) commit_ = fmt::format("{}-{}", branch_, ++pushes_);
            happens(what < 2);
        }
        return std::move(events_);
    }
    bool is_open() const { return open_; }

   private:
    int pick(int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(chance_);
    }
    void happens(bool creates) {
        now_ += std::chrono::seconds(pick(1, 200));
        open_ = creates;
        events_.push_back({branch_, creates, now_, number_, commit_, std::nullopt});
    }

    std::mt19937_64& chance_;
    std::string branch_;
    int number_;
    Time now_;
    bool open_ = false;
    int pushes_ = 0;
    std::string commit_ = "first";
    std::vector<Delivery> events_;
};

}  // namespace

Schedule make_schedule(std::uint64_t seed, Time now) {
    std::mt19937_64 chance(seed);
    const auto pick = [&](int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(chance);
    };
    Schedule schedule;
    // When each delivery arrives, in seconds; events of one branch overtake each other.
    std::vector<std::pair<double, Delivery>> arrivals;
    const int branches = pick(1, 4);
    for (int i = 1; i <= branches; ++i) {
        const auto branch = fmt::format("feature/{}", i);
        schedule.branches.insert(branch);
        Life life(chance, branch, i, now - std::chrono::hours(1));
        const auto events = life.live();
        if (life.is_open()) schedule.open.insert(branch);
        for (const auto& event : events) {
            if (!life.is_open()) schedule.stragglers.push_back(event);
            const int times = pick(0, 9) == 0 ? 0 : pick(0, 4) == 0 ? 2 : 1;
            for (int k = 0; k < times; ++k) {
                auto arriving = event;
                if (pick(0, 4) == 0) arriving.dies_after = pick(0, 12);
                const bool last = event.event_at == events.back().event_at;
                if (last && !arriving.dies_after) {
                    (life.is_open() ? schedule.must_exist : schedule.buried).insert(branch);
                }
                const auto happened =
                    std::chrono::duration<double>(event.event_at.time_since_epoch());
                const double late = pick(0, 2) == 0 ? pick(0, 1500) : pick(0, 20);
                arrivals.emplace_back(happened.count() + late, std::move(arriving));
            }
        }
    }
    std::ranges::stable_sort(arrivals, {}, [](const auto& one) { return one.first; });
    for (auto& one : arrivals) schedule.deliveries.push_back(std::move(one.second));
    return schedule;
}

CreateWish create_wish(const Project& project, const Delivery& delivery) {
    CreateWish wish{project, must(Name::parse(delivery.branch)), {}, {}, std::nullopt};
    wish.origin = {k_schedule_repository, delivery.branch, delivery.pull_request, delivery.commit};
    wish.event_at = delivery.event_at;
    return wish;
}

Wish removal_wish(const Project& project, const Delivery& delivery) {
    Wish wish{project, must(Name::parse(delivery.branch)), k_schedule_repository, "closed"};
    wish.event_at = delivery.event_at;
    wish.pull_request = delivery.pull_request;
    wish.commit = delivery.commit;
    return wish;
}

Truth truth_at_the_end(const Schedule& schedule) {
    Truth truth;
    truth.source = "the test";
    truth.repository = k_schedule_repository;
    truth.refs.insert("main");
    truth.refs.insert(schedule.open.begin(), schedule.open.end());
    truth.complete = true;
    return truth;
}

std::string wrong_after_sweep(const Schedule& schedule, const std::set<std::string>& living) {
    std::string wrong;
    for (const auto& branch : schedule.branches) {
        const bool lives = living.contains(branch);
        if (lives && !schedule.open.contains(branch)) wrong += branch + " was not swept\n";
        if (!lives && schedule.must_exist.contains(branch)) wrong += branch + " is missing\n";
    }
    return wrong;
}

std::string wrong_after_stragglers(const Schedule& schedule, const std::set<std::string>& before,
                                   const std::set<std::string>& living) {
    std::string wrong;
    for (const auto& branch : living) {
        const bool known = before.contains(branch) || schedule.buried.contains(branch);
        if (known && !schedule.open.contains(branch)) wrong += branch + " came back\n";
    }
    return wrong;
}

}  // namespace support

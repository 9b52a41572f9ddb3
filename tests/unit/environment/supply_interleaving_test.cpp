// SPDX-License-Identifier: Apache-2.0
//
// Two and three processes at once, at work on templates and the pool: whichever takes its turn
// when, and also when one of them dies on its way. What is given is given once, never more is built
// than there is to be, and in the end everything agrees.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "support/stride.h"
#include "support/supply_place.h"
#include "support/turns.h"
#include "unit/environment/supply_deeds.h"

namespace {

using supply::Act;
using support::Choice;
using support::FakeProcess;
using support::FakeWorld;
using support::Fate;
using support::Mishap;
using support::must;
using support::Turn;

// One of those at once: what it does, and what may become of it.
struct Party {
    Act act;
    bool may_fail = false;  // somebody else has its lock, or has removed what it is about
    Fate fate = {};
};

struct Meeting {
    std::string name;
    std::vector<Party> parties;
    std::function<void(FakeWorld&)> before = {};
    int most_interruptions = 2;
};

// At no moment there are more of a template in the pool than are to be, or were at the beginning.
class Watch {
   public:
    explicit Watch(const FakeWorld& world) : world_(world) {
        look();
        before_ = most_over_;
    }

    void look() {
        for (const auto& [of, target] : world_.pool) {
            const auto count = std::ranges::count_if(world_.instances, [&](const auto& one) {
                const auto& [record, row] = std::tie(one.second.record, one.second);
                const bool is_built =
                    record.state == environment::InstanceState::building && row.purpose == "pool";
                return record.database_template == of.second &&
                       (is_built || record.state == environment::InstanceState::warm);
            });
            most_over_ = std::max(most_over_, static_cast<int>(count) - target);
        }
    }
    bool was_too_large() const { return most_over_ > before_; }

   private:
    const FakeWorld& world_;
    int before_ = 0;
    int most_over_ = 0;
};

// A turn at whose end somebody looks.
class WatchedTurn final : public Turn {
   public:
    WatchedTurn(Turn& turn, Watch& watch) : turn_(turn), watch_(watch) {}
    void pass() override {
        watch_.look();
        turn_.pass();
    }
    void wait() override {
        watch_.look();
        turn_.wait();
    }

   private:
    Turn& turn_;
    Watch& watch_;
};

// What was wrong in one order; empty where nothing was.
std::string meet(const Meeting& meeting, FakeWorld& world, std::vector<Choice>& choices,
                 bool& somebody_died) {
    std::string wrong;
    Watch watch(world);
    std::vector<support::TurnDeed> deeds;
    for (const auto& party : meeting.parties) {
        deeds.push_back([&](Turn& given) {
            WatchedTurn turn(given, watch);
            FakeProcess process(world, party.fate, &turn);
            turn.pass();
            const auto done = party.act(process);
            somebody_died = somebody_died || process.fate().dead;
            const bool fine = done || party.may_fail || process.fate().dead;
            if (!fine) wrong += "it fails: " + done.error().message + "\n";
        });
    }
    choices = support::take_turns(deeds, choices);
    if (watch.was_too_large()) wrong += "the pool was too large\n";
    for (const auto& party : meeting.parties) {
        if (party.fate.mishap == Mishap::none) continue;
        FakeProcess again(world);
        const auto done = party.act(again);
        if (!done) wrong += "again it fails: " + done.error().message + "\n";
    }
    must(FakeProcess(world).fill_pool());
    support::finish_leftovers(world);
    return wrong + support::wrong_with(world);
}

// The sanitizers make all of it a matter of minutes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int k_most_interruptions = 1;
#else
constexpr int k_most_interruptions = 3;
#endif

// How many there were.
struct Orders {
    int count = 0;
    bool somebody_died = false;
};

Orders meet_in_every_order(const Meeting& meeting, const FakeWorld& supplied) {
    auto before = supplied;
    if (meeting.before) meeting.before(before);
    Orders orders;
    std::optional<std::vector<Choice>> choices = std::vector<Choice>();
    while (choices) {
        auto world = before;
        const auto wrong = meet(meeting, world, *choices, orders.somebody_died);
        ++orders.count;
        std::string taken;
        for (const auto& choice : *choices) taken += std::to_string(choice.taken);
        EXPECT_EQ(wrong, "") << meeting.name << " in order " << taken;
        if (testing::Test::HasFailure()) return orders;
        choices = support::next_order(*std::move(choices),
                                      std::min(meeting.most_interruptions, k_most_interruptions));
    }
    return orders;
}

class SupplyInterleaving : public testing::Test {
   protected:
    // Whether somebody died of its fate.
    bool meet(const Meeting& meeting) {
        const auto orders = meet_in_every_order(meeting, supplied_);
        orders_ += orders.count;
        return orders.somebody_died;
    }
    // The first of them dies at its first effect, at its second, and so on.
    void meet_death(Meeting meeting) {
        const auto name = meeting.name;
        bool died = true;
        int effect = 0;
        for (; died && !HasFailure(); effect += support::stride(7)) {
            meeting.name = fmt::format("{} at {}", name, effect);
            meeting.parties.front().fate = {Mishap::dies, effect};
            died = meet(meeting);
        }
        EXPECT_GT(effect, 4) << name;
    }
    void TearDown() override { fmt::print("{} orders\n", orders_); }

    FakeWorld supplied_ = supply::supplied_world();
    int orders_ = 0;
};

TEST_F(SupplyInterleaving, gives_to_each_claim_another_one) {
    meet({"two of one template",
          {{supply::create("a", "data")}, {supply::create("b", "data")}},
          {},
          3});
    meet({"two where there is one", {{supply::create("a")}, {supply::create("b")}}});
    meet({"three where there are two",
          {{supply::create("a", "data")},
           {supply::create("b", "data")},
           {supply::create("c", "data")}},
          {},
          1});
    meet({"two of one name",
          {{supply::create("a", "data"), true}, {supply::create("a", "data"), true}}});
    meet({"a claim and a reset", {{supply::create("a", "data")}, {supply::reset("login")}}});
    meet({"a claim and the delete of that name",
          {{supply::create("a", "data"), true}, {supply::deletion("a"), true}}});
}

TEST_F(SupplyInterleaving, builds_what_is_lacking_once) {
    const auto larger = [](auto& world) { supply::set_pool(world, "data", 4); };
    meet({"two fillers", {{supply::fill()}, {supply::fill()}}, larger, 2});
    meet({"three fillers",
          {{supply::fill()}, {supply::fill()}, {supply::fill()}},
          [](auto& world) { supply::set_pool(world, "data", 3); },
          1});
    meet({"a filler and a claim", {{supply::fill()}, {supply::create("a", "data")}}, larger, 2});
    meet({"a filler and two claims",
          {{supply::fill()}, {supply::create("a", "data")}, {supply::create("b", "data")}},
          {},
          1});
}

TEST_F(SupplyInterleaving, takes_nothing_out_of_the_pool_that_is_being_claimed) {
    const auto smaller = [](auto& world) { supply::set_pool(world, "data", 1); };
    meet(
        {"a smaller pool and a claim", {{supply::fill()}, {supply::create("a", "data")}}, smaller});
    meet({"two that retire and a claim",
          {{supply::fill()}, {supply::fill()}, {supply::create("a", "data")}},
          smaller,
          2});
    meet({"a superseded pool, a filler and a claim",
          {{supply::fill()}, {supply::create("a", "data")}},
          [](auto& world) { must(FakeProcess(world).make_template("data", "two")); }});
}

TEST_F(SupplyInterleaving, keeps_a_template_whole_while_others_use_it) {
    meet({"a refresh and a claim",
          {{supply::make_template("data", "two")}, {supply::create("a", "data")}}});
    meet({"a refresh and a clone",
          {{supply::make_template("seed", "two")}, {supply::create("a", "seed")}}});
    meet({"a refresh and a reset",
          {{supply::make_template("data", "two")}, {supply::reset("login")}},
          {},
          2});
    meet({"a refresh and a filler",
          {{supply::make_template("data", "two")}, {supply::fill()}},
          [](auto& world) { supply::set_pool(world, "data", 3); },
          2});
    meet({"two refreshes",
          {{supply::make_template("data", "two"), true},
           {supply::make_template("data", "three"), true}}});
    meet({"two of one new name",
          {{supply::make_template("more", "two"), true},
           {supply::make_template("more", "three"), true}}});
}

TEST_F(SupplyInterleaving, forgets_a_template_while_others_use_it) {
    meet({"forgetting and a claim",
          {{supply::forget_template("data"), true}, {supply::create("a", "data"), true}}});
    meet({"forgetting and a clone",
          {{supply::forget_template("seed")}, {supply::create("a", "seed"), true}}});
    meet({"forgetting and a filler",
          {{supply::forget_template("data"), true}, {supply::fill()}},
          [](auto& world) { supply::set_pool(world, "data", 3); },
          2});
    meet({"forgetting and a refresh",
          {{supply::forget_template("data"), true}, {supply::make_template("data", "two"), true}}});
}

// Whoever dies, the others do not wait for it, and what it held is found.
TEST_F(SupplyInterleaving, goes_on_when_one_of_them_dies) {
    const auto larger = [](auto& world) { supply::set_pool(world, "data", 3); };
    meet_death({"a filler dies",
                {{supply::fill()}, {supply::fill()}, {supply::create("a", "data")}},
                larger,
                1});
    meet_death(
        {"a claimer dies",
         {{supply::create("a", "data"), true}, {supply::fill()}, {supply::create("b", "data")}},
         larger,
         1});
    meet_death({"a refresh dies",
                {{supply::make_template("data", "two"), true}, {supply::fill()}},
                larger,
                1});
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Every verb from every state that hands, crashes and lost answers can bring an environment into,
// stopped and broken after every effect: it ends where it would have ended undisturbed, or was
// refused and changed nothing; nothing of others is touched, and nothing is left over.
#include "unit/environment/convergence_states.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "support/place.h"
#include "support/stride.h"

namespace {

using base::ErrorKind;
using base::Result;
using convergence::k_name;
using convergence::State;
using environment::Answer;
using environment::Outcome;
using support::FakeProcess;
using support::FakeWorld;
using support::Fate;
using support::k_mishaps;
using support::Mishap;
using support::Place;
using support::Verb;

struct Findings {
    int cases = 0;
    std::vector<std::string> wrong;

    void expect(bool right, const std::function<std::string()>& what) {
        if (!right) wrong.push_back(what());
    }
};

// One state and one verb.
class Case {
   public:
    // `sound` is how a finished environment looks, `empty` how a server without it.
    Case(const State& state, Verb verb, const Place& sound, const Place& empty, Findings& findings)
        : state_(state),
          verb_(verb),
          sound_(sound),
          empty_(empty),
          start_(support::start_of(state.world, k_name)),
          findings_(findings) {}

    // Undisturbed. How many effects it had; 0 when it was refused.
    int run() {
        ++findings_.cases;
        auto world = state_.world;
        int effects = 0;
        const auto answer = run_in(world, {}, &effects);
        check_bystanders(world);
        if (!answer) {
            check_refusal(answer.error(), world);
            return 0;
        }
        check_repetition(world);
        end_ = end_of(world);
        released_ = world;
        check_wish();
        return effects;
    }

    // With a mishap at each effect, and then again by another process.
    void disturb(Mishap mishap, int effects) {
        for (int effect = 0; effect < effects; ++effect) {
            ++findings_.cases;
            auto world = state_.world;
            const bool survived = run_in(world, {mishap, effect}).has_value();
            auto again = run_in(world, {});
            // It had happened, and nobody was told.
            const bool done =
                verb_ == Verb::release && !again && again.error().kind == ErrorKind::not_found;
            if (done) again = Answer{};
            const auto said = [&](const std::string& what) {
                return fmt::format("{}, mishap {} at {} of {} (survived {}): {}", title(),
                                   static_cast<int>(mishap), effect, effects, survived, what);
            };
            findings_.expect(again.has_value(), [&] { return said(again.error().message); });
            check_bystanders(world);
            if (!again) continue;
            const auto end = end_of(world);
            findings_.expect(end == end_, [&] {
                return said("ends otherwise:\n" + end.terms + end.health + "instead of\n" +
                            end_.terms + end_.health);
            });
        }
    }

   private:
    std::string title() const { return fmt::format("{}: {}", state_.name, to_text(verb_)); }

    Result<Answer> run_in(FakeWorld& world, const Fate& fate, int* effects = nullptr) const {
        FakeProcess process(world, fate);
        auto answer = process.carry_out(verb_, k_name);
        if (effects != nullptr) *effects = process.fate().begun;
        return answer;
    }

    Place end_of(FakeWorld& world) const {
        support::finish_leftovers(world);
        return support::place_of(world, k_name, start_);
    }

    void check_refusal(const base::Error& error, const FakeWorld& world) {
        // Of a foreign database that a row was made to name, Postgres itself says no.
        const bool denied = verb_ == Verb::remove && error.sqlstate == "42501";
        const bool clear = error.kind == ErrorKind::conflict || error.kind == ErrorKind::shielded ||
                           error.kind == ErrorKind::not_found || denied;
        findings_.expect(clear && !error.hint.empty(), [&] {
            return fmt::format("{}: refused as {} {}: {}", title(), facts_of(error.kind).name,
                               error.sqlstate, error.message);
        });
        findings_.expect(world.to_text() == state_.world.to_text(), [&] {
            return fmt::format("{}: refused, and changed something: {}", title(), error.message);
        });
    }

    // Where the verb can be done, doing it once more changes nothing.
    void check_repetition(const FakeWorld& world) {
        constexpr std::array k_anew{Verb::reset, Verb::rotate, Verb::extend, Verb::release};
        if (std::ranges::find(k_anew, verb_) != k_anew.end()) return;
        auto once = world;
        auto twice = world;
        const auto again = run_in(twice, {});
        const auto expected = verb_ == Verb::remove ? Outcome::absent : Outcome::unchanged;
        findings_.expect(again && again->outcome == expected, [&] {
            return fmt::format("{}, then again: {}", title(),
                               again ? to_text(again->outcome) : again.error().message);
        });
        support::finish_leftovers(once);
        support::finish_leftovers(twice);
        findings_.expect(once.to_text() == twice.to_text(),
                         [&] { return title() + ", then again: changed something"; });
    }

    // It is what the verb promises.
    void check_wish() {
        if (verb_ == Verb::remove) {
            findings_.expect(end_ == empty_,
                             [&] { return title() + " leaves\n" + end_.terms + end_.health; });
            return;
        }
        if (verb_ == Verb::release) {
            check_handed_over();
            return;
        }
        if (verb_ == Verb::close) {
            findings_.expect(end_.terms.starts_with("closed ") &&
                                 end_.health.find("open true half false") == std::string::npos,
                             [&] { return title() + " leaves it open\n" + end_.health; });
        } else if (verb_ != Verb::extend && verb_ != Verb::protect) {
            findings_.expect(end_.terms.starts_with("ready ") && end_.health == sound_.health,
                             [&] { return title() + " leaves\n" + end_.terms + end_.health; });
        }
        const auto name = start_.data ? state_.world.name_of(*start_.data) : std::string();
        const bool has_data = !name.empty() && !state_.world.databases.at(name).half_dropped;
        const bool goes = state_.name.find("delete died") != std::string::npos;
        findings_.expect(!has_data || goes || verb_ == Verb::reset ||
                             end_.terms.find("data kept true") != std::string::npos,
                         [&] { return title() + " loses the data"; });
    }

    // Its data are there, nobody's of ours, and beside them there is what there was without it.
    void check_handed_over() {
        const auto name = start_.data ? released_.name_of(*start_.data) : std::string();
        findings_.expect(!name.empty(), [&] { return title() + " loses the data"; });
        if (name.empty()) return;
        const auto& database = released_.databases.at(name);
        const auto login = released_.logins.find(database.owner);
        findings_.expect(database.comment.empty() && database.accepts_connections &&
                             login != released_.logins.end() && login->second.comment.empty() &&
                             login->second.can_login && database.may_use.contains(login->first),
                         [&] { return title() + " hands over what is not whole"; });
        auto others = released_;
        others.databases.erase(name);
        others.logins.erase(database.owner);
        others.secrets.erase("review_login");
        const auto rest = support::place_of(others, k_name, {});
        findings_.expect(rest == empty_,
                         [&] { return title() + " leaves\n" + rest.terms + rest.health; });
    }

    // Nothing that is not the environment's own was changed or dropped.
    void check_bystanders(const FakeWorld& world) {
        const bool touched = std::ranges::any_of(
            world.touched, [&](auto oid) { return state_.bystanders.contains(oid); });
        findings_.expect(!touched, [&] { return title() + ": touched what is not its own"; });
    }

    const State& state_;
    Verb verb_;
    const Place& sound_;
    const Place& empty_;
    support::Start start_;
    Findings& findings_;
    Place end_;
    FakeWorld released_;  // as it is after it
};

// Two drifts at once, and a drift after a crash, are disturbed as well where all of it is asked
// for: that takes a minute.
int most_drifts_to_disturb(const State& state) {
    constexpr int k_all = 2;
    if (support::is_exhaustive()) return k_all;
    return state.name == "create" ? 1 : 0;
}

Findings explore(int every) {
    Findings findings;
    const int rare = every * support::stride(3);
    int pairs = 0;
    int twos = 0;
    const auto states = convergence::states();
    const auto sound = support::place_of(states[1].world, k_name, {});
    const auto empty = support::place_of(states[0].world, k_name, {});
    for (const auto& state : states) {
        for (const auto& start : convergence::drifted(state, rare, twos)) {
            // What nobody changed by hand goes through all of it every day; of the twos, a part was
            // chosen already.
            const int share = start.drifts == 0 ? every : start.drifts == 1 ? rare : 1;
            for (const auto verb : support::k_verbs) {
                if (pairs++ % share != 0) continue;
                Case one(start, verb, sound, empty, findings);
                const int effects = one.run();
                if (start.drifts > most_drifts_to_disturb(state)) continue;
                for (const auto mishap : k_mishaps) one.disturb(mishap, effects);
            }
        }
    }
    return findings;
}

TEST(Convergence, ends_where_it_should_from_every_state_through_every_mishap) {
    // Of the pairs of a state and a verb.
    const int every = support::stride(41);
    const auto findings = explore(every);
    constexpr std::size_t k_shown = 20;
    for (std::size_t i = 0; i < std::min(findings.wrong.size(), k_shown); ++i) {
        ADD_FAILURE() << findings.wrong[i];
    }
    EXPECT_EQ(findings.wrong.size(), 0U);
    EXPECT_GT(findings.cases, 10'000 / every);
    fmt::print("{} cases\n", findings.cases);
}

}  // namespace

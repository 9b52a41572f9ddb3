// SPDX-License-Identifier: Apache-2.0
//
// Every verb from every state that hands, crashes and lost answers can bring an environment into,
// stopped and broken after every effect: it ends where it would have ended undisturbed, or was
// refused and changed nothing; nothing of others is touched, and nothing is left over.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "support/drifts.h"
#include "support/fake_process.h"
#include "support/must.h"
#include "support/place.h"

namespace {

using base::ErrorKind;
using base::Result;
using environment::Answer;
using environment::Outcome;
using support::Drift;
using support::FakeProcess;
using support::FakeWorld;
using support::Fate;
using support::Mishap;
using support::must;
using support::Verb;

constexpr const char* k_name = "login";

struct State {
    std::string name;
    FakeWorld world;
};

// What happened to be wrong, and how often something was tried.
struct Findings {
    int cases = 0;
    std::vector<std::string> wrong;

    void expect(bool right, const std::function<std::string()>& what) {
        if (!right) wrong.push_back(what());
    }
};

// The states that a verb leaves which died after each of its effects.
void add_unfinished(std::vector<State>& states, const State& from, Verb verb) {
    for (int effects = 0;; ++effects) {
        State state{fmt::format("{}, {} died after {}", from.name, to_text(verb), effects),
                    from.world};
        FakeProcess process(state.world, {Mishap::dies, effects});
        if (process.carry_out(verb, k_name)) return;
        state.world.locks.clear();
        states.push_back(std::move(state));
    }
}

std::vector<State> states() {
    std::vector<State> all;
    State nothing{"nothing", support::inhabited_world()};
    State made{"ready", nothing.world};
    must(FakeProcess(made.world).carry_out(Verb::create, k_name));
    State closed{"closed", made.world};
    must(FakeProcess(closed.world).carry_out(Verb::close, k_name));
    all.push_back(made);
    all.push_back(closed);
    add_unfinished(all, nothing, Verb::create);
    for (const auto verb : {Verb::reset, Verb::rotate, Verb::close, Verb::remove}) {
        add_unfinished(all, made, verb);
    }
    add_unfinished(all, closed, Verb::open);
    for (auto& state : all) state.world.touched.clear();
    return all;
}

// `state` after each drift, and after each two of them; without those that changed nothing.
std::vector<State> drifted(const State& state, bool in_pairs) {
    std::vector<State> all{state};
    const auto with = [&](const State& from, const Drift& drift) {
        State after{fmt::format("{}, {}", from.name, drift.name), from.world};
        auto* row = after.world.find_environment("review", k_name);
        if (row != nullptr) drift.apply(after.world, *row);
        return after;
    };
    const auto changed = [](const State& a, const State& b) {
        return a.world.to_text() != b.world.to_text();
    };
    const auto drifts = support::drifts();
    for (std::size_t i = 0; i < drifts.size(); ++i) {
        auto one = with(state, drifts[i]);
        if (!changed(state, one)) continue;
        for (std::size_t k = i + 1; in_pairs && k < drifts.size(); ++k) {
            auto two = with(one, drifts[k]);
            if (changed(one, two)) all.push_back(std::move(two));
        }
        all.push_back(std::move(one));
    }
    return all;
}

// One state and one verb.
class Case {
   public:
    Case(const State& state, Verb verb, Findings& findings)
        : state_(state), verb_(verb), start_(support::start_of(state.world, k_name)),
          findings_(findings) {}

    // Undisturbed; how many effects it had, or nothing when it was refused.
    std::optional<int> run() {
        ++findings_.cases;
        auto world = state_.world;
        int effects = 0;
        const auto answer = run_in(world, {}, effects);
        if (!answer) {
            check_refusal(answer.error(), world);
            return std::nullopt;
        }
        check_repetition(world, answer->outcome);
        end_ = end_of(world);
        check_place();
        return effects;
    }

    void disturb(Mishap mishap, int effects) {
        for (int effect = 0; effect < effects; ++effect) {
            ++findings_.cases;
            auto world = state_.world;
            int ignored = 0;
            const auto first = run_in(world, {mishap, effect}, ignored);
            const bool done = first.has_value();
            const auto again = run_in(world, {}, ignored);
            const auto said = [&](const std::string& what) {
                return fmt::format("{}: mishap {} at {} of {}: {}", title(), static_cast<int>(mishap),
                                   effect, effects, what);
            };
            if (!again) {
                findings_.wrong.push_back(said("then " + again.error().message));
                continue;
            }
            const auto end = end_of(world);
            findings_.expect(end == end_, [&] {
                return said(fmt::format("ends otherwise ({}):\n{}instead of\n{}", done, end, end_));
            });
        }
    }

   private:
    std::string title() const { return fmt::format("{}: {}", state_.name, to_text(verb_)); }

    Result<Answer> run_in(FakeWorld& world, const Fate& fate, int& effects) const {
        FakeProcess process(world, fate);
        auto answer = process.carry_out(verb_, k_name);
        effects = process.fate().begun;
        return answer;
    }

    void check_refusal(const base::Error& error, const FakeWorld& world) {
        const bool clear = error.kind == ErrorKind::conflict || error.kind == ErrorKind::shielded ||
                           error.kind == ErrorKind::not_found;
        findings_.expect(clear && !error.hint.empty(), [&] {
            return fmt::format("{}: refused as {} {}: {}", title(), facts_of(error.kind).name,
                               error.sqlstate, error.message);
        });
        findings_.expect(world.to_text() == state_.world.to_text(), [&] {
            return fmt::format("{}: refused, and changed something: {}\n{}\nfrom\n{}", title(), error.message, world.to_text(), state_.world.to_text());
        });
    }

    void check_repetition(const FakeWorld& world, Outcome outcome) {
        const bool again = verb_ == Verb::reset || verb_ == Verb::rotate || verb_ == Verb::extend;
        if (again) return;
        auto after = world;
        int ignored = 0;
        const auto second = run_in(after, {}, ignored);
        const auto expected = verb_ == Verb::remove ? Outcome::absent : Outcome::unchanged;
        findings_.expect(second && second->outcome == expected, [&] {
            return fmt::format("{}: {}, then again: {}", title(), to_text(outcome),
                               second ? to_text(second->outcome) : second.error().message);
        });
        if (second) {
            auto cleaned = world;
            support::finish_leftovers(cleaned);
            support::finish_leftovers(after);
            findings_.expect(after.to_text() == cleaned.to_text(), [&] {
                return fmt::format("{}: changed something again\n{}\n{}", title(), after.to_text(), cleaned.to_text());
            });
        }
    }

    std::string end_of(FakeWorld& world) const {
        support::finish_leftovers(world);
        return support::place_of(world, k_name, start_);
    }

    void check_place() {
        ends().insert({end_, title()});
    }

   public:
    static std::map<std::string, std::string>& ends() {
        static std::map<std::string, std::string> e;
        return e;
    }

   private:
    const State& state_;
    Verb verb_;
    support::Start start_;
    Findings& findings_;
    std::string end_;
};

TEST(Convergence, ends_where_it_should_from_every_state) {
    Findings findings;
    for (const auto& state : states()) {
        for (const auto& start : drifted(state, state.name == "ready")) {
            for (const auto verb : support::k_verbs) {
                Case one(start, verb, findings);
                const auto effects = one.run();
                if (!effects || getenv("FAST")) continue;
                for (const auto mishap : {Mishap::dies, Mishap::refused, Mishap::lost_before,
                                          Mishap::lost_after, Mishap::half}) {
                    one.disturb(mishap, *effects);
                }
            }
        }
    }
    fmt::print("{} cases, {} wrong\n", findings.cases, findings.wrong.size());
    for (const auto& wrong : findings.wrong) fmt::print("WRONG {}\n", wrong);
    for (const auto& [end, title] : Case::ends()) fmt::print("END {}\n{}", title, end);
    EXPECT_TRUE(findings.wrong.empty());
}

}  // namespace

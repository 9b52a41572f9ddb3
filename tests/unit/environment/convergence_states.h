// SPDX-License-Identifier: Apache-2.0
//
// Every state that crashes, hands and both together can bring an environment into.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "support/drifts.h"
#include "support/fake_process.h"
#include "support/must.h"

namespace convergence {

inline constexpr const char* k_name = "login";

struct State {
    std::string name;
    support::FakeWorld world;
    std::set<std::uint32_t> bystanders = {};  // the oids of everything that is not its own
    int drifts = 0;
};

inline State after(const State& from, support::Verb verb) {
    State state{std::string(to_text(verb)), from.world};
    support::must(support::FakeProcess(state.world).carry_out(verb, k_name));
    return state;
}

// What a verb leaves that died after each of its effects.
inline void add_unfinished(std::vector<State>& states, const State& from, support::Verb verb) {
    for (int effects = 0;; ++effects) {
        State state{from.name + ", " + std::string(to_text(verb)) + " died after " +
                        std::to_string(effects),
                    from.world};
        {
            support::FakeProcess process(state.world, {support::Mishap::dies, effects});
            if (process.carry_out(verb, k_name)) return;
        }
        states.push_back(std::move(state));
    }
}

inline std::set<std::uint32_t> oids_of(const support::FakeWorld& world) {
    std::set<std::uint32_t> oids;
    for (const auto& [name, database] : world.databases) oids.insert(database.oid);
    for (const auto& [name, login] : world.logins) oids.insert(login.oid);
    return oids;
}

inline std::vector<State> states() {
    using support::Verb;
    const State nothing{"nothing", support::inhabited_world()};
    const auto ready = after(nothing, Verb::create);
    const auto closed = after(ready, Verb::close);
    std::vector<State> all{nothing, ready, closed, after(ready, Verb::protect)};
    add_unfinished(all, nothing, Verb::create);
    for (const auto verb : {Verb::reset, Verb::rotate, Verb::close, Verb::remove}) {
        add_unfinished(all, ready, verb);
    }
    add_unfinished(all, closed, Verb::open);
    for (auto& state : all) {
        state.world.touched.clear();
        state.bystanders = oids_of(nothing.world);
    }
    return all;
}

// `state` as it is, after each drift, and after one of so many twos of them, as `twos` counts;
// without those that changed nothing.
inline std::vector<State> drifted(const State& state, int one_of_so_many, int& twos) {
    std::vector<State> all{state};
    const auto drifts = support::drifts();
    const auto add = [&](const State& from, const support::Drift& drift) {
        auto changed = from;
        changed.name += ", " + std::string(drift.name);
        ++changed.drifts;
        auto* row = changed.world.find_environment("review", k_name);
        if (row != nullptr) drift.apply(changed.world, *row);
        const bool is_new = changed.world.to_text() != from.world.to_text();
        if (is_new) all.push_back(std::move(changed));
        return is_new;
    };
    for (std::size_t i = 0; i < drifts.size(); ++i) {
        if (!add(state, drifts[i])) continue;
        const auto one = all.back();
        for (std::size_t k = i + 1; k < drifts.size(); ++k) {
            if (twos++ % one_of_so_many == 0) add(one, drifts[k]);
        }
    }
    return all;
}

}  // namespace convergence

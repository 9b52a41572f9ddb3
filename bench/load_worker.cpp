// SPDX-License-Identifier: Apache-2.0
#include "load_worker.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <numeric>

#include "base/error_kind.h"
#include "support/must.h"

namespace bench {

namespace {

using environment::Execution;
using std::chrono::steady_clock;

constexpr std::chrono::minutes k_patience(1);

environment::Manager::Surroundings surroundings() {
    return {
        {"bench", "bench", "bench"},
        {},
        {},
        [](const environment::Policy&) -> base::Result<std::unique_ptr<environment::SecretStore>> {
            return std::unique_ptr<environment::SecretStore>();
        }};
}

environment::Project project() { return support::must(environment::Project::parse("load")); }

template <typename T>
base::Result<void> without_value(base::Result<T> result) {
    if (!result) return base::fail(std::move(result).error());
    return {};
}

// Runs `deed` with each number below `count`, all at once; throws what one of them throws.
template <typename Deed>
void at_once(std::size_t count, const Deed& deed) {
    std::vector<std::future<void>> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(std::async(std::launch::async, [&deed, i] { deed(i); }));
    }
    for (auto& one : all) one.get();
}

}  // namespace

std::string_view to_text(Verb verb) {
    constexpr std::array<std::string_view, k_verbs.size()> k_texts{
        "get", "create again", "extend", "rotate", "reset", "delete, create"};
    return k_texts.at(static_cast<std::size_t>(verb));
}

void Tally::add(const Tally& other) {
    for (const auto& [verb, times] : other.milliseconds) {
        auto& mine = milliseconds[verb];
        mine.insert(mine.end(), times.begin(), times.end());
    }
    for (const auto& [kind, often] : other.errors) errors[kind] += often;
}

std::size_t Tally::successes() const {
    return std::accumulate(
        milliseconds.begin(), milliseconds.end(), std::size_t{0},
        [](std::size_t sum, const auto& entry) { return sum + entry.second.size(); });
}

Worker::Worker(const pg::ConnectionInfo& login, std::size_t number, std::size_t environments)
    : server_(login, "reviewdb/load", log_),
      manager_(server_, surroundings(), log_),
      chance_(number) {
    for (std::size_t i = 0; i < environments; ++i) {
        names_.push_back(
            support::must(environment::Name::parse(fmt::format("load-{}-{}", number, i))));
        support::must(carry_out(Verb::create_again, names_.back()));
    }
}

base::Result<void> Worker::carry_out(Verb verb, const environment::Name& name) {
    const auto deadline = base::Deadline::after(k_patience);
    environment::Wish wish{project(), name, {}, "load"};
    wish.purges = true;
    const auto create = [&] {
        return manager_.create({project(), name, {}, {}, std::nullopt}, Execution::carry_out,
                               deadline);
    };
    switch (verb) {
        case Verb::get:
            return without_value(manager_.get({project(), name}, deadline));
        case Verb::create_again:
            return without_value(create());
        case Verb::extend:
            return without_value(
                manager_.extend(wish, std::chrono::hours(48), Execution::carry_out, deadline));
        case Verb::rotate:
            return without_value(manager_.rotate(wish, environment::Sessions::leave,
                                                 Execution::carry_out, deadline));
        case Verb::reset:
            return without_value(manager_.reset(wish, Execution::carry_out, deadline));
        case Verb::make_anew:
            break;
    }
    BASE_TRY(manager_.remove(wish, Execution::carry_out, deadline));
    return without_value(create());
}

void Worker::call(Verb verb, std::size_t environment) {
    const auto start = steady_clock::now();
    const auto done = carry_out(verb, names_.at(environment));
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - start;
    if (done) {
        tally_.milliseconds[verb].push_back(took.count());
    } else {
        ++tally_.errors[std::string(base::facts_of(done.error().kind).name)];
    }
}

void Worker::call_at_random(const Mix& mix) {
    std::discrete_distribution<std::size_t> verbs(mix.begin(), mix.end());
    call(k_verbs.at(verbs(chance_)), chance_() % names_.size());
}

std::vector<std::unique_ptr<Worker>> hire(const pg::ConnectionInfo& login, std::size_t count,
                                          std::size_t environments) {
    std::vector<std::unique_ptr<Worker>> workers(count);
    at_once(count,
            [&](std::size_t i) { workers[i] = std::make_unique<Worker>(login, i, environments); });
    return workers;
}

Shift work(const std::vector<std::unique_ptr<Worker>>& workers, const Mix& mix, double seconds) {
    const auto start = steady_clock::now();
    const auto end = start + std::chrono::duration<double>(seconds);
    at_once(workers.size(), [&](std::size_t i) {
        workers[i]->forget_tally();
        while (steady_clock::now() < end) workers[i]->call_at_random(mix);
    });
    const std::chrono::duration<double> took = steady_clock::now() - start;
    Shift shift{{}, took.count()};
    for (const auto& worker : workers) shift.tally.add(worker->tally());
    return shift;
}

}  // namespace bench

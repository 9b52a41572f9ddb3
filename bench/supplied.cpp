// SPDX-License-Identifier: Apache-2.0
#include "supplied.h"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "support/must.h"

namespace bench {

namespace {

base::Deadline patience() { return base::Deadline::after(std::chrono::minutes(30)); }
environment::Project project() { return support::must(environment::Project::parse("pooled")); }

environment::Manager::Surroundings surroundings() {
    return {
        {"bench", "bench", "bench"},
        {},
        {},
        [](const environment::Policy&) -> base::Result<std::unique_ptr<environment::SecretStore>> {
            return std::unique_ptr<environment::SecretStore>();
        }};
}

}  // namespace

Supplied::Supplied(const pg::ConnectionInfo& login, std::string names)
    : server_(login, "reviewdb/bench", log_),
      manager_(server_, surroundings(), log_),
      names_(std::move(names)) {}

void Supplied::fill(int target) {
    support::must(
        server_.set_pool(project(), "empty", target, {"bench", "bench", "bench"}, patience()));
    support::must(manager_.fill_pool(project(), target, patience()));
}

void Supplied::claim() {
    auto name = support::must(environment::Name::parse(fmt::format("{}{}", names_, ++made_)));
    const auto answer =
        support::must(manager_.create({project(), std::move(name), {}, {}, std::nullopt},
                                      environment::Execution::carry_out, patience()));
    if (!answer.warm) throw std::runtime_error("the pool was empty");
}

}  // namespace bench

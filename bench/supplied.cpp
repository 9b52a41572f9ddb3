// SPDX-License-Identifier: Apache-2.0
#include "supplied.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "support/must.h"

namespace bench {

namespace {

base::Deadline patience() { return base::Deadline::after(std::chrono::minutes(30)); }
environment::Project project() { return support::must(environment::Project::parse("pooled")); }

// Where the registry does not have the key, it stands in the variable.
environment::KeyTexts key_texts() {
    environment::KeyTexts texts;
    const char* key = std::getenv("REVIEWDB_KEY");
    if (key != nullptr) texts.variables.emplace("REVIEWDB_KEY", base::Secret(key));
    return texts;
}

environment::Manager::Surroundings surroundings() {
    return {
        {"bench", "bench", "bench"},
        {},
        environment::KeyRing(key_texts()),
        [](const environment::Policy&) -> base::Result<std::unique_ptr<environment::SecretStore>> {
            return std::unique_ptr<environment::SecretStore>();
        }};
}

}  // namespace

Supplied::Supplied(const pg::ConnectionInfo& login, std::string names,
                   std::string database_template)
    : server_(login, "reviewdb/bench", log_),
      manager_(server_, surroundings(), log_),
      names_(std::move(names)),
      template_(std::move(database_template)) {}

void Supplied::fill(int target) {
    aim(target);
    go_on_filling();
}

void Supplied::aim(int target) {
    support::must(
        server_.set_pool(project(), template_, target, {"bench", "bench", "bench"}, patience()));
}

void Supplied::go_on_filling() {
    constexpr int k_no_end = 1000000;
    support::must(manager_.fill_pool(project(), k_no_end, patience()));
}

void Supplied::drain() { support::must(manager_.drain_pool(project(), "", patience())); }

void Supplied::claim() {
    auto name = support::must(environment::Name::parse(fmt::format("{}{}", names_, ++made_)));
    const auto answer =
        support::must(manager_.create({project(), std::move(name), {}, {}, std::nullopt},
                                      environment::Execution::carry_out, patience()));
    if (!answer.warm) throw std::runtime_error("the pool was empty");
}

}  // namespace bench

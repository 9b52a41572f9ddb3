// SPDX-License-Identifier: Apache-2.0
#include "support/fake_process.h"

#include <chrono>
#include <utility>

#include "support/fake_secret_store.h"
#include "support/must.h"
#include "support/soon.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

namespace {

base::Log& no_log() {
    static base::Log k_log(base::LogLevel::off, base::LogFormat::text);
    return k_log;
}

}  // namespace

std::string_view to_text(Verb verb) {
    constexpr std::array<std::string_view, k_verbs.size()> k_names{
        "create", "repair", "reset",   "rotate", "close",
        "open",   "extend", "protect", "delete", "release"};
    return k_names.at(static_cast<std::size_t>(verb));
}

FakeProcess::FakeProcess(FakeWorld& world, Fate fate, Turn* turn)
    : world_(world),
      fate_(std::move(fate)),
      server_(world, fate_),
      turn_taking_(server_, turn),
      manager_(turn_taking_, surroundings(world, turn), no_log()),
      server_beside_(world, fate_),
      turn_taking_beside_(server_beside_, turn),
      beside_(turn_taking_beside_, surroundings(world, turn), no_log()) {}

Manager::Surroundings FakeProcess::surroundings(FakeWorld& world, Turn* turn) {
    return {
        {"tester@here", "cli", "0"},
        {},
        {},
        [this, &world](const environment::Policy& policy) -> Result<std::unique_ptr<SecretStore>> {
            if (policy.secrets() == "none") return std::unique_ptr<SecretStore>();
            return std::make_unique<FakeSecretStore>(world.secrets, fate_);
        },
        {},
        [turn](std::chrono::milliseconds) {
            if (turn != nullptr) turn->wait();
        }};
}

Result<Answer> FakeProcess::create(const std::string& name, const std::string& database_template) {
    CreateWish wish{*Project::parse("review"), *Name::parse(name), {}, {}, std::nullopt};
    wish.wanted_template = database_template;
    return manager_.create(wish, Execution::carry_out, soon());
}

Result<Answer> FakeProcess::reset(const std::string& name, const std::string& database_template) {
    const Wish wish{*Project::parse("review"), *Name::parse(name), {}, "test", database_template};
    return manager_.reset(wish, Execution::carry_out, soon());
}

Result<Answer> FakeProcess::make_template(const std::string& name, const std::string& content) {
    const TemplateWish wish{{*Project::parse("review"), name}, content, "{}", content};
    const Filler filler = [&](const Target& target, const Credentials& credentials,
                              base::Deadline deadline) -> Result<std::vector<std::string>> {
        Fate undisturbed;
        FakeServer login(world_, undisturbed);
        BASE_TRY_ASSIGN(const auto proof, login.prove_login(target, credentials, deadline));
        if (!proof.password_accepted) {
            return base::fail(base::ErrorKind::denied, "the password is refused");
        }
        auto& database = world_.databases.at(target.instance.database);
        database.content = content;
        database.content_owner = target.role.name;
        return std::vector<std::string>{"filled"};
    };
    return manager_.make_template(wish, filler, Execution::carry_out, soon());
}

Result<Answer> FakeProcess::make_template_from(const std::string& name, const std::string& origin) {
    const auto project = *Project::parse("review");
    const Filler nothing = [](const Target&, const Credentials&,
                              base::Deadline) -> Result<std::vector<std::string>> {
        return std::vector<std::string>();
    };
    return manager_.make_template_from({project, *Name::parse(origin)},
                                       {{project, name}, "of " + origin, "{}", origin}, nothing,
                                       beside_, Execution::carry_out, soon());
}

Result<Answer> FakeProcess::create_or_adopt(const std::string& name, const Candidate& candidate) {
    CreateWish wish{*Project::parse("review"), *Name::parse(name), {}, {}, std::nullopt};
    wish.adoption = Adoption{candidate, "postgres"};
    return manager_.create(wish, Execution::carry_out, soon());
}

Result<Answer> FakeProcess::forget_template(const std::string& name) {
    return manager_.forget_template({*Project::parse("review"), name}, Execution::carry_out,
                                    soon());
}

Result<PoolReport> FakeProcess::fill_pool(int most) {
    return manager_.fill_pool(*Project::parse("review"), most, soon());
}

Result<Answer> FakeProcess::carry_out(Verb verb, const std::string& name) {
    return support::carry_out(manager_, verb, name);
}

Result<Answer> carry_out(Manager& manager, Verb verb, const std::string& name) {
    constexpr auto k_execution = Execution::carry_out;
    const auto project = *Project::parse("review");
    const auto parsed = *Name::parse(name);
    const Wish wish{project, parsed, {}, "test"};
    switch (verb) {
        case Verb::create:
            return manager.create({project, parsed, {}, {}, std::nullopt}, k_execution, soon());
        case Verb::repair:
            return manager.repair(wish, k_execution, soon());
        case Verb::reset:
            return manager.reset(wish, k_execution, soon());
        case Verb::rotate:
            return manager.rotate(wish, Sessions::end, k_execution, soon());
        case Verb::close:
            return manager.close(wish, k_execution, soon());
        case Verb::open:
            return manager.open(wish, k_execution, soon());
        case Verb::extend:
            return manager.extend(wish, std::chrono::hours(1), k_execution, soon());
        case Verb::protect:
            return manager.protect(wish, Protection::on, k_execution, soon());
        case Verb::remove:
            return manager.remove(wish, k_execution, soon());
        case Verb::release:
            return manager.release(wish, k_execution, soon());
    }
    throw std::logic_error("no such verb");
}

FakeWorld inhabited_world() {
    FakeWorld world;
    world.policy = {{"review", "secrets", "file:/secrets"}, {"*", "host", "db.example"}};
    must(FakeProcess(world).carry_out(Verb::create, k_neighbour));
    return world;
}

void finish_leftovers(FakeWorld& world) {
    // Only the trash feels the time: environments would expire with it.
    constexpr auto k_more_than_the_window = std::chrono::days(8);
    constexpr int k_enough = 10;
    world.now += k_more_than_the_window;
    for (int i = 0; i < k_enough; ++i) {
        FakeProcess process(world);
        if (must(process.server().leftovers(1, soon())).empty()) break;
        // A delete of what is not there changes nothing else.
        must(process.carry_out(Verb::remove, "nobody"));
    }
    world.now -= k_more_than_the_window;
}

}  // namespace support

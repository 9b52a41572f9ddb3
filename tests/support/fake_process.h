// SPDX-License-Identifier: Apache-2.0
//
// One process on a FakeWorld: a Manager with a session of its own and a fate. Nothing is kept from
// one process to the next but the world.
#pragma once

#include <string>

#include "environment/manager.h"
#include "support/fake_server.h"
#include "support/turn_taking.h"

namespace support {

// What a person or a CI job may ask for.
enum class Verb { create, repair, reset, rotate, close, open, extend, protect, remove, release };
inline constexpr std::array k_verbs{Verb::create, Verb::repair, Verb::reset,  Verb::rotate,
                                    Verb::close,  Verb::open,   Verb::extend, Verb::protect,
                                    Verb::remove, Verb::release};
std::string_view to_text(Verb verb);

// The verb on the environment called so, in project review, for nobody's repository.
base::Result<environment::Answer> carry_out(environment::Manager& manager, Verb verb,
                                            const std::string& name);

class FakeProcess {
   public:
    // Borrows the world for its life, and the turn, with which others may go on between its calls.
    explicit FakeProcess(FakeWorld& world, Fate fate = {}, Turn* turn = nullptr);

    environment::Manager& manager() { return manager_; }
    FakeServer& server() { return server_; }
    const Fate& fate() const { return fate_; }

    base::Result<environment::Answer> carry_out(Verb verb, const std::string& name);
    // In project review; an empty template is the default.
    base::Result<environment::Answer> create(const std::string& name,
                                             const std::string& database_template = {});
    base::Result<environment::Answer> reset(const std::string& name,
                                            const std::string& database_template = {});
    // Puts `content` in by a login as the throw-away role; it is the digest too.
    base::Result<environment::Answer> make_template(const std::string& name,
                                                    const std::string& content);
    // With what the environment `origin` has.
    base::Result<environment::Answer> make_template_from(const std::string& name,
                                                         const std::string& origin);
    base::Result<environment::Answer> forget_template(const std::string& name);
    // Where another tool may have made something already.
    base::Result<environment::Answer> create_or_adopt(const std::string& name,
                                                      const environment::Candidate& candidate);
    base::Result<environment::PoolReport> fill_pool(int most = 100);

   private:
    environment::Manager::Surroundings surroundings(FakeWorld& world, Turn* turn);

    FakeWorld& world_;
    Fate fate_;
    FakeServer server_;
    TurnTaking turn_taking_;
    environment::Manager manager_;
    FakeServer server_beside_;
    TurnTaking turn_taking_beside_;
    environment::Manager beside_;
};

// A server whose project review has a secret store, and an environment `neighbour` in it.
FakeWorld inhabited_world();
inline constexpr const char* k_neighbour = "neighbour";

// Lets the time of the trash pass and finishes what earlier operations left.
void finish_leftovers(FakeWorld& world);

}  // namespace support

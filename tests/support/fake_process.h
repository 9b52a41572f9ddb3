// SPDX-License-Identifier: Apache-2.0
//
// One process on a FakeWorld: a Manager with a session of its own and a fate. Nothing is kept from
// one process to the next but the world.
#pragma once

#include <string>

#include "environment/manager.h"
#include "support/fake_server.h"

namespace support {

// What a person or a CI job may ask for.
enum class Verb { create, repair, reset, rotate, close, open, extend, protect, remove };
inline constexpr std::array k_verbs{Verb::create, Verb::repair,  Verb::reset,
                                    Verb::rotate, Verb::close,   Verb::open,
                                    Verb::extend, Verb::protect, Verb::remove};
std::string_view to_text(Verb verb);

// The verb on the environment called so, in project review, for nobody's repository.
base::Result<environment::Answer> carry_out(environment::Manager& manager, Verb verb,
                                            const std::string& name);

class FakeProcess {
   public:
    // Borrows the world for its life.
    explicit FakeProcess(FakeWorld& world, Fate fate = {});

    environment::Manager& manager() { return manager_; }
    FakeServer& server() { return server_; }
    const Fate& fate() const { return fate_; }

    base::Result<environment::Answer> carry_out(Verb verb, const std::string& name);

   private:
    environment::Manager::Surroundings surroundings(FakeWorld& world);

    Fate fate_;
    FakeServer server_;
    environment::Manager manager_;
};

// A server whose project review has a secret store, and an environment `neighbour` in it.
FakeWorld inhabited_world();
inline constexpr const char* k_neighbour = "neighbour";

// Lets the time of the trash pass and finishes what earlier operations left.
void finish_leftovers(FakeWorld& world);

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
//
// What there is to do with templates and the pool, and worlds to do it in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/fake_process.h"
#include "support/must.h"

namespace supply {

// One call of a process; what it fails with.
using Act = std::function<base::Result<void>(support::FakeProcess&)>;

struct Deed {
    std::string name;
    Act act;
    std::function<void(support::FakeWorld&)> before = {};
    bool only_fails = false;  // undisturbed it does not come about
};

template <typename T>
base::Result<void> without_value(const base::Result<T>& result) {
    if (!result) return base::fail(result.error());
    return {};
}

inline void set_pool(support::FakeWorld& world, const std::string& name, int target) {
    support::must(support::FakeProcess(world).server().set_pool(
        *environment::Project::parse("review"), name, target, {},
        base::Deadline::after(std::chrono::minutes(1))));
}

inline Act create(const std::string& name, const std::string& of = {}) {
    return [=](auto& process) { return without_value(process.create(name, of)); };
}
inline Act reset(const std::string& name, const std::string& of = {}) {
    return [=](auto& process) { return without_value(process.reset(name, of)); };
}
inline Act deletion(const std::string& name) {
    return [=](auto& process) {
        return without_value(process.carry_out(support::Verb::remove, name));
    };
}
inline Act make_template(const std::string& name, const std::string& content) {
    return [=](auto& process) { return without_value(process.make_template(name, content)); };
}
inline Act make_template_from(const std::string& name, const std::string& origin) {
    return [=](auto& process) { return without_value(process.make_template_from(name, origin)); };
}
inline Act create_or_adopt(const std::string& name) {
    return [=](auto& process) {
        return without_value(process.create_or_adopt(name, {"theirs_" + name, "their_" + name}));
    };
}
inline Act forget_template(const std::string& name) {
    return [=](auto& process) { return without_value(process.forget_template(name)); };
}
inline Act fill() {
    return [](auto& process) { return without_value(process.fill_pool()); };
}

// The templates data and seed in service, each with a clone, and a pool of data and of the empty
// one that is filled.
inline support::FakeWorld supplied_world() {
    auto world = support::inhabited_world();
    support::must(support::FakeProcess(world).make_template("data", "one"));
    support::must(support::FakeProcess(world).make_template("seed", "seeds"));
    support::must(support::FakeProcess(world).create("login", "data"));
    support::must(support::FakeProcess(world).create("garden", "seed"));
    set_pool(world, "data", 2);
    set_pool(world, "empty", 1);
    support::must(support::FakeProcess(world).fill_pool());
    return world;
}

}  // namespace supply

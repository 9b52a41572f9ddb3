// SPDX-License-Identifier: Apache-2.0
//
// Two thousand histories of a team's branches, by ./dev chaos ten thousand, each with its seed:
// after one sweep nothing is left over, nothing is missing, nothing comes back, nothing foreign was
// touched. REVIEWDB_TEST_SEED tries one of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "support/fake_process.h"
#include "support/must.h"
#include "support/schedule.h"
#include "support/soon.h"
#include "support/stride.h"

namespace {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
using support::Delivery;
using support::FakeProcess;
using support::FakeWorld;
using support::Fate;
using support::Mishap;
using support::must;
using support::Schedule;
using support::soon;

Project project() { return *Project::parse("shop"); }

// With what carries names like ours and is not.
FakeWorld world_with_neighbours() {
    FakeWorld world;
    world.policy = {{"*", "host", "db.example"},
                    {"*", "sweep_grace", "none"},
                    {"*", "sweep_limit", "none"},
                    {"*", "sweep_share", "none"}};
    support::FakeDatabase theirs;
    theirs.owner = "app";
    for (const auto* name : {"shop_feature", "shop_feature_1", "reviewdb_x_theirs"}) {
        theirs.oid = world.next_oid();
        world.databases[name] = theirs;
    }
    world.logins["shop_0000000000"].oid = world.next_oid();
    return world;
}

class Team {
   public:
    explicit Team(std::uint64_t seed)
        : world_(world_with_neighbours()), schedule_(support::make_schedule(seed, world_.now)) {
        for (const auto& [name, database] : world_.databases) foreign_.insert(database.oid);
        for (const auto& [name, login] : world_.logins) foreign_.insert(login.oid);
        // The first one of a project is a dry one.
        const auto truth = support::truth_at_the_end(schedule_);
        must(FakeProcess(world_).server().record_sweep(project(), truth, soon()));
    }

    std::string wrong() {
        for (const auto& delivery : schedule_.deliveries) deliver(delivery);
        const auto before = living();
        sweep();
        auto wrong = wrong_ + support::wrong_after_sweep(schedule_, living()) + orphans();
        for (auto late : schedule_.stragglers) {
            late.dies_after.reset();
            if (late.creates) deliver(late);
        }
        wrong += support::wrong_after_stragglers(schedule_, before, living()) + orphans();
        for (const auto oid : world_.touched) {
            if (foreign_.contains(oid)) wrong += "something foreign was touched\n";
        }
        return wrong;
    }

   private:
    void deliver(const Delivery& delivery) {
        world_.now += std::chrono::seconds(1);
        Fate fate;
        if (delivery.dies_after) fate = {Mishap::dies, *delivery.dies_after};
        FakeProcess process(world_, fate);
        if (delivery.creates) {
            (void)process.manager().create(support::create_wish(project(), delivery),
                                           Execution::carry_out, soon());
        } else {
            (void)process.manager().remove(support::removal_wish(project(), delivery),
                                           Execution::carry_out, soon());
        }
    }

    void sweep() {
        // Whoever died is not waited for any more.
        world_.now += std::chrono::hours(2);
        const auto report = FakeProcess(world_).manager().sweep(
            {project(), support::truth_at_the_end(schedule_), {}}, Execution::carry_out, soon());
        if (!report) {
            wrong_ += "the sweep failed: " + report.error().message + "\n";
            return;
        }
        for (const auto& finding : report->findings) {
            if (finding.is_due && !finding.left.empty()) {
                wrong_ += fmt::format("{} was left: {}\n", finding.name, finding.left);
            }
        }
    }

    std::set<std::string> living() const {
        std::set<std::string> names;
        for (const auto& [id, row] : world_.environments) {
            if (row.record.state != EnvironmentState::gone) names.insert(row.record.name);
        }
        return names;
    }

    // Every database of ours is a living environment's or in the trash, and every role has one.
    std::string orphans() const {
        std::string found;
        std::set<std::string> known{"reviewdb", "reviewdb_template_0"};
        for (const auto& [id, row] : world_.instances) {
            const auto state = row.record.state;
            if (state == InstanceState::gone) continue;
            const bool settled = state == InstanceState::serving || state == InstanceState::trashed;
            if (!settled) {
                found += fmt::format("{} is {}\n", row.record.database, to_text(state));
            }
            known.insert(row.record.database);
        }
        for (const auto& [name, database] : world_.databases) {
            const bool ours = database.owner == support::k_fake_manager;
            if (ours && !known.contains(name)) found += name + " is nobody's\n";
        }
        for (const auto& [id, row] : world_.environments) {
            const auto state = row.record.state;
            const bool settled =
                state == EnvironmentState::gone || state == EnvironmentState::ready;
            if (!settled) found += fmt::format("{} is {}\n", row.record.name, to_text(state));
        }
        return found;
    }

    FakeWorld world_;
    Schedule schedule_;
    std::string wrong_;
    std::set<std::uint32_t> foreign_;
};

// What arrived, for who looks into a failure.
std::string story(std::uint64_t seed) {
    std::string text;
    const auto schedule = support::make_schedule(seed, FakeWorld().now);
    for (const auto& one : schedule.deliveries) {
        text += fmt::format(
            "{} {} at {} commit {}{}\n", one.branch, one.creates ? "create" : "remove",
            std::chrono::duration_cast<std::chrono::seconds>(one.event_at.time_since_epoch())
                    .count() %
                100'000,
            one.commit, one.dies_after ? fmt::format(", dies after {}", *one.dies_after) : "");
    }
    return text;
}

TEST(Schedule, ends_with_what_the_branches_say) {
    const auto many =
        static_cast<std::uint64_t>(10'000 / support::every_day(5) / support::stride(7));
    if (const auto* seed = std::getenv("REVIEWDB_TEST_SEED")) {
        EXPECT_EQ(Team(std::stoull(seed)).wrong(), "");
        return;
    }
    int failures = 0;
    for (std::uint64_t seed = 1; seed <= many && failures < 5; ++seed) {
        const auto wrong = Team(seed).wrong();
        if (wrong.empty()) continue;
        ++failures;
        ADD_FAILURE() << "seed " << seed << ":\n" << wrong << story(seed);
    }
}

TEST(Schedule, is_the_same_for_the_same_seed_and_has_everything_in_it) {
    const Time now(std::chrono::hours(500'000));
    int open = 0;
    int deaths = 0;
    int stragglers = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto one = support::make_schedule(seed, now);
        const auto other = support::make_schedule(seed, now);
        ASSERT_EQ(one.deliveries.size(), other.deliveries.size());
        open += static_cast<int>(one.must_exist.size());
        stragglers += static_cast<int>(one.stragglers.size());
        for (const auto& delivery : one.deliveries) deaths += delivery.dies_after ? 1 : 0;
    }
    EXPECT_GT(open, 50);
    EXPECT_GT(deaths, 50);
    EXPECT_GT(stragglers, 50);
}

}  // namespace

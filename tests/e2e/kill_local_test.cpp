// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL while the local server is made and started for the first time: the next call starts it.
// $REVIEWDB_KILLS says how often, a twentieth of it.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "e2e/process.h"

namespace {

using e2e::Process;
using std::chrono::steady_clock;

int starts_to_kill() {
    const char* text = getenv("REVIEWDB_KILLS");
    return text != nullptr ? std::max(3, std::stoi(text) / 20) : 3;
}

class KillLocalTest : public support::PgTest {
   protected:
    void TearDown() override {
        if (!IsSkipped()) local({"local", "remove", "--yes"});
    }
    base::Finished local(const e2e::Words& words) const {
        return e2e::call(home_.path(), words, {});
    }
    Process begin() const { return {home_.path(), {"local", "start"}, {}}; }

    void expect_usable() const {
        const auto started = local({"local", "start"});
        ASSERT_EQ(started.exit_code, 0) << started.err;
        const auto url = local({"create", "branch", "-o", "url"});
        ASSERT_EQ(url.exit_code, 0) << url.err;
        EXPECT_EQ(support::ask(e2e::login_of(url.out), "SELECT 'works' AS value"), "works");
    }
    void remove() const {
        const auto removed = local({"local", "remove", "--yes"});
        EXPECT_EQ(removed.exit_code, 0) << removed.err;
        EXPECT_EQ(local({"local", "status"}).out.find("running"), std::string::npos);
    }

   private:
    // A server that root starts runs as somebody else, who has to get in.
    support::TempFolder home_{"reviewdb-test-", 0755, support::Medium::memory};
};

TEST_F(KillLocalTest, AServerKilledInItsFirstStartIsStartedByTheNextCall) {
    const auto start = steady_clock::now();
    ASSERT_EQ(begin().wait(), 0);
    auto time = steady_clock::now() - start;
    remove();

    // A start is quicker at one time than at another: what was over before the kill does not count.
    const int kills = starts_to_kill();
    int hits = 0;
    for (int tries = 0; hits < kills && tries < 10 * kills && !HasFailure(); ++tries) {
        const auto from = steady_clock::now();
        const auto moment = from + time * (2 * hits + 1) / (2 * kills);
        auto process = begin();
        while (steady_clock::now() < moment && !process.ended()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (process.ended()) time = std::min(time, steady_clock::now() - from);
        process.signal(SIGKILL);
        if (process.was_killed()) ++hits;
        SCOPED_TRACE(process.output());
        expect_usable();
        remove();
    }
    EXPECT_EQ(hits, kills);
    std::cout << hits << " kills of a first start that lasts "
              << std::chrono::duration_cast<std::chrono::milliseconds>(time).count() << " ms\n";
}

}  // namespace

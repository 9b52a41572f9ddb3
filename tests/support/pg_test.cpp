// SPDX-License-Identifier: Apache-2.0
#include "support/pg_test.h"

#include <cstdlib>
#include <memory>
#include <string_view>

#include "support/pristine.h"

namespace support {

namespace {

class SharedCluster final : public testing::Environment {
   public:
    Cluster& get() {
        if (!cluster_) cluster_ = std::make_unique<Cluster>();
        return *cluster_;
    }
    void TearDown() override {
        cluster_.reset();
        remove_pristine();
    }

   private:
    std::unique_ptr<Cluster> cluster_;
};

// Registered before main, as GoogleTest asks, which also owns it. It starts nothing by itself.
SharedCluster* const k_environment = [] {
    auto environment = std::make_unique<SharedCluster>();
    auto* registered = environment.get();
    testing::AddGlobalTestEnvironment(environment.release());
    return registered;
}();

}  // namespace

Cluster& shared_cluster() { return k_environment->get(); }

// NOLINTBEGIN(concurrency-mt-unsafe): before any thread
bool PgTest::is_tried_on_another_major() {
    const char* major = getenv("REVIEWDB_TEST_MAJOR");
    return major != nullptr && std::string_view(major) != "15" &&
           getenv("REVIEWDB_TEST_EXHAUSTIVELY") == nullptr;
}
// NOLINTEND(concurrency-mt-unsafe)

void PgTest::SetUp() {
    const auto reason = reason_without_postgres(test_major());
    if (!reason) return;
    if (getenv("CI") != nullptr) FAIL() << "CI tests on every major, but there is " << *reason;
    GTEST_SKIP() << "Skipped: " << *reason;
}

}  // namespace support

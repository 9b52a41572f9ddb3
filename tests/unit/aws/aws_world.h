// SPDX-License-Identifier: Apache-2.0
//
// Everything between a test and the stand-in for Secrets Manager, wired as a program wires it;
// waits between attempts take no time.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "aws/secrets_manager.h"
#include "support/aws/secrets_manager.h"
#include "support/must.h"
#include "support/soon.h"

namespace unit {

using support::soon;

// A secret that is ours.
inline const std::string k_ours =
    R"({"password":"correct-horse-battery","reviewdb":"11111111-2222-4333-8444-555555555555"})";

inline http::Waiting no_waiting() {
    return {[] { return 0.0; }, [](std::chrono::milliseconds) {}};
}

// The value of an outcome that has to be one.
template <typename T>
T must(aws::Outcome<T> outcome) {
    if (!outcome) throw std::runtime_error(outcome.error().message + " " + outcome.error().hint);
    if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

struct AwsWorld : testing::Test {
    using Actions = std::vector<std::string>;

    // The actions since the last time that somebody asked.
    Actions actions() {
        auto result = amazon.actions();
        amazon.forget_calls();
        return result;
    }
    std::string value_of(const std::string& name) const {
        return amazon.value(name).value_or("(none)");
    }

    support::SecretsManagerStandIn amazon;
    aws::Settings settings = support::must(aws::read_settings(amazon.variables()));
    http::Client http{settings.trust};
    aws::CredentialsChain credentials{settings, http, no_waiting()};
    aws::SecretsManager manager{settings, credentials, http, no_waiting()};
};

}  // namespace unit

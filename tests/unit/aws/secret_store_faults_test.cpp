// SPDX-License-Identifier: Apache-2.0
//
// Every call of every situation fails in every way, once and for ever: once is repaired by the call
// itself, for ever is an error without a secret in it, after which the next operation succeeds.
#include <gmock/gmock.h>

#include <functional>

#include "aws/secret_store.h"
#include "unit/aws/aws_world.h"

namespace {

using base::Secret;
using support::Fault;
using testing::HasSubstr;
using testing::Not;
using unit::k_ours;

const std::string k_former =
    R"({"password":"staple-staple-staple","reviewdb":"11111111-2222-4333-8444-555555555555"})";

struct NamedFault {
    std::string name;
    Fault fault;
};

std::vector<NamedFault> passing_faults() {
    return {{"throttled", Fault::throttle()},
            {"internal", Fault::internal_error()},
            {"internal after it", Fault::internal_error().after_effect()},
            {"page", Fault::html()},
            {"page of 200", Fault::html(200)},
            {"empty", Fault::empty_body()},
            {"closed", Fault::close()},
            {"half an answer", Fault::close_half_way()},
            {"answer lost", Fault::lose_answer()},
            {"hangs after it", Fault::hang().after_effect()}};
}

struct Situation {
    std::string name;
    std::function<void(support::SecretsManagerStandIn&)> arrange;
};

std::vector<Situation> situations() {
    const auto put = [](const std::string& value) {
        return [value](support::SecretsManagerStandIn& aws) { aws.put("review_a", value); };
    };
    return {{"absent", [](support::SecretsManagerStandIn&) {}},
            {"placeholder", put(R"({"username":"placeholder"})")},
            {"ours", put(k_former)},
            {"scheduled",
             [](support::SecretsManagerStandIn& aws) {
                 aws.put("review_a", k_former);
                 aws.schedule_deletion("review_a");
             }},
            {"without value",
             [](support::SecretsManagerStandIn& aws) { aws.put_without_value("review_a"); }}};
}

struct SecretStoreFaults : unit::AwsWorld {
    SecretStoreFaults() {
        // Long enough for an answer on a busy machine.
        settings.attempt_limit = std::chrono::milliseconds(250);
        settings.max_attempts = 3;
    }
    base::Result<void> create() {
        aws::SecretStore store(manager, options, log, unit::no_waiting());
        BASE_TRY(store.read("review_a", unit::soon()));
        return store.write(
            {"review_a",
             Secret(k_ours),
             {{"name", "a"}},
             [](const Secret& found) { return found.reveal().find("host") == std::string::npos; }},
            unit::soon());
    }
    base::Result<void> remove() {
        aws::SecretStore store(manager, options, log, unit::no_waiting());
        BASE_TRY(store.read("review_a", unit::soon()));
        return store.remove("review_a", unit::soon());
    }
    // Calls so far, forgotten ones included: what fail_at counts from.
    std::size_t begin(const Situation& situation) {
        amazon.clear_faults();
        amazon.remove("review_a");
        situation.arrange(amazon);
        made += amazon.calls().size();
        amazon.forget_calls();
        return made;
    }
    // An operation that was told to look again does so.
    base::Result<void> with_another_look(const std::function<base::Result<void>()>& operation) {
        auto result = operation();
        if (!result && result.error().kind == base::ErrorKind::in_doubt) return operation();
        return result;
    }
    // Runs the operation with the fault at each of its calls, until it has no call of that number.
    void expect_repaired(const Situation& situation, const NamedFault& fault,
                         const std::function<base::Result<void>()>& operation,
                         const std::string& value) {
        for (std::size_t call = 1;; ++call) {
            const auto before = begin(situation);
            amazon.fail_at(before + call, fault.fault);
            const auto result = with_another_look(operation);
            const auto where = situation.name + ", " + fault.name + " at " + std::to_string(call);
            EXPECT_TRUE(result) << where << ": " << (result ? "" : result.error().message);
            EXPECT_EQ(value_of("review_a"), value) << where;
            if (amazon.calls().size() < call) break;
        }
    }

    base::Log log{base::LogLevel::off, base::LogFormat::json};
    aws::StoreOptions options;
    std::size_t made = 0;
};

TEST_F(SecretStoreFaults, are_repaired_by_the_write_when_they_happen_once) {
    for (const auto& situation : situations()) {
        for (const auto& fault : passing_faults()) {
            expect_repaired(
                situation, fault, [&] { return create(); }, k_ours);
        }
    }
}

TEST_F(SecretStoreFaults, are_repaired_by_the_removal_when_they_happen_once) {
    for (const auto& fault : passing_faults()) {
        expect_repaired(
            {"ours", [](auto& aws) { aws.put("review_a", k_former); }}, fault,
            [&] { return remove(); }, "(none)");
        expect_repaired(
            {"stack's",
             [](auto& aws) {
                 aws.put("review_a", k_former, {{"aws:cloudformation:stack-id", "x"}});
             }},
            fault, [&] { return remove(); }, R"({"username":"placeholder"})");
    }
}

TEST_F(SecretStoreFaults, end_in_an_error_without_a_secret_when_they_stay_and_nothing_is_stuck) {
    auto faults = passing_faults();
    faults.push_back({"denied", Fault::access_denied()});
    faults.push_back({"quotes", Fault::error(400, "InvalidParameterException", k_ours)});
    for (const auto& situation : situations()) {
        for (const auto* action : {"GetSecretValue", "CreateSecret", "PutSecretValue",
                                   "DescribeSecret", "RestoreSecret"}) {
            for (const auto& fault : faults) {
                begin(situation);
                settings.max_attempts = 1;
                amazon.fail_always(action, fault.fault);
                const auto where = situation.name + ", " + fault.name + " at " + action;
                if (const auto result = create(); !result) {
                    const auto& error = result.error();
                    EXPECT_THAT(error.message, HasSubstr("review_a")) << where;
                    EXPECT_THAT(error.message + error.hint, Not(HasSubstr("battery"))) << where;
                    EXPECT_THAT(error.message + error.hint, Not(HasSubstr("staple"))) << where;
                }
                amazon.clear_faults();
                settings.max_attempts = 3;
                const auto next = with_another_look([&] { return create(); });
                EXPECT_TRUE(next) << where << ": " << (next ? "" : next.error().message);
                EXPECT_EQ(value_of("review_a"), k_ours) << where;
            }
        }
    }
}

}  // namespace

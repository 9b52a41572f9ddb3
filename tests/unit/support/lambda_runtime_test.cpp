// SPDX-License-Identifier: Apache-2.0
#include "support/aws/lambda_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "support/aws/http_client.h"

namespace {

using std::chrono::milliseconds;
using support::Fault;
using support::header_of;
using support::HttpAnswer;
using support::HttpClient;
using support::LambdaRuntimeStandIn;
using testing::HasSubstr;
using Outcome = LambdaRuntimeStandIn::Outcome;

constexpr const char* k_error = R"({"errorMessage":"m","errorType":"T","stackTrace":[]})";

class LambdaRuntime : public testing::Test {
   protected:
    std::optional<HttpAnswer> get_next() {
        return client_.call({.method = "GET", .target = k_root + "invocation/next"});
    }
    HttpAnswer post(const std::string& path, const std::string& body) {
        return client_
            .call({.method = "POST",
                   .target = k_root + path,
                   .headers = {{"Lambda-Runtime-Function-Error-Type", "Function.T"}},
                   .body = body})
            .value();
    }
    HttpAnswer respond(const std::string& id, const std::string& body) {
        return post("invocation/" + id + "/response", body);
    }
    int port() const {
        return std::stoi(lambda_.address().substr(lambda_.address().find(':') + 1));
    }

    const std::string k_root = "/2018-06-01/runtime/";
    LambdaRuntimeStandIn lambda_;
    HttpClient client_{port()};
};

TEST_F(LambdaRuntime, gives_an_event_and_takes_its_answer) {
    const auto id = lambda_.queue(R"({"a":1})", std::chrono::seconds(30));
    const auto next = get_next().value();
    EXPECT_EQ(next.body, R"({"a":1})");
    EXPECT_EQ(header_of(next, "Lambda-Runtime-Aws-Request-Id"), id);
    EXPECT_THAT(header_of(next, "Lambda-Runtime-Trace-Id").value(), HasSubstr("Root=1-"));
    EXPECT_THAT(header_of(next, "Lambda-Runtime-Invoked-Function-Arn").value(),
                HasSubstr(":function:"));
    const auto deadline = std::stoll(header_of(next, "Lambda-Runtime-Deadline-Ms").value());
    const auto left = milliseconds(deadline) - std::chrono::system_clock::now().time_since_epoch();
    EXPECT_LE(left, std::chrono::seconds(30));
    EXPECT_GT(left, std::chrono::seconds(0));
    EXPECT_EQ(respond(id, "\"done\"").status, 202);
    const auto outcome = lambda_.await(id).value();
    EXPECT_EQ(outcome.kind, Outcome::Kind::response);
    EXPECT_EQ(outcome.body, "\"done\"");
    EXPECT_LE(outcome.queued, outcome.taken);
    EXPECT_LE(outcome.taken, outcome.answered);
    EXPECT_LE(lambda_.started(), lambda_.first_next().value());
}

TEST_F(LambdaRuntime, holds_the_request_until_there_is_an_event) {
    std::thread runtime([this] {
        const auto next = get_next().value();
        respond(*header_of(next, "Lambda-Runtime-Aws-Request-Id"), next.body);
    });
    EXPECT_TRUE(lambda_.await_next());
    EXPECT_EQ(lambda_.invoke("\"echo\"").body, "\"echo\"");
    runtime.join();
}

TEST_F(LambdaRuntime, says_when_there_is_no_answer_in_time) {
    const auto id = lambda_.queue("{}");
    EXPECT_FALSE(lambda_.await(id, milliseconds(1)));
    EXPECT_FALSE(lambda_.await_next(milliseconds(1)));
}

TEST_F(LambdaRuntime, takes_an_error_of_the_documented_shape) {
    const auto id = lambda_.queue("{}");
    get_next();
    EXPECT_EQ(post("invocation/" + id + "/error", "failed").status, 400);
    EXPECT_EQ(post("invocation/" + id + "/error", R"({"errorMessage":"m"})").status, 400);
    EXPECT_EQ(post("invocation/" + id + "/error", k_error).status, 202);
    const auto outcome = lambda_.await(id).value();
    EXPECT_EQ(outcome.kind, Outcome::Kind::error);
    EXPECT_EQ(outcome.error_type, "Function.T");
    EXPECT_EQ(outcome.body, k_error);
}

TEST_F(LambdaRuntime, refuses_a_second_answer_and_an_unknown_event) {
    const auto id = lambda_.queue("{}");
    EXPECT_EQ(respond(id, "1").status, 400) << "it was not taken yet";
    get_next();
    EXPECT_EQ(respond("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "1").status, 400);
    EXPECT_EQ(respond(id, "1").status, 202);
    const auto again = respond(id, "2");
    EXPECT_EQ(again.status, 403);
    EXPECT_THAT(again.body, HasSubstr("InvalidStateTransition"));
    EXPECT_EQ(lambda_.await(id)->body, "1");
}

TEST_F(LambdaRuntime, refuses_an_answer_of_more_than_six_megabytes) {
    const auto id = lambda_.queue("{}");
    get_next();
    EXPECT_EQ(respond(id, std::string(6U * 1024 * 1024 + 101, 'x')).status, 413);
    EXPECT_EQ(lambda_.await(id)->error_type, "Function.ResponseSizeTooLarge");
    const auto next = lambda_.queue("{}");
    get_next();
    EXPECT_EQ(respond(next, std::string(6U * 1024 * 1024 + 100, 'x')).status, 202);
}

TEST_F(LambdaRuntime, takes_one_failure_to_start_before_the_first_event) {
    EXPECT_EQ(post("init/error", k_error).status, 202);
    EXPECT_EQ(lambda_.await_init_error()->body, k_error);
    EXPECT_EQ(lambda_.await_init_error()->error_type, "Function.T");
    EXPECT_EQ(post("init/error", k_error).status, 403);
    lambda_.queue("{}");
    EXPECT_EQ(get_next()->status, 403);
    lambda_.expect_new_runtime();
    EXPECT_EQ(get_next()->status, 200);
    EXPECT_EQ(post("init/error", k_error).status, 403);
}

TEST_F(LambdaRuntime, counts_an_event_that_nobody_answers_as_abandoned) {
    const auto id = lambda_.queue("{}");
    get_next();
    lambda_.queue("{}");
    get_next();
    EXPECT_EQ(lambda_.await(id)->kind, Outcome::Kind::abandoned);
}

TEST_F(LambdaRuntime, gives_no_event_to_a_runtime_that_is_gone) {
    {
        HttpClient gone(port());
        gone.send({.method = "GET", .target = k_root + "invocation/next"});
        EXPECT_TRUE(lambda_.await_next());
    }
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (lambda_.await_next(milliseconds(0)) && std::chrono::steady_clock::now() < patience) {
        std::this_thread::yield();
    }
    EXPECT_FALSE(lambda_.await_next(milliseconds(0)));
    const auto id = lambda_.queue("{}");
    EXPECT_EQ(header_of(get_next().value(), "Lambda-Runtime-Aws-Request-Id"), id);
}

TEST_F(LambdaRuntime, knows_no_other_paths) {
    EXPECT_EQ(post("invocation/next", "").status, 404);
    EXPECT_EQ(post("other", "").status, 404);
    EXPECT_EQ(client_.call({.method = "GET", .target = "/"})->status, 404);
}

TEST_F(LambdaRuntime, misbehaves_on_demand) {
    lambda_.fail_next("next", Fault::internal_error());
    EXPECT_EQ(get_next()->status, 500);
    lambda_.fail_next("response", Fault::lose_answer());
    const auto id = lambda_.queue("{}");
    get_next();
    EXPECT_FALSE(client_.call(
        {.method = "POST", .target = k_root + "invocation/" + id + "/response", .body = "1"}));
    EXPECT_EQ(lambda_.await(id)->body, "1");
    EXPECT_THAT(lambda_.actions(), testing::ElementsAre("next", "next", "response"));
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <gmock/gmock.h>

#include <mutex>

#include "support/aws/http_server.h"
#include "support/soon.h"

namespace {

using base::ErrorKind;
using base::Secret;
using Conduct = support::HttpAnswer::Conduct;
using std::chrono::milliseconds;
using support::soon;
using testing::HasSubstr;
using testing::Not;

struct Http : testing::Test {
    std::string url(const std::string& path = "/") const {
        return "http://" + server.address() + path;
    }
    void answer(support::HttpAnswer with) {
        const std::lock_guard lock(mutex);
        next = std::move(with);
    }
    void answer(Conduct conduct) { answer({200, {}, "hush-answer", conduct}); }
    support::HttpRequest got() {
        const std::lock_guard lock(mutex);
        return last;
    }

    std::mutex mutex;
    support::HttpRequest last;
    support::HttpAnswer next;
    support::HttpServer server{[this](const support::HttpRequest& request) {
        const std::lock_guard lock(mutex);
        last = request;
        return next;
    }};
    http::Client http;
};

TEST_F(Http, carries_a_request_and_its_answer) {
    answer({201, {{"X-Amzn-ErrorType", " some:thing "}}, "hello"});
    const auto response =
        http.send({"PUT", url("/a?b=c"), {{"X-One", "1"}}, Secret("body")}, soon());
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->headers.at("x-amzn-errortype"), "some:thing");
    EXPECT_EQ(response->body.reveal(), "hello");
    EXPECT_EQ(got().method, "PUT");
    EXPECT_EQ(got().target, "/a?b=c");
    EXPECT_EQ(got().header("X-One"), "1");
    EXPECT_EQ(got().body, "body");
}

TEST_F(Http, forgets_one_request_before_the_next_and_keeps_the_connection) {
    ASSERT_TRUE(http.send({"POST", url(), {{"X-One", "1"}}, Secret("body")}, soon()));
    ASSERT_TRUE(http.send({"GET", url()}, soon()));
    EXPECT_EQ(got().method, "GET");
    EXPECT_EQ(got().body, "");
    EXPECT_FALSE(got().header("X-One"));
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Http, follows_no_redirect) {
    answer({302, {{"Location", url("/elsewhere")}}, ""});
    const auto response = http.send({"GET", url("/here")}, soon());
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 302);
    EXPECT_EQ(got().target, "/here");
}

TEST_F(Http, reads_no_more_than_it_has_to) {
    answer({200, {}, std::string(1'048'576, 'x')});
    EXPECT_TRUE(http.send({"GET", url()}, soon()));
    answer({200, {}, std::string(1'048'577, 'x')});
    EXPECT_EQ(http.send({"GET", url()}, soon()).error().kind, ErrorKind::internal);
    answer({200, {}, "small"});
    EXPECT_TRUE(http.send({"GET", url()}, soon()));
}

TEST_F(Http, ends_at_the_deadline_or_its_own_limit) {
    answer(Conduct::hang);
    EXPECT_EQ(http.send({"GET", url()}, base::Deadline::after(milliseconds(50))).error().kind,
              ErrorKind::deadline);
    http::Request request{"GET", url()};
    request.time_limit = milliseconds(50);
    EXPECT_EQ(http.send(request, soon()).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(http.send(request, base::Deadline::after(milliseconds(0))).error().kind,
              ErrorKind::deadline);
}

TEST_F(Http, names_the_host_and_nothing_of_the_request_in_a_failure) {
    for (const auto conduct : {Conduct::close, Conduct::close_half_way}) {
        answer(conduct);
        const auto failure =
            http.send({"POST", url("/hush-path"), {{"X-One", "hush-header"}}, Secret("hush-body")},
                      soon())
                .error();
        EXPECT_EQ(failure.kind, ErrorKind::unavailable);
        EXPECT_THAT(failure.message, HasSubstr("127.0.0.1"));
        EXPECT_THAT(failure.message, Not(HasSubstr("hush")));
    }
}

TEST_F(Http, is_not_hurt_by_a_failure) {
    answer(Conduct::close_half_way);
    EXPECT_FALSE(http.send({"GET", url()}, soon()));
    answer({200, {}, "well"});
    const auto response = http.send({"GET", url()}, soon());
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body.reveal(), "well");
}

TEST_F(Http, says_that_nobody_is_there) {
    EXPECT_EQ(http.send({"GET", "http://127.0.0.1:1/"}, soon()).error().kind,
              ErrorKind::unavailable);
    const auto failure = http.send({"GET", "http://nowhere.invalid/"}, soon()).error();
    EXPECT_EQ(failure.kind, ErrorKind::unavailable);
    EXPECT_THAT(failure.message, HasSubstr("nowhere.invalid"));
}

TEST_F(Http, gives_the_hints_of_the_service_that_it_is_for) {
    http::Client other({}, {.untrusted = "", .unknown_host = "look at the map", .no_url = "a URL"});
    EXPECT_EQ(other.send({"GET", "http://nowhere.invalid/"}, soon()).error().hint,
              "look at the map");
    EXPECT_EQ(other.send({"GET", "nowhere"}, soon()).error().hint, "a URL");
}

TEST_F(Http, refuses_what_is_no_http_url) {
    for (const auto* wrong :
         {"", "127.0.0.1", "file:///etc/passwd", "ftp://127.0.0.1/", "http://"}) {
        EXPECT_EQ(http.send({"GET", wrong}, soon()).error().kind, ErrorKind::invalid_input)
            << wrong;
    }
}

TEST_F(Http, takes_no_plain_server_for_one_with_tls) {
    EXPECT_EQ(http.send({"GET", "https://" + server.address() + "/"}, soon()).error().kind,
              ErrorKind::unavailable);
}

TEST_F(Http, goes_past_a_proxy_only_when_told_to) {
    support::HttpServer proxy([](const support::HttpRequest&) {
        return support::HttpAnswer{407, {}, "the proxy"};
    });
    ASSERT_EQ(setenv("http_proxy", ("http://" + proxy.address()).c_str(), 1), 0);
    http::Request request{"GET", url()};
    const auto through = http.send(request, soon());
    request.route = http::Route::direct;
    const auto past = http.send(request, soon());
    ASSERT_EQ(unsetenv("http_proxy"), 0);
    ASSERT_TRUE(through && past);
    EXPECT_EQ(through->status, 407);
    EXPECT_EQ(past->status, 200);
}

TEST(ParseUrl, finds_scheme_and_host) {
    const auto parts = http::parse_url("https://user@Example.com:8443/a?b#c");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->scheme, "https");
    EXPECT_EQ(parts->host, "Example.com");
    EXPECT_EQ(http::parse_url("http://[::1]:80/")->host, "::1");
    EXPECT_FALSE(http::parse_url("gopher://a/"));
}

}  // namespace

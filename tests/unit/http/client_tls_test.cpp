// SPDX-License-Identifier: Apache-2.0
//
// HttpClient against a server with TLS: the openssl program's own.
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/subprocess.h"
#include "http/client.h"
#include "local/port.h"
#include "support/must.h"
#include "support/temp_folder.h"
#include "support/tls_files.h"

namespace {

using base::ErrorKind;
using support::must;

struct HttpTls : testing::Test {
    static base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(20)); }

    std::string url(const std::string& host) const {
        return "https://" + host + ":" + std::to_string(port) + "/";
    }
    // Once the server is there, what it says to this client.
    base::Result<http::Response> send(http::Trust trust, const std::string& host) const {
        http::Client http(std::move(trust));
        for (;;) {
            auto response = http.send({"GET", url(host)}, soon());
            const bool starting =
                !response && response.error().message.find("connect") != std::string::npos;
            if (!starting || over.passed()) return response;
        }
    }

    support::TempFolder temp;
    support::TlsFiles files = support::make_tls_files(temp.path(), {});
    int port = must(local::choose_port());
    base::Deadline over = soon();
    base::Running server =
        must(base::start({{"openssl", "s_server", "-quiet", "-www", "-accept", std::to_string(port),
                           "-cert", files.certificate.string(), "-key", files.key.string()}}));
};

TEST_F(HttpTls, trusts_whom_it_was_told_to_trust_by_file_or_by_text) {
    const auto text = must(base::read_file(files.authority)).value();
    for (const auto& trust : {http::Trust{files.authority.string(), ""}, http::Trust{"", text},
                              http::Trust{"/nowhere", text}}) {
        const auto response = send(trust, "127.0.0.1");
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->status, 200);
    }
}

TEST_F(HttpTls, trusts_nobody_else) {
    const auto failure = send({}, "127.0.0.1").error();
    EXPECT_EQ(failure.kind, ErrorKind::unavailable);
    EXPECT_NE(failure.message.find("certificate"), std::string::npos) << failure.message;
    EXPECT_NE(failure.hint.find("SSL_CERT_FILE"), std::string::npos);
}

TEST_F(HttpTls, wants_the_name_that_it_asked_for) {
    EXPECT_TRUE(send({files.authority.string(), ""}, "localhost"));
    const auto failure = send({files.authority.string(), ""}, "127.0.0.2").error();
    EXPECT_EQ(failure.kind, ErrorKind::unavailable);
}

TEST_F(HttpTls, says_so_when_the_file_of_authorities_is_missing) {
    const auto failure = send({"/nowhere/ca.pem", ""}, "127.0.0.1").error();
    EXPECT_NE(failure.message.find("/nowhere/ca.pem"), std::string::npos) << failure.message;
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include "server/secret_login.h"

#include <gmock/gmock.h>

#include "support/must.h"

namespace {

using support::must;
using testing::HasSubstr;
using testing::Not;

base::Result<pg::ConnectionInfo> login(const std::string& value, const std::string& reference,
                                       const base::Variables& variables = {}) {
    return server::login_in(base::Secret(value), must(server::parse_secret_reference(reference)),
                            "/authorities.pem", variables);
}

const std::string k_of_host =
    R"({"host": "db.example.org", "username": "u", "password": "hush-word"})";
const std::string k_of_none = R"({"username": "u", "password": "hush-word"})";

TEST(SecretLogin, a_secret_goes_to_the_host_that_it_names_and_to_no_other) {
    EXPECT_EQ(must(login(k_of_host, "secret:x")).get("host"), "db.example.org");
    EXPECT_EQ(must(login(k_of_host, "secret:x?host=db.example.org")).get("host"), "db.example.org");
    const auto refused = login(k_of_host, "secret:x?host=evil.example.org");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid_input);
    EXPECT_THAT(refused.error().message, HasSubstr("not sent to evil.example.org"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("hush-word")));
    EXPECT_EQ(must(login(k_of_host, "secret:x", {{"PGHOSTADDR", "203.0.113.1"}})).get("hostaddr"),
              "");
}

TEST(SecretLogin, of_a_secret_that_names_no_host_the_host_proves_its_name) {
    const auto usual = must(login(k_of_none, "secret:x?host=db.example.org"));
    EXPECT_EQ(usual.get("sslmode"), "verify-full");
    EXPECT_EQ(usual.get("sslrootcert"), "/authorities.pem");
    for (const auto* mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
        EXPECT_FALSE(login(k_of_none, std::string("secret:x?host=db.example.org&sslmode=") + mode))
            << mode;
        EXPECT_TRUE(login(k_of_none, std::string("secret:x?host=127.0.0.1&sslmode=") + mode));
    }
    EXPECT_FALSE(login(k_of_none, "secret:x?host=db.example.org", {{"PGSSLMODE", "require"}}));
}

}  // namespace

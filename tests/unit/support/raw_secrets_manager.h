// SPDX-License-Identifier: Apache-2.0
//
// A client of the stand-in for Secrets Manager that can do everything wrong.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "support/aws/http_client.h"
#include "support/aws/secrets_manager.h"
#include "support/aws/signature.h"

namespace support {

class RawSecretsManager {
   public:
    struct Answer {
        int status = 0;  // 0: the connection was closed
        std::string type = {};
        std::string message = {};
        boost::json::object body = {};

        std::string text(const char* member) const {
            const auto* value = body.if_contains(member);
            return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
        }
    };

    explicit RawSecretsManager(const SecretsManagerStandIn& aws)
        : region_(aws.region()),
          credentials_(aws.credentials()),
          client_(std::stoi(aws.endpoint().substr(aws.endpoint().rfind(':') + 1))) {}

    // What a call looks like before it is signed.
    HttpRequest request(const std::string& action, const std::string& body) const {
        return {.method = "POST",
                .target = "/",
                .headers = {{"Host", "127.0.0.1"},
                            {"Content-Type", "application/x-amz-json-1.1"},
                            {"X-Amz-Target", "secretsmanager." + action},
                            {"X-Amz-Date", amz_date(std::chrono::system_clock::now())},
                            {"X-Amz-Security-Token", credentials_.session_token}},
                .body = body};
    }
    HttpRequest signed_request(const std::string& action, const std::string& body) const {
        auto made = request(action, body);
        sign(made, {region_, "secretsmanager"}, credentials_);
        return made;
    }
    Answer send(const HttpRequest& request) {
        const auto answer = client_.call(request);
        if (!answer) return {};
        Answer result{.status = answer->status};
        boost::system::error_code failure;
        const auto value = boost::json::parse(answer->body, failure);
        if (failure || !value.is_object()) return result;
        result.body = value.get_object();
        result.type = result.text("__type");
        result.message = result.text("Message") + result.text("message");
        return result;
    }
    Answer call(const std::string& action, const boost::json::object& members) {
        return send(signed_request(action, boost::json::serialize(members)));
    }
    Answer call_text(const std::string& action, const std::string& body) {
        return send(signed_request(action, body));
    }
    HttpClient& client() { return client_; }

   private:
    std::string region_;
    AwsCredentials credentials_;
    HttpClient client_;
};

}  // namespace support

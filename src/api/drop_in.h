// SPDX-License-Identifier: Apache-2.0
//
// The events and answers of the Lambda that reviewdb replaces, unchanged: its callers notice
// nothing but that it works. Pure.
//
//   {"action": "create" | "delete", "stageName", "devDbSecretArn", "dbNamePrefix"?,
//   "prSecretName"?}
//   {"statusCode", "body": "{…}"}
//
// Source: Enterprise-CMCS/managed-care-review, services/postgres/src/logicalDatabaseManager.ts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "environment/manager.h"

namespace api {

enum class DropInAction { create, remove };

struct DropIn {
    DropInAction action;
    environment::Name stage;
    environment::Project project;      // the prefix of database names
    std::string administrator;         // the secret with the server's address and its login
    std::string secret;                // where the stage's credentials belong
    environment::Candidate incumbent;  // what the former Lambda would have made
};

// `text` is the event; `prefix` is that of one without; empty: reviewapp. Fails invalid_input, with
// the former Lambda's words where it had some.
base::Result<DropIn> parse_drop_in(std::string_view text, std::string_view prefix);

// The names of secrets by default.
inline constexpr std::string_view k_drop_in_secrets = "aurora_postgres_{slug}_cdk";

// The wish for the stage's environment, which may take over what the former Lambda made of it.
// `administrators` is the database that is never taken over.
environment::CreateWish drop_in_wish(const DropIn& event, std::string_view administrators);

// What to import: one stage, or every one that the former Lambda made and reviewdb has not.
struct Import {
    environment::Project project;
    std::optional<std::string> stage;
    std::string administrators;  // as above
    environment::Execution execution;
};
// What became of each. Fails as the server does.
base::Result<std::vector<environment::Report>> import_stages(const Import& wish,
                                                             environment::Manager& manager,
                                                             environment::Server& server,
                                                             base::Deadline deadline);

// {"statusCode": 200, "body"}: with message, secretName and dbName, and what we add: outcome and
// created.
std::string drop_in_answer(const DropIn& event, const environment::Answer& answer);
// {"statusCode": 500, "body"}: with message, error, cause and operation, and what we add: code,
// hint, retryable. Without an event where it could not be read.
std::string drop_in_error(const std::optional<DropIn>& event, const base::Error& error);

}  // namespace api

// SPDX-License-Identifier: Apache-2.0
//
// Rotation by Secrets Manager: its four steps, each safe to repeat, for an environment's secret and
// for that of an administrator.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
#pragma once

#include <string>
#include <string_view>

#include "app/lambda/administrators.h"

namespace lambda {

enum class RotationStep { create, set, test, finish };

struct RotationEvent {
    std::string secret;
    std::string token;  // of the version that is to become the current one
    RotationStep step;
};

// True for what looks like one.
bool is_rotation(std::string_view event);
// Fails invalid_input.
base::Result<RotationEvent> parse_rotation(std::string_view event);

class Rotation {
   public:
    // Borrows all of them.
    Rotation(aws::Account& account, Administrators& administrators, base::Log& log)
        : secrets_(account.secrets()), administrators_(administrators), log_(log) {}

    // Fails conflict for a secret that is not ours or not being rotated by that token.
    base::Result<void> perform(const RotationEvent& event, base::Deadline deadline);

   private:
    // `from` is the current version as it was before anything else was looked at.
    base::Result<void> of_administrator(const RotationEvent& event, const std::string& from,
                                        base::Deadline deadline);
    base::Result<void> of_environment(const RotationEvent& event, const std::string& from,
                                      base::Deadline deadline);
    base::Result<void> with_environment(
        const RotationEvent& event, const base::Secret& value, const base::Uuid& owner,
        const std::function<base::Result<void>(Administrator&, const environment::Subject&)>& deed,
        base::Deadline deadline);
    base::Result<void> set_password(const base::Secret& wanted,
                                    const environment::Succession& values,
                                    environment::Manager& manager, const environment::Wish& wish,
                                    base::Deadline deadline);
    base::Result<void> keep_pending(const RotationEvent& event, const base::Secret& value,
                                    base::Deadline deadline);
    base::Result<base::Secret> pending(const RotationEvent& event, base::Deadline deadline);
    base::Result<base::Secret> current(const RotationEvent& event, base::Deadline deadline);
    base::Result<void> finish(const RotationEvent& event, const std::string& from,
                              base::Deadline deadline);

    aws::SecretsManager& secrets_;
    Administrators& administrators_;
    base::Log& log_;
};

}  // namespace lambda

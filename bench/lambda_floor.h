// SPDX-License-Identifier: Apache-2.0
//
// The floor of a first create by event, from the start of the process: the same SQL and as many
// HTTP calls. What the function says is heard once, without TLS, and said by the floor from then on
// with the function's own settings for TLS; what the floor says is compared first.
#pragma once

#include <string>

#include "conversation.h"
#include "lambda_stand.h"

namespace bench {

class LambdaFloor {
   public:
    // Borrows `stand`, whose function must not run. Throws when the floor says anything else.
    LambdaFloor(LambdaStand& stand, const std::string& stage);

    // In milliseconds, without the stand-in's own time. The environment is there afterwards, and
    // its secret is not.
    double create() const;

    const std::string& finding() const { return finding_; }

   private:
    Program floor(int port) const;

    LambdaStand& stand_;
    support::TempFolder folder_;
    std::string logins_;
    std::string finding_;
};

}  // namespace bench

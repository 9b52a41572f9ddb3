// SPDX-License-Identifier: Apache-2.0
#include "environment/facts.h"

#include <fmt/format.h>

#include "base/words.h"

namespace environment {

namespace {

base::Result<void> check_text(std::string_view what, const std::string& text) {
    if (is_clean_utf8(text)) return {};
    return base::fail(base::ErrorKind::conflict,
                      fmt::format("the registry has a {} with control characters, or that is not "
                                  "UTF-8: '{}'",
                                  what, base::harmless(text)),
                      "the row was edited by hand: restore its value in registry.environment, "
                      "registry.instance or registry.role");
}

}  // namespace

base::Result<void> check_texts(const Facts& facts) {
    if (facts.environment) {
        BASE_TRY(check_text("name of an environment", facts.environment->name));
        BASE_TRY(check_text("name of a secret", facts.environment->secret));
    }
    if (facts.instance) BASE_TRY(check_text("name of a database", facts.instance->database));
    if (facts.role) BASE_TRY(check_text("name of a role", facts.role->name));
    return {};
}

}  // namespace environment

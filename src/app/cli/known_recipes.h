// SPDX-License-Identifier: Apache-2.0
//
// Recipes of templates that were given on this machine: files of mode 0600 in the state folder. The
// recipe in the registry is data of others; its commands run here, and its paths are read here,
// only if it says the same.
#pragma once

#include <optional>
#include <string>

#include "api/recipe.h"
#include "app/cli/session.h"

namespace cli {

// The recipe with which this machine last made the template; nothing when there is none. Fails
// denied for a record that others than the caller can change.
base::Result<std::optional<api::Recipe>> find_known_recipe(
    const Session& session, const environment::TemplateSubject& subject);

// Keeps it for the next refresh. What cannot be kept has to be repeated then; the log says so.
void remember_recipe(Session& session, const environment::TemplateSubject& subject,
                     const api::Recipe& recipe);

// Lets a refresh go on with the parts of `recipe` that come from the registry and concern this
// machine, which are those of `stored`: if this machine knows them, or a person at a terminal
// agrees. Fails denied, with the command that repeats them.
base::Result<void> permit_stored_recipe(Session& session,
                                        const environment::TemplateSubject& subject,
                                        const api::Recipe& stored);

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
//
// Which template a call means.
#pragma once

#include <optional>
#include <string>

#include "app/cli/session.h"

namespace cli {

// The name of a template, or empty, or auto. Fails invalid_input.
base::Result<void> check_template_choice(const std::optional<std::string>& name);

// For --template auto: the newest template that was made from what the working tree has now, else
// the project's default; says which.
base::Result<std::string> template_of_working_tree(Session& session);

// The template that the call names. Fails invalid_input.
base::Result<environment::TemplateSubject> named_template(const Session& session);
// Prints it as the call wants it printed.
base::Result<int> show_template(Session& session, const environment::TemplateSubject& subject,
                                std::optional<environment::Outcome> outcome);

// template create and refresh.
base::Result<int> make_template(Session& session);

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/lookup.h"

#include <fmt/format.h>

#include "app/cli/print.h"
#include "app/cli/similar.h"

namespace cli {

namespace {

using base::Result;

// A failure of the lookup counts as no; the hint is then less specific.
bool is_in_trash(Session& session, const environment::Subject& subject) {
    const environment::TrashFilter filter{subject.project, subject.name, {}};
    const auto found = session.manager().trash(filter, session.deadline());
    return found && !found->empty();
}

std::string similar_to(Session& session, const environment::Subject& subject) {
    environment::ListFilter filter;
    filter.project = subject.project;
    const auto listed = session.server().list(filter, session.deadline());
    if (!listed) return {};
    std::vector<std::string> names;
    names.reserve(listed->size());
    for (const auto& one : *listed) names.push_back(one.environment.name);
    std::string words;
    for (const auto& name : similar_names(subject.name.text(), names)) {
        words += (words.empty() ? "" : " or ") + shell_quoted(name);
    }
    return words;
}

}  // namespace

Result<environment::Description> find_environment(Session& session,
                                                  const environment::Subject& subject,
                                                  environment::Way way) {
    auto found = session.manager().get(subject, session.deadline(), way);
    if (found || found.error().kind != base::ErrorKind::not_found) return found;
    const auto name = shell_quoted(subject.name.text());
    auto hint = "create it: reviewdb create " + name;
    if (is_in_trash(session, subject)) {
        hint = "it is in the trash; bring it back: reviewdb restore " + name;
    } else if (const auto similar = similar_to(session, subject); !similar.empty()) {
        hint = fmt::format("did you mean {}? Or {}", similar, hint);
    }
    return base::fail(std::move(found).error().with_hint(std::move(hint)));
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/known_recipes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/reach.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/trusted_file.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::TemplateSubject;

// The local server's port may change, so that one has no address.
std::string address_of(const Session& session) {
    const auto& reached = session.reached();
    if (reached.local) return "local";
    return fmt::format("{}:{}", reached.login.get("host"), reached.login.port());
}

Result<std::filesystem::path> file_of(const Session& session, const TemplateSubject& subject) {
    BASE_TRY_ASSIGN(const auto folder, state_folder(session.settings()));
    std::string place = address_of(session);
    for (const auto& part : {subject.project.text(), subject.name}) {
        place += '\0';
        place += part;
    }
    return folder / "recipes" / base::to_hex(base::as_text(base::sha256(place)));
}

bool concerns_this_machine(const api::Recipe& recipe) {
    return !recipe.run.empty() || !recipe.from.empty() || !recipe.scrub.empty() ||
           !recipe.digest.empty();
}

// Each list that `stored` has is the known one.
bool is_known(const api::Recipe& stored, const api::Recipe& known) {
    const auto fits = [](const auto& list, const auto& other) {
        return list.empty() || list == other;
    };
    return fits(stored.run, known.run) && fits(stored.from, known.from) &&
           fits(stored.scrub, known.scrub) && fits(stored.digest, known.digest) &&
           stored.schema_only == known.schema_only &&
           stored.exclude_table_data == known.exclude_table_data && stored.tables == known.tables &&
           stored.schemas == known.schemas;
}

std::string flags_of(const api::Recipe& recipe) {
    std::string flags;
    const auto add = [&](const char* flag, const std::vector<std::string>& values) {
        for (const auto& value : values) flags += fmt::format(" {} {}", flag, shell_quoted(value));
    };
    add("--from", recipe.from);
    add("--run", recipe.run);
    add("--scrub", recipe.scrub);
    add("--digest", recipe.digest);
    add("--exclude-table-data", recipe.exclude_table_data);
    add("--tables", recipe.tables);
    add("--schemas", recipe.schemas);
    if (recipe.schema_only) flags += " --schema-only";
    return flags;
}

Result<void> write_recipe(const std::filesystem::path& file, const api::Recipe& recipe) {
    // Root's local server lies beside them, and its Postgres runs as another user.
    BASE_TRY(base::make_folder(file.parent_path().parent_path(), geteuid() == 0 ? 0755 : 0700));
    BASE_TRY(base::make_folder(file.parent_path(), 0700));
    return base::write_file(file, to_json(recipe), 0600);
}

}  // namespace

Result<std::optional<api::Recipe>> find_known_recipe(const Session& session,
                                                     const TemplateSubject& subject) {
    const auto file = file_of(session, subject);
    if (!file) return std::optional<api::Recipe>();  // without a home nothing is kept
    BASE_TRY_ASSIGN(const auto text, base::read_trusted_file(*file, base::Links::refused));
    if (!text) return std::optional<api::Recipe>();
    BASE_TRY_ASSIGN(auto recipe, api::parse_recipe(*text));
    return std::optional(std::move(recipe));
}

void remember_recipe(Session& session, const TemplateSubject& subject, const api::Recipe& recipe) {
    const auto file = file_of(session, subject);
    const auto written =
        file ? write_recipe(*file, recipe) : Result<void>(base::fail(base::Error(file.error())));
    if (!written) session.log().debug("recipe not kept: {}", written.error().message);
}

Result<void> permit_stored_recipe(Session& session, const TemplateSubject& subject,
                                  const api::Recipe& stored) {
    if (!concerns_this_machine(stored)) return {};
    BASE_TRY_ASSIGN(const auto known, find_known_recipe(session, subject));
    if (known && is_known(stored, *known)) return {};
    const auto flags = flags_of(stored);
    if (someone_can_answer()) {
        session.end_progress();
        print_notice(
            fmt::format("reviewdb: the server stores how the template '{}' is made, and "
                        "this machine did not make it before:\n {}",
                        subject.name, flags));
        if (says_yes("Run these commands and read these files on this machine?")) return {};
    }
    return base::fail(
        ErrorKind::denied,
        fmt::format("the template '{}' cannot be refreshed: its recipe comes from the server, and "
                    "this machine did not make it before",
                    subject.name),
        fmt::format("read it, and repeat what you agree with: reviewdb template refresh {}{}",
                    shell_quoted(subject.name), flags));
}

}  // namespace cli

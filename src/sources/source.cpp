// SPDX-License-Identifier: Apache-2.0
#include "sources/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "sources/changes.h"
#include "sources/command.h"
#include "sources/dump.h"
#include "sources/part.h"
#include "sources/scrub.h"
#include "sources/session.h"
#include "sources/unpacked_input.h"

namespace sources {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

Rules rules_of(const Request& request) {
    return {request.skip_foreign ? Foreign::skip : Foreign::refuse};
}
constexpr Rules k_scrub_rules{Foreign::refuse, Purpose::scrub};

tl::unexpected<base::Error> brings_nothing(const std::string& what) {
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} holds no statement that makes or changes anything", what),
                      "did the program that wrote it fail? --allow-empty takes it as it is");
}

tl::unexpected<base::Error> changed_nothing() {
    return base::fail(ErrorKind::invalid_input, "--run changed nothing in the new database",
                      "commands find it by DATABASE_URL and PG*: is another address in their "
                      "configuration? --allow-empty takes it as it is");
}

// Looks through what can be looked through before anything is made.
Result<void> check_parts(const std::vector<Part>& parts, const std::string& from,
                         const Request& request, Deadline deadline) {
    bool all_files = true;
    std::uint64_t deeds = 0;
    for (const auto& part : parts) {
        const auto* file = std::get_if<SqlFile>(&part);
        all_files = all_files && file != nullptr;
        if (file == nullptr) continue;
        BASE_TRY_ASSIGN(const auto more, look_through(*file, rules_of(request), deadline));
        deeds += more;
    }
    if (all_files && deeds == 0 && !request.allow_empty) return brings_nothing(from);
    return {};
}

Result<SqlFile> scrub_file(const std::string& path, Deadline deadline) {
    BASE_TRY_ASSIGN(auto file, sql_file(path, deadline));
    BASE_TRY_ASSIGN(const auto deeds, look_through(file, k_scrub_rules, deadline));
    if (deeds > 0) return file;
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("the scrub {} holds no statement", path),
                      "a template without a scrub is made without --scrub");
}

std::optional<std::uint64_t> size_of(const Part& part) {
    const auto* file = std::get_if<SqlFile>(&part);
    std::error_code problem;
    // Its unpacked size is known only at its end.
    if (file != nullptr && file->compression != Compression::none) return std::nullopt;
    const auto size = file == nullptr ? 0 : std::filesystem::file_size(file->path, problem);
    return file == nullptr || problem ? std::nullopt : std::optional<std::uint64_t>(size);
}

// The script that a part is or can be turned into, and what has to live as long.
struct Opened {
    std::unique_ptr<Input> beneath = {};
    std::unique_ptr<Input> script = {};
};

struct Open {
    Deadline deadline;

    Result<Opened> operator()(const SqlFile& file) const {
        BASE_TRY_ASSIGN(auto opened, open_unpacked(file.path, deadline));
        return Opened{nullptr, std::move(opened.input)};
    }
    Result<Opened> operator()(const Archive& archive) const {
        if (archive.compression != Compression::none) {
            BASE_TRY_ASSIGN(auto opened, open_unpacked(archive.path, deadline));
            BASE_TRY_ASSIGN(auto script,
                            restore(archive.tool, archive.format, *opened.input, archive.taken));
            return Opened{std::move(opened.input), std::move(script)};
        }
        BASE_TRY_ASSIGN(auto input,
                        restore(archive.tool, archive.format, archive.path, archive.taken));
        return Opened{nullptr, std::move(input)};
    }
    Result<Opened> operator()(Stream& stream) const {
        if (!stream.input) {
            return base::fail(ErrorKind::conflict, fmt::format("{} was read already", stream.name),
                              "write it to a file, and name that");
        }
        if (stream.format == Format::sql) return Opened{nullptr, std::move(stream.input)};
        BASE_TRY_ASSIGN(auto input,
                        restore(stream.tool, stream.format, *stream.input, stream.taken));
        return Opened{std::move(stream.input), std::move(input)};
    }
    Result<Opened> operator()(const Database& database) const {
        BASE_TRY_ASSIGN(auto input, dump(database.tool, database.source, database.options));
        return Opened{nullptr, std::move(input)};
    }
    Result<Opened> operator()(const ShellCommand& /*command*/) const { return Opened{}; }
};

}  // namespace

struct Source::State {
    std::vector<Part> parts = {};
    std::vector<SqlFile> scrub = {};
    std::vector<std::string> notes = {};
    Rules rules = {};
    bool allow_empty = false;
    bool begins_with_data = false;
    Surroundings surroundings;

    explicit State(Surroundings its_surroundings) : surroundings(std::move(its_surroundings)) {}

    void begin(const Part& part) const {
        surroundings.log.debug("fill from {}", description_of(part));
        tell({description_of(part), 0, size_of(part)});
    }

    void tell(const Progress& progress) const {
        if (surroundings.on_progress) surroundings.on_progress(progress);
    }

    Result<void> pour(Part& part, const pg::ConnectionInfo& login, Account& account,
                      Deadline deadline) const {
        BASE_TRY_ASSIGN(const auto opened, std::visit(Open{deadline}, part));
        BASE_TRY_ASSIGN(auto session, pg::Connection::open(session_of(login), deadline));
        const auto name = description_of(part);
        const auto size = size_of(part);
        Script script(*opened.script, name, [&](std::uint64_t read) { tell({name, read, size}); });
        const auto before = account.deeds();
        auto done = run(script, rules, session, account, deadline);
        std::move(session).close_and_wait(deadline);
        if (!done) return done;
        if (std::holds_alternative<Archive>(part) || std::holds_alternative<Database>(part) ||
            script.remarks().is_dump) {
            account.note_dump();
        }
        const bool looked_through = std::holds_alternative<SqlFile>(part);
        const bool idle = account.deeds() == before && !looked_through;
        if (idle && !allow_empty) return brings_nothing(name);
        return {};
    }
};

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::Source(Source&&) noexcept = default;
Source& Source::operator=(Source&&) noexcept = default;
Source::~Source() = default;

Result<Source> Source::prepare(const Request& request, const Surroundings& surroundings,
                               Deadline deadline) {
    if (request.run.empty() && request.from.empty() && !request.begins_with_data) {
        return base::fail(ErrorKind::invalid_input, "a template has to be made from something",
                          "--run 'COMMAND' or --from FILE");
    }
    if (request.from.empty() && !request.choice.takes_all()) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{} chooses from what --from names, and there is none",
                                      flag_of(request.choice)),
                          "--from ARCHIVE or --from postgresql://…");
    }
    auto state = std::make_unique<State>(surroundings);
    state->rules = rules_of(request);
    state->allow_empty = request.allow_empty;
    state->begins_with_data = request.begins_with_data;
    for (const auto& from : request.from) {
        BASE_TRY_ASSIGN(auto taken, parts_of(from, request.choice, surroundings.tools, deadline));
        BASE_TRY(check_parts(taken.parts, from, request, deadline));
        std::ranges::move(taken.parts, std::back_inserter(state->parts));
        std::ranges::move(taken.notes, std::back_inserter(state->notes));
    }
    for (const auto& command : request.run) {
        if (command.find_first_not_of(" \t\n") == std::string::npos) {
            return base::fail(ErrorKind::invalid_input, "--run is given an empty command");
        }
        state->parts.emplace_back(ShellCommand{command});
    }
    for (const auto& path : request.scrub) {
        BASE_TRY_ASSIGN(auto file, scrub_file(path, deadline));
        state->scrub.push_back(std::move(file));
    }
    return Source(std::move(state));
}

std::string Source::description() const {
    std::string text;
    for (const auto& part : state_->parts) {
        text += (text.empty() ? "" : ", ") + description_of(part);
    }
    return text;
}

bool Source::scrubs() const { return !state_->scrub.empty(); }

Result<Report> Source::fill(const pg::ConnectionInfo& login,
                            const std::map<std::string, std::string>& variables,
                            Deadline deadline) const {
    Account account;
    std::vector<std::string> notes = state_->notes;
    bool others = state_->begins_with_data;
    auto part = state_->parts.begin();
    for (; part != state_->parts.end(); ++part) {
        if (std::holds_alternative<ShellCommand>(*part)) break;
        state_->begin(*part);
        BASE_TRY(state_->pour(*part, login, account, deadline));
        others = true;
    }
    // Commands come last.
    if (part != state_->parts.end()) {
        BASE_TRY_ASSIGN(const auto before, writes_of(login, deadline));
        for (; part != state_->parts.end(); ++part) {
            state_->begin(*part);
            BASE_TRY(run_command(std::get<ShellCommand>(*part).text, variables, deadline));
        }
        BASE_TRY_ASSIGN(const auto after, writes_of(login, deadline));
        const bool idle = before && before == after;
        if (idle && !others && !state_->allow_empty) return changed_nothing();
        if (idle) notes.emplace_back("--run changed nothing in the database");
    }
    std::ranges::move(account.notes(), std::back_inserter(notes));
    return Report{std::move(notes), account.statements(), account.brings_a_dump()};
}

Result<Report> Source::scrub(const pg::ConnectionInfo& login, Deadline deadline) const {
    if (!scrubs()) return Report{};
    const auto tell = [this](const SqlFile& file) {
        state_->tell({file.path, 0, size_of(Part(file))});
    };
    BASE_TRY_ASSIGN(auto notes, run_scrub(state_->scrub, login, tell, deadline));
    return Report{std::move(notes)};
}

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
#include "sources/source.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "sources/command.h"
#include "sources/dump.h"
#include "sources/part.h"

namespace sources {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// The server ends what nobody waits for any more, and speaks the encoding that scripts are in until
// they say otherwise.
pg::ConnectionInfo session_of(const pg::ConnectionInfo& login) {
    auto session = login;
    if (session.get("client_encoding").empty()) session = session.with("client_encoding", "UTF8");
    if (session.get("options").empty()) {
        session = session.with("options", "-c client_connection_check_interval=2s");
    }
    return session;
}

Rules rules_of(const Request& request) {
    return {request.skip_foreign ? Foreign::skip : Foreign::refuse};
}
constexpr Rules k_scrub_rules{Foreign::refuse, Transactions::refuse};

Result<void> add_part(Part part, const Rules& rules, std::vector<Part>& parts, Deadline deadline) {
    if (const auto* file = std::get_if<SqlFile>(&part)) {
        BASE_TRY(look_through(*file, rules, deadline));
    }
    parts.push_back(std::move(part));
    return {};
}

std::optional<std::uint64_t> size_of(const Part& part) {
    const auto* file = std::get_if<SqlFile>(&part);
    std::error_code problem;
    const auto size = file == nullptr ? 0 : std::filesystem::file_size(file->path, problem);
    return file == nullptr || problem ? std::nullopt : std::optional<std::uint64_t>(size);
}

// One statement of ours around a scrub; the answer is what Postgres calls it.
Result<std::string> execute(pg::Connection& session, const char* sql, Deadline deadline) {
    BASE_TRY_ASSIGN(auto executed, session.execute(sql, deadline));
    if (!executed.refusal) return executed.command;
    return base::fail(std::move(executed.refusal->error).during("the scrub"));
}

// The script that a part is or can be turned into, and what has to live as long.
struct Opened {
    std::unique_ptr<Input> beneath = {};
    std::unique_ptr<Input> script = {};
};

struct Open {
    Result<Opened> operator()(const SqlFile& file) const {
        BASE_TRY_ASSIGN(auto input, FileInput::open(file.path));
        return Opened{nullptr, std::move(input)};
    }
    Result<Opened> operator()(const Archive& archive) const {
        BASE_TRY_ASSIGN(auto input, restore(archive.tool, archive.format, archive.path));
        return Opened{nullptr, std::move(input)};
    }
    Result<Opened> operator()(Stream& stream) const {
        if (!stream.input) {
            return base::fail(ErrorKind::conflict, fmt::format("{} was read already", stream.name),
                              "write it to a file, and name that");
        }
        if (stream.format == Format::sql) return Opened{nullptr, std::move(stream.input)};
        BASE_TRY_ASSIGN(auto input, restore(stream.tool, stream.format, *stream.input));
        return Opened{std::move(stream.input), std::move(input)};
    }
    Result<Opened> operator()(const Database& database) const {
        BASE_TRY_ASSIGN(auto input, dump(database.tool, database.source));
        return Opened{nullptr, std::move(input)};
    }
    Result<Opened> operator()(const ShellCommand& /*command*/) const { return Opened{}; }
};

}  // namespace

struct Source::State {
    std::vector<Part> parts = {};
    std::vector<SqlFile> scrub = {};
    Rules rules = {};
    Surroundings surroundings;

    explicit State(Surroundings its_surroundings) : surroundings(std::move(its_surroundings)) {}

    void tell(const Progress& progress) const {
        if (surroundings.on_progress) surroundings.on_progress(progress);
    }

    Result<void> pour(Part& part, const pg::ConnectionInfo& login, Account& account,
                      Deadline deadline) const {
        BASE_TRY_ASSIGN(const auto opened, std::visit(Open(), part));
        BASE_TRY_ASSIGN(auto session, pg::Connection::open(session_of(login), deadline));
        const auto name = description_of(part);
        const auto size = size_of(part);
        Script script(*opened.script, name, [&](std::uint64_t read) { tell({name, read, size}); });
        auto done = run(script, rules, session, account, deadline);
        std::move(session).close_and_wait(deadline);
        return done;
    }

    Result<void> scrub_in(pg::Connection& session, Deadline deadline) const {
        BASE_TRY(execute(session, "BEGIN", deadline));
        Account account;
        for (const auto& file : scrub) {
            tell({file.path, 0, size_of(Part(file))});
            BASE_TRY_ASSIGN(const auto input, FileInput::open(file.path));
            Script script(*input, file.path);
            BASE_TRY(run(script, k_scrub_rules, session, account, deadline));
        }
        BASE_TRY_ASSIGN(const auto ended, execute(session, "COMMIT", deadline));
        if (ended == "COMMIT") return {};
        return base::fail(ErrorKind::internal, "the scrub's transaction was not committed");
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
    auto state = std::make_unique<State>(surroundings);
    state->rules = rules_of(request);
    for (const auto& from : request.from) {
        BASE_TRY_ASSIGN(auto parts, parts_of(from, surroundings.tools, deadline));
        for (auto& part : parts) {
            BASE_TRY(add_part(std::move(part), state->rules, state->parts, deadline));
        }
    }
    for (const auto& command : request.run) {
        if (command.find_first_not_of(" \t\n") == std::string::npos) {
            return base::fail(ErrorKind::invalid_input, "--run is given an empty command");
        }
        state->parts.emplace_back(ShellCommand{command});
    }
    for (const auto& path : request.scrub) {
        BASE_TRY_ASSIGN(auto file, sql_file(path, deadline));
        BASE_TRY(look_through(file, k_scrub_rules, deadline));
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
    for (auto& part : state_->parts) {
        state_->surroundings.log.debug("fill from {}", description_of(part));
        state_->tell({description_of(part), 0, size_of(part)});
        if (const auto* command = std::get_if<ShellCommand>(&part)) {
            BASE_TRY(run_command(command->text, variables, deadline));
        } else {
            BASE_TRY(state_->pour(part, login, account, deadline));
        }
    }
    return Report{account.notes(), account.statements()};
}

Result<void> Source::scrub(const pg::ConnectionInfo& login, Deadline deadline) const {
    if (!scrubs()) return {};
    BASE_TRY_ASSIGN(auto session, pg::Connection::open(session_of(login), deadline));
    auto done = state_->scrub_in(session, deadline);
    // What was not committed is rolled back by this.
    std::move(session).close_and_wait(deadline);
    return done;
}

}  // namespace sources

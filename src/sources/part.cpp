// SPDX-License-Identifier: Apache-2.0
#include "sources/part.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/words.h"
#include "pg/connection.h"
#include "sources/address.h"
#include "sources/command.h"
#include "sources/contents.h"
#include "sources/folder.h"
#include "sources/migration_tools.h"
#include "sources/undo.h"
#include "sources/unpacked_input.h"

namespace sources {

namespace {

namespace fs = std::filesystem;
using base::Deadline;
using base::ErrorKind;
using base::Result;

constexpr const char* k_relations =
    "SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN "
    "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.relkind IN "
    "('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname "
    "OPERATOR(pg_catalog.<>) 'information_schema'";
constexpr const char* k_schemas =
    "SELECT nspname AS schema FROM pg_catalog.pg_namespace WHERE nspname "
    "OPERATOR(pg_catalog.!~) '^pg_' AND nspname OPERATOR(pg_catalog.<>) 'information_schema'";

Parts one(Part part) {
    Parts parts;
    parts.parts.push_back(std::move(part));
    return parts;
}

tl::unexpected<base::Error> is_migration(const std::string& path, const MigrationTool& tool,
                                         const std::vector<std::string>& files = {}) {
    std::string command(tool.command);
    if (const auto at = command.find("{}"); at != std::string::npos) command.replace(at, 2, path);
    const auto undo = std::ranges::find_if(files, is_undo_name);
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("{} belongs to {}, which keeps its own history of what it ran{}", path,
                    tool.name, undo == files.end() ? "" : fmt::format("; {} undoes", *undo)),
        fmt::format("let it do that itself: --run '{}'", command));
}

// What of the database can be chosen.
Result<void> check_choice(pg::Connection& connection, const Patterns& patterns,
                          const std::string& where, Deadline deadline) {
    std::vector<Relation> relations;
    std::vector<std::string> schemas;
    BASE_TRY_ASSIGN(const auto tables, connection.run({k_relations}, deadline));
    relations.reserve(static_cast<std::size_t>(tables.size()));
    for (int i = 0; i < tables.size(); ++i) {
        relations.push_back({tables[i].text("schema"), tables[i].text("name")});
    }
    BASE_TRY_ASSIGN(const auto names, connection.run({k_schemas}, deadline));
    schemas.reserve(static_cast<std::size_t>(names.size()));
    for (int i = 0; i < names.size(); ++i) schemas.push_back(names[i].text("schema"));
    return check_matches(patterns, relations, schemas, where);
}

Result<Parts> of_database(const std::string& from, const Patterns& patterns,
                          const ToolPlaces& tools, Deadline deadline) {
    BASE_TRY_ASSIGN(auto source, parse_database(from));
    int major = 0;
    {
        auto connection = pg::Connection::open(source, deadline);
        if (!connection) return base::fail(error_of_source(source, connection.error()));
        constexpr int k_minors = 10000;
        major = connection->server_version() / k_minors;
        if (patterns.has_any()) {
            const auto where = describe_database(source);
            auto checked = check_choice(*connection, patterns, where, deadline);
            if (!checked) return base::fail(error_of_source(source, std::move(checked).error()));
        }
    }
    BASE_TRY_ASSIGN(auto tool, find_tool("pg_dump", major, tools, deadline));
    return one(Database{std::move(source), std::move(tool), patterns.for_pg_dump()});
}

Result<ClientTool> restoring_tool(std::string_view beginning, Format format,
                                  const ToolPlaces& tools, Deadline deadline) {
    return find_tool("pg_restore", restore_major(beginning, format), tools, deadline);
}

// What a file or a stream is, once it is unpacked.
struct Looked {
    Unpacked opened;
    std::string beginning;
    Format format;
};

Result<Looked> look_at(std::unique_ptr<OpenedInput> input, Deadline deadline) {
    const auto name = input->name();
    BASE_TRY_ASSIGN(auto opened, unpacked(std::move(input), deadline));
    BASE_TRY_ASSIGN(auto beginning, opened.input->beginning(k_telling_bytes, deadline));
    BASE_TRY_ASSIGN(const auto format, recognise(beginning, name, opened.compression));
    return Looked{std::move(opened), std::move(beginning), format};
}

// A list takes a second look at the archive.
Result<Taken> taken_of(const ClientTool& tool, Format format, const std::string& path,
                       const Patterns& patterns, Deadline deadline) {
    Taken taken{patterns.schema_only};
    if (!patterns.has_any()) return taken;
    const bool folder = format == Format::directory;
    Unpacked opened;
    if (!folder) {
        BASE_TRY_ASSIGN(opened, open_unpacked(path, deadline));
    }
    BASE_TRY_ASSIGN(const auto list, opened.compression == Compression::none
                                         ? list_contents(tool, format, path)
                                         : list_contents(tool, format, *opened.input));
    BASE_TRY_ASSIGN(const auto text, read_all(*list, deadline));
    BASE_TRY_ASSIGN(taken.list, choose(parse_contents(text), patterns, path));
    return taken;
}

tl::unexpected<base::Error> no_choice(std::string_view flag, const std::string& name) {
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("{} chooses from an archive or a database, and {} is plain SQL", flag, name),
        "make an archive (pg_dump --format=custom), or choose when the dump is made: "
        "pg_dump takes --schema-only, --exclude-table-data, --table and --schema");
}

Result<Parts> of_stream(std::unique_ptr<OpenedInput> input, const Choice& choice,
                        const ToolPlaces& tools, Deadline deadline) {
    auto name = input->name();
    BASE_TRY_ASSIGN(auto looked, look_at(std::move(input), deadline));
    const auto& [opened, beginning, format] = looked;
    if (format == Format::sql) {
        if (const auto tool = tool_by_marks(beginning)) return is_migration(name, *tool);
    }
    if (format == Format::sql && !choice.takes_all()) return no_choice(flag_of(choice), name);
    if (choice.has_patterns()) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("{} looks into the archive twice, and {} can be read but once",
                        flag_of(choice), name),
            "write the archive to a file, and name that");
    }
    Stream stream{std::move(name), std::move(looked.opened.input), format};
    if (format != Format::sql) {
        BASE_TRY_ASSIGN(stream.tool, restoring_tool(beginning, format, tools, deadline));
    }
    stream.taken.schema_only = choice.schema_only;
    return one(std::move(stream));
}

Result<Looked> look_at_file(const std::string& path, Deadline deadline) {
    BASE_TRY_ASSIGN(auto file, FileInput::open(path));
    return look_at(std::move(file), deadline);
}

Result<Parts> of_file(const std::string& path, const Choice& choice, const Patterns& patterns,
                      const ToolPlaces& tools, Deadline deadline) {
    std::error_code problem;
    const auto status = fs::status(path, problem);
    BASE_TRY_ASSIGN(auto file, FileInput::open(path));
    if (!fs::is_regular_file(status)) return of_stream(std::move(file), choice, tools, deadline);
    BASE_TRY_ASSIGN(const auto looked, look_at(std::move(file), deadline));
    const auto compression = looked.opened.compression;
    if (looked.format == Format::sql) {
        if (const auto tool = tool_by_marks(looked.beginning)) return is_migration(path, *tool);
        if (!choice.takes_all()) return no_choice(flag_of(choice), path);
        return one(SqlFile{path, compression});
    }
    BASE_TRY_ASSIGN(auto tool, restoring_tool(looked.beginning, looked.format, tools, deadline));
    BASE_TRY_ASSIGN(auto taken, taken_of(tool, looked.format, path, patterns, deadline));
    return one(Archive{path, looked.format, std::move(tool), compression, std::move(taken)});
}

Result<SqlFile> sql_file_of(const std::string& path, const Looked& looked) {
    if (looked.format == Format::sql) return SqlFile{path, looked.opened.compression};
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} is a dump in {} format; an SQL file is expected here", path,
                                  to_text(looked.format)));
}

Result<Parts> of_folder(const std::string& folder, const Choice& choice, const Patterns& patterns,
                        const ToolPlaces& tools, Deadline deadline) {
    const auto contents = (fs::path(folder) / "toc.dat").string();
    std::error_code none;
    if (fs::exists(contents, none)) {
        BASE_TRY_ASSIGN(const auto file, FileInput::open(contents));
        BASE_TRY_ASSIGN(const auto beginning, file->beginning(k_telling_bytes, deadline));
        BASE_TRY_ASSIGN(auto tool, restoring_tool(beginning, Format::directory, tools, deadline));
        BASE_TRY_ASSIGN(auto taken, taken_of(tool, Format::directory, folder, patterns, deadline));
        return one(Archive{folder, Format::directory, std::move(tool), Compression::none,
                           std::move(taken)});
    }
    if (!choice.takes_all()) return no_choice(flag_of(choice), folder);
    BASE_TRY_ASSIGN(const auto held, list_folder(folder));
    if (const auto tool = tool_of(held.files)) {
        return is_migration(folder, *tool, held.files);
    }
    const auto real = fs::weakly_canonical(folder, none).string();
    if (const auto tool = tool_by_path(real, held.files)) return is_migration(folder, *tool);
    BASE_TRY_ASSIGN(const auto selection, select(held, folder));
    Parts parts;
    for (const auto& file : selection.not_taken) {
        parts.notes.push_back(fmt::format("not taken: {}", (fs::path(folder) / file).string()));
    }
    for (const auto& file : selection.sql) {
        const auto path = (fs::path(folder) / file).string();
        BASE_TRY_ASSIGN(const auto looked, look_at_file(path, deadline));
        if (const auto tool = tool_by_marks(looked.beginning)) return is_migration(folder, *tool);
        BASE_TRY_ASSIGN(auto sql, sql_file_of(path, looked));
        parts.parts.emplace_back(std::move(sql));
    }
    if (!parts.parts.empty()) return parts;
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("the folder {} holds no *.sql file, and is no dump", folder),
                      "name the files that are meant: --from FILE, several times");
}

struct Describe {
    std::string operator()(const SqlFile& file) const { return file.path; }
    std::string operator()(const Archive& archive) const {
        const auto kind =
            archive.compression == Compression::none
                ? std::string(to_text(archive.format))
                : fmt::format("{}, {}", to_text(archive.format), to_text(archive.compression));
        return fmt::format("{} ({} dump)", archive.path, kind);
    }
    std::string operator()(const Stream& stream) const { return stream.name; }
    std::string operator()(const Database& database) const {
        return describe_database(database.source);
    }
    std::string operator()(const ShellCommand& command) const {
        return fmt::format("run: {}", presentable(command.text));
    }
};

}  // namespace

std::string description_of(const Part& part) {
    return base::harmless(std::visit(Describe(), part));
}

Result<Parts> parts_of(const std::string& from, const Choice& choice, const ToolPlaces& tools,
                       Deadline deadline) {
    BASE_TRY_ASSIGN(const auto patterns, parse_patterns(choice));
    BASE_TRY_ASSIGN(const auto kind, kind_of_address(from));
    if (kind == AddressKind::database) return of_database(from, patterns, tools, deadline);
    if (kind == AddressKind::standard_input) {
        return of_stream(FileInput::standard_input(), choice, tools, deadline);
    }
    std::error_code problem;
    if (fs::is_directory(from, problem)) return of_folder(from, choice, patterns, tools, deadline);
    return of_file(from, choice, patterns, tools, deadline);
}

Result<SqlFile> sql_file(const std::string& path, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto looked, look_at_file(path, deadline));
    return sql_file_of(path, looked);
}

Result<std::uint64_t> look_through(const SqlFile& file, const Rules& rules, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto opened, open_unpacked(file.path, deadline));
    Script script(*opened.input, file.path);
    return check(script, rules, deadline);
}

bool can_be_kept(const std::string& from) {
    const auto kind = kind_of_address(from);
    return kind && *kind == AddressKind::path;
}

}  // namespace sources

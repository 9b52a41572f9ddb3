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

Result<Parts> of_database(const std::string& from, const ToolPlaces& tools, Deadline deadline) {
    BASE_TRY_ASSIGN(auto source, parse_database(from));
    int major = 0;
    {
        const auto connection = pg::Connection::open(source, deadline);
        if (!connection) return base::fail(error_of_source(source, connection.error()));
        constexpr int k_minors = 10000;
        major = connection->server_version() / k_minors;
    }
    BASE_TRY_ASSIGN(auto tool, find_tool("pg_dump", major, tools, deadline));
    return one(Database{std::move(source), std::move(tool)});
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

Result<Parts> of_stream(std::unique_ptr<OpenedInput> input, const ToolPlaces& tools,
                        Deadline deadline) {
    auto name = input->name();
    BASE_TRY_ASSIGN(auto looked, look_at(std::move(input), deadline));
    const auto& [opened, beginning, format] = looked;
    if (format == Format::sql) {
        if (const auto tool = tool_by_marks(beginning)) return is_migration(name, *tool);
    }
    Stream stream{std::move(name), std::move(looked.opened.input), format};
    if (format != Format::sql) {
        BASE_TRY_ASSIGN(stream.tool, restoring_tool(beginning, format, tools, deadline));
    }
    return one(std::move(stream));
}

Result<Looked> look_at_file(const std::string& path, Deadline deadline) {
    BASE_TRY_ASSIGN(auto file, FileInput::open(path));
    return look_at(std::move(file), deadline);
}

Result<Parts> of_file(const std::string& path, const ToolPlaces& tools, Deadline deadline) {
    std::error_code problem;
    const auto status = fs::status(path, problem);
    BASE_TRY_ASSIGN(auto file, FileInput::open(path));
    if (!fs::is_regular_file(status)) return of_stream(std::move(file), tools, deadline);
    BASE_TRY_ASSIGN(const auto looked, look_at(std::move(file), deadline));
    const auto compression = looked.opened.compression;
    if (looked.format == Format::sql) {
        if (const auto tool = tool_by_marks(looked.beginning)) return is_migration(path, *tool);
        return one(SqlFile{path, compression});
    }
    BASE_TRY_ASSIGN(auto tool, restoring_tool(looked.beginning, looked.format, tools, deadline));
    return one(Archive{path, looked.format, std::move(tool), compression});
}

Result<SqlFile> sql_file_of(const std::string& path, const Looked& looked) {
    if (looked.format == Format::sql) return SqlFile{path, looked.opened.compression};
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} is a dump in {} format; an SQL file is expected here", path,
                                  to_text(looked.format)));
}

Result<Parts> of_folder(const std::string& folder, const ToolPlaces& tools, Deadline deadline) {
    const auto contents = (fs::path(folder) / "toc.dat").string();
    std::error_code none;
    if (fs::exists(contents, none)) {
        BASE_TRY_ASSIGN(const auto file, FileInput::open(contents));
        BASE_TRY_ASSIGN(const auto beginning, file->beginning(k_telling_bytes, deadline));
        BASE_TRY_ASSIGN(auto tool, restoring_tool(beginning, Format::directory, tools, deadline));
        return one(Archive{folder, Format::directory, std::move(tool)});
    }
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

Result<Parts> parts_of(const std::string& from, const ToolPlaces& tools, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto kind, kind_of_address(from));
    if (kind == AddressKind::database) return of_database(from, tools, deadline);
    if (kind == AddressKind::standard_input) {
        return of_stream(FileInput::standard_input(), tools, deadline);
    }
    std::error_code problem;
    if (fs::is_directory(from, problem)) return of_folder(from, tools, deadline);
    return of_file(from, tools, deadline);
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

// SPDX-License-Identifier: Apache-2.0
#include "sources/part.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/words.h"
#include "pg/connection.h"
#include "sources/command.h"
#include "sources/migration_tools.h"

namespace sources {

namespace {

namespace fs = std::filesystem;
using base::Deadline;
using base::ErrorKind;
using base::Result;

using Parts = std::vector<Part>;

bool is_url(const std::string& from) {
    return from.starts_with("postgres://") || from.starts_with("postgresql://");
}

Parts one(Part part) {
    Parts parts;
    parts.push_back(std::move(part));
    return parts;
}

tl::unexpected<base::Error> is_migration(const std::string& path, const MigrationTool& tool) {
    std::string command(tool.command);
    if (const auto at = command.find("{}"); at != std::string::npos) command.replace(at, 2, path);
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} belongs to {}, which keeps its own history of what it ran",
                                  path, tool.name),
                      fmt::format("let it do that itself: --run '{}'", command));
}

Result<Parts> of_url(const std::string& url, const ToolPlaces& tools, Deadline deadline) {
    BASE_TRY_ASSIGN(auto source, pg::ConnectionInfo::parse(base::Secret(url)));
    int major = 0;
    {
        BASE_TRY_ASSIGN(const auto connection, pg::Connection::open(source, deadline));
        constexpr int k_minors = 10000;
        major = connection.server_version() / k_minors;
    }
    BASE_TRY_ASSIGN(auto tool, find_tool("pg_dump", major, tools, deadline));
    return one(Database{std::move(source), std::move(tool)});
}

Result<ClientTool> restoring_tool(std::string_view beginning, Format format,
                                  const ToolPlaces& tools, Deadline deadline) {
    return find_tool("pg_restore", restore_major(beginning, format), tools, deadline);
}

Result<Parts> of_stream(std::string name, std::unique_ptr<FileInput> input, const ToolPlaces& tools,
                        Deadline deadline) {
    BASE_TRY_ASSIGN(const auto beginning, input->beginning(k_telling_bytes, deadline));
    BASE_TRY_ASSIGN(const auto format, recognise(beginning, name));
    Stream stream{std::move(name), std::move(input), format};
    if (format != Format::sql) {
        BASE_TRY_ASSIGN(stream.tool, restoring_tool(beginning, format, tools, deadline));
    }
    return one(std::move(stream));
}

Result<std::string> beginning_of_file(const std::string& path, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto file, FileInput::open(path));
    return file->beginning(k_telling_bytes, deadline);
}

Result<Parts> of_file(const std::string& path, const ToolPlaces& tools, Deadline deadline) {
    std::error_code problem;
    const auto status = fs::status(path, problem);
    BASE_TRY_ASSIGN(auto file, FileInput::open(path));
    if (!fs::is_regular_file(status)) return of_stream(path, std::move(file), tools, deadline);
    BASE_TRY_ASSIGN(const auto beginning, file->beginning(k_telling_bytes, deadline));
    BASE_TRY_ASSIGN(const auto format, recognise(beginning, path));
    if (format == Format::sql) {
        if (const auto tool = tool_by_marks(beginning)) return is_migration(path, *tool);
        return one(SqlFile{path});
    }
    BASE_TRY_ASSIGN(auto tool, restoring_tool(beginning, format, tools, deadline));
    return one(Archive{path, format, std::move(tool)});
}

// The files of a folder, two folders deep, by their paths below it, sorted.
Result<std::vector<std::string>> files_of(const std::string& folder) {
    constexpr int k_deepest = 2;
    constexpr std::size_t k_most = 20000;
    std::vector<std::string> files;
    std::error_code problem;
    fs::recursive_directory_iterator entries(folder, problem);
    while (!problem && entries != fs::recursive_directory_iterator() && files.size() < k_most) {
        if (entries.depth() >= k_deepest) entries.disable_recursion_pending();
        std::error_code none;
        if (entries->is_regular_file(none)) {
            files.push_back(entries->path().lexically_relative(folder).string());
        }
        entries.increment(problem);
    }
    if (problem) {
        return base::fail(ErrorKind::denied,
                          fmt::format("cannot read the folder {}: {}", folder, problem.message()));
    }
    std::ranges::sort(files);
    return files;
}

Result<Parts> of_folder(const std::string& folder, const ToolPlaces& tools, Deadline deadline) {
    const auto contents = (fs::path(folder) / "toc.dat").string();
    std::error_code none;
    if (fs::exists(contents, none)) {
        BASE_TRY_ASSIGN(const auto beginning, beginning_of_file(contents, deadline));
        BASE_TRY_ASSIGN(auto tool, restoring_tool(beginning, Format::directory, tools, deadline));
        return one(Archive{folder, Format::directory, std::move(tool)});
    }
    BASE_TRY_ASSIGN(const auto files, files_of(folder));
    if (const auto tool = tool_of(files)) return is_migration(folder, *tool);
    Parts parts;
    for (const auto& file : files) {
        if (file.find('/') != std::string::npos || !file.ends_with(".sql")) continue;
        const auto path = (fs::path(folder) / file).string();
        BASE_TRY_ASSIGN(const auto beginning, beginning_of_file(path, deadline));
        if (const auto tool = tool_by_marks(beginning)) return is_migration(folder, *tool);
        BASE_TRY_ASSIGN(auto sql, sql_file(path, deadline));
        parts.emplace_back(std::move(sql));
    }
    if (!parts.empty()) return parts;
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("the folder {} holds no *.sql file, and is no dump", folder),
                      "files further down are to be named themselves");
}

struct Describe {
    std::string operator()(const SqlFile& file) const { return file.path; }
    std::string operator()(const Archive& archive) const {
        return fmt::format("{} ({} dump)", archive.path, to_text(archive.format));
    }
    std::string operator()(const Stream& stream) const { return stream.name; }
    std::string operator()(const Database& database) const {
        const auto& source = database.source;
        return fmt::format(
            "postgresql://{}{}/{}", source.get("host"),
            source.get("port").empty() ? std::string() : fmt::format(":{}", source.get("port")),
            source.get("dbname"));
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
    if (is_url(from)) return of_url(from, tools, deadline);
    if (from == "-") {
        return of_stream("standard input", FileInput::standard_input(), tools, deadline);
    }
    std::error_code problem;
    if (fs::is_directory(from, problem)) return of_folder(from, tools, deadline);
    return of_file(from, tools, deadline);
}

Result<SqlFile> sql_file(const std::string& path, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto beginning, beginning_of_file(path, deadline));
    BASE_TRY_ASSIGN(const auto format, recognise(beginning, path));
    if (format == Format::sql) return SqlFile{path};
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} is a dump in {} format; an SQL file is expected here", path,
                                  to_text(format)));
}

Result<void> look_through(const SqlFile& file, const Rules& rules, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto input, FileInput::open(file.path));
    Script script(*input, file.path);
    return check(script, rules, deadline);
}

bool can_be_kept(const std::string& from) { return from != "-" && !is_url(from); }

}  // namespace sources

// SPDX-License-Identifier: Apache-2.0
//
// Folders that belong to a migration tool: run as plain SQL they would leave its history table
// empty, and its next run would do everything again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sources {

struct MigrationTool {
    std::string_view name;
    std::string_view command;  // what --run takes; {} is the folder
};

// The tool that a folder with these files, by their paths below it, belongs to. Pure.
std::optional<MigrationTool> tool_of(const std::vector<std::string>& files);

// The same by where the folder is: `path` ends with supabase, or supabase/migrations. Pure.
std::optional<MigrationTool> tool_by_path(std::string_view path,
                                          const std::vector<std::string>& files);

// The same by what the first lines of an SQL file say: "-- migrate:up". Pure.
std::optional<MigrationTool> tool_by_marks(std::string_view beginning);

// Whether `text` is like `pattern`: * is anything but a slash, # one digit.
bool is_like(std::string_view text, std::string_view pattern);

}  // namespace sources

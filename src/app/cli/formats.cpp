// SPDX-License-Identifier: Apache-2.0
#include "app/cli/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/cli/print.h"
#include "environment/name.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

// libpq prefers these to PGHOST, so a leftover of the caller's would win over ours.
std::string misleading(const Exported& variables) {
    std::string names;
    for (const auto* name : {"PGHOSTADDR", "PGSERVICE"}) {
        if (!variables.contains(name)) names += std::string(" ") + name;
    }
    return names;
}

std::string shell_lines(const Exported& variables) {
    std::string lines;
    if (const auto names = misleading(variables); !names.empty()) lines = "unset" + names + "\n";
    for (const auto& [name, value] : variables) {
        lines += fmt::format("export {}={}\n", name, shell_quoted(value.reveal()));
    }
    return lines;
}

std::string fish_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

std::string fish_lines(const Exported& variables) {
    std::string lines;
    if (const auto names = misleading(variables); !names.empty()) lines = "set -e" + names + "\n";
    for (const auto& [name, value] : variables) {
        lines += fmt::format("set -gx {} {}\n", name, fish_quoted(value.reveal()));
    }
    return lines;
}

std::string json_object(const Exported& variables) {
    std::string lines;
    for (const auto& [name, value] : variables) {
        lines += fmt::format("{}\n  {}: {}", lines.empty() ? "{" : ",", json_quoted(name),
                             json_quoted(value.reveal()));
    }
    return lines + "\n}\n";
}

// Where a value may have blanks.
enum class Blanks { inside, none };

// One unquoted line for each variable.

Result<std::string> bare_lines(std::string_view format, const Exported& variables, Blanks blanks) {
    std::string lines;
    for (const auto& [name, secret] : variables) {
        const std::string_view value = secret.reveal();
        const bool outer = value.starts_with(' ') || value.ends_with(' ');
        const bool inner = value.find(' ') != std::string_view::npos;
        const bool blank = blanks == Blanks::none ? inner : outer;
        if (blank || !environment::is_clean_utf8(value)) {
            return base::fail(
                ErrorKind::invalid_input,
                fmt::format("-o {} cannot carry the value of {}: it has {}", format, name,
                            blank ? "blanks" : "line ends, control characters or no UTF-8"),
                "-o env, -o fish, -o github and -o json carry every value; 'reviewdb exec' needs "
                "no file");
        }
        lines += fmt::format("{}={}\n", name, value);
    }
    return lines;
}

}  // namespace

Result<std::string> formatted(std::string_view format, const Exported& variables) {
    if (format == "fish") return fish_lines(variables);
    if (format == "json") return json_object(variables);
    if (format == "dotenv") return bare_lines(format, variables, Blanks::inside);
    if (format == "gitlab") return bare_lines(format, variables, Blanks::none);
    return shell_lines(variables);
}

}  // namespace cli

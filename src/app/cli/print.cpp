// SPDX-License-Identifier: Apache-2.0
#include "app/cli/print.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/words.h"

namespace cli {

namespace {

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

// Characters as they stand on a terminal, near enough: UTF-8 continuation bytes have no width.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void print_result(std::string_view text) { write_all(STDOUT_FILENO, base::harmless(text)); }

void print_notice(std::string_view line) { write_all(STDERR_FILENO, base::harmless(line) + "\n"); }

void print_raw_result(std::string_view text) { write_all(STDOUT_FILENO, text); }

void print_raw_notice(std::string_view text) { write_all(STDERR_FILENO, text); }

std::string coloured(std::string_view text, Colour colour, int file) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables
    const char* forbidden = getenv("NO_COLOR");
    const bool plain = (forbidden != nullptr && *forbidden != '\0') || isatty(file) != 1;
    if (plain || colour == Colour::none) return std::string(text);
    const int code = colour == Colour::red ? 31 : colour == Colour::yellow ? 33 : 32;
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string table(std::vector<std::vector<std::string>> rows) {
    std::vector<std::size_t> widths;
    for (auto& row : rows) {
        for (auto& cell : row) cell = base::harmless_line(cell);
    }
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string shell_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

std::string json_quoted(std::string_view text) { return "\"" + base::json_escaped(text) + "\""; }

}  // namespace cli

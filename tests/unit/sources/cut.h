// SPDX-License-Identifier: Apache-2.0
//
// A script cut by the Lexer, as lines that a test can compare.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sources/judgement.h"
#include "sources/lexer.h"

namespace sources_test {

inline constexpr std::size_t k_no_limit = 1U << 30U;

struct Cut {
    std::vector<std::string> pieces;  // "3: SELECT 1", "4: \connect x", "data: …"
    std::string trouble;              // "2: the script ends …"; empty where there is none
};

// Feeds `script` in parts of `part` bytes. Data is announced as the judge says.
inline Cut cut(std::string_view script, std::size_t part = k_no_limit,
               std::size_t limit = k_no_limit,
               sources::Backslash backslash = sources::Backslash::letter) {
    sources::Lexer lexer(limit);
    lexer.set_backslash(backslash);
    Cut cut;
    std::string data;
    const auto take = [&] {
        while (auto piece = lexer.next()) {
            switch (piece->kind) {
                case sources::PieceKind::statement:
                    cut.pieces.push_back(fmt::format("{}: {}", piece->line, piece->text));
                    if (sources::judge(piece->text, backslash).trait == sources::Trait::copy_in) {
                        lexer.expect_data();
                    }
                    break;
                case sources::PieceKind::command:
                    cut.pieces.push_back(fmt::format("{}: {}", piece->line, piece->text));
                    break;
                case sources::PieceKind::data:
                    data += piece->text;
                    break;
                case sources::PieceKind::data_end:
                    cut.pieces.push_back("data: " + data);
                    data.clear();
                    break;
            }
        }
    };
    while (!script.empty()) {
        lexer.feed(script.substr(0, part));
        script.remove_prefix(std::min(part, script.size()));
        take();
    }
    lexer.finish();
    take();
    if (const auto& trouble = lexer.trouble()) {
        cut.trouble = fmt::format("{}: {}", trouble->line, trouble->message);
    }
    return cut;
}

}  // namespace sources_test

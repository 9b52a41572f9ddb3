// SPDX-License-Identifier: Apache-2.0
//
// The command line: parse, find the settings, run the verb, say what went wrong.
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/json.h"
#include "app/cli/command_line.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/surroundings.h"
#include "app/cli/verbs.h"
#include "base/inheritance.h"
#include "base/interrupt.h"
#include "base/variables.h"
#include "base/words.h"
#include "pg/connection_info.h"

namespace {

int report(base::Error error, bool as_json) {
    error.message = base::presentable(error.message);
    if (error.sqlstate == "3D000" && error.hint.empty()) {
        error.hint = "the server is not prepared yet: 'reviewdb init' does it, once";
    }
    if (as_json) {
        auto text = api::error_json(error);
        while (text.ends_with('\n')) text.pop_back();
        cli::print_notice(text);
    } else {
        cli::print_raw_notice(cli::coloured("reviewdb:", cli::Colour::red, STDERR_FILENO) + " " +
                              base::harmless(error.message) + "\n");
        if (!error.hint.empty()) cli::print_notice("hint: " + error.hint);
    }
    return base::facts_of(error.kind).exit_code;
}

// For a call that could not even be parsed.
bool wants_json(const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--") return false;
        if (words[i] == "--output=json" || words[i] == "-ojson") return true;
        const bool output = words[i] == "-o" || words[i] == "--output";
        if (output && i + 1 < words.size() && words[i + 1] == "json") return true;
    }
    return false;
}

base::Result<int> run(cli::Arguments arguments) {
    const auto* verb = cli::find_verb(arguments.verb);
    auto variables = base::own_variables();
    // The caller's PG* variables are meant for its own programs and never shape our sessions.
    pg::forget_variables();
    std::error_code problem;
    const auto folder = std::filesystem::current_path(problem);
    BASE_TRY_ASSIGN(const auto files, cli::find_settings_files(
                                          problem ? std::filesystem::path() : folder, variables));
    BASE_TRY_ASSIGN(auto settings, cli::resolve_settings(arguments.flags, variables, files));
    BASE_TRY(cli::check_project_of(arguments, settings));
    if (verb->name != "local") cli::choose_project(arguments, variables, settings);
    cli::Session session(std::move(arguments), std::move(settings), std::move(variables));
    return verb->run(session);
}

int guarded_main(std::vector<std::string> words) {
    const bool asks_for_json = wants_json(words);
    auto parsed = cli::parse_command_line(std::move(words));
    if (!parsed) return report(parsed.error(), asks_for_json);
    if (const auto* shown = std::get_if<cli::Shown>(&*parsed)) {
        cli::print_result(shown->text);
        return 0;
    }
    auto& arguments = std::get<cli::Arguments>(*parsed);
    const bool as_json = arguments.output == "json";
    const auto code = run(std::move(arguments));
    return code ? *code : report(code.error(), as_json);
}

}  // namespace

int main(int count, char** words) {
    signal(SIGPIPE, SIG_IGN);
    base::catch_interrupts();
    base::hide_from_other_processes();
    try {
        const int code = guarded_main({words + 1, words + count});
        // As a shell would say of a program that a signal ended.
        return base::interrupt_signal() == 0 ? code : 128 + base::interrupt_signal();
    } catch (const std::exception& problem) {
        cli::print_notice(std::string("reviewdb: internal error: ") + problem.what());
    } catch (...) {
        cli::print_notice("reviewdb: internal error");
    }
    return 1;
}

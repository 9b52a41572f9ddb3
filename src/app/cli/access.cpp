// SPDX-License-Identifier: Apache-2.0
#include "app/cli/access.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/cli/print.h"
#include "base/bytes.h"
#include "base/subprocess.h"
#include "base/words.h"
#include "environment/standing.h"

namespace cli {

namespace {

using base::ErrorKind;

// libpq's keyword and variable for each thing that says where and how.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> k_pg_variables{
    {{"host", "PGHOST"},
     {"hostaddr", "PGHOSTADDR"},
     {"port", "PGPORT"},
     {"user", "PGUSER"},
     {"dbname", "PGDATABASE"},
     {"sslmode", "PGSSLMODE"},
     {"sslrootcert", "PGSSLROOTCERT"},
     {"sslcrl", "PGSSLCRL"},
     {"gssencmode", "PGGSSENCMODE"}}};

bool in_github(const Variables& variables) { return variables.contains("GITHUB_ACTIONS"); }

// As the runner decodes what follows a command's second pair of colons.
std::string workflow_data(std::string_view text) {
    std::string data;
    for (const char c : text) {
        if (c == '%' || c == '\r' || c == '\n') {
            data += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            data += c;
        }
    }
    return data;
}

}  // namespace

base::Result<pg::ConnectionInfo> advertised_route(const environment::Description& description) {
    if (description.doubt) {
        return base::fail(environment::doubtful(
            fmt::format("the URL of '{}' was not printed", description.environment.name),
            *description.doubt));
    }
    return pg::ConnectionInfo()
        .with("host", description.host)
        .with("port", fmt::format("{}", description.port))
        .with("dbname", description.database)
        .with("sslmode", description.sslmode)
        .with_login(description.role, description.password);
}

pg::ConnectionInfo own_route(const environment::Description& description,
                             const pg::ConnectionInfo& login) {
    auto route = pg::ConnectionInfo().with("dbname", description.database);
    for (const auto* keyword :
         {"host", "hostaddr", "port", "sslmode", "sslrootcert", "sslcrl", "gssencmode"}) {
        route = route.with(keyword, std::string(login.get(keyword)));
    }
    return route.with_login(description.role, description.password);
}

std::map<std::string, base::Secret> variables_of(const pg::ConnectionInfo& route) {
    std::map<std::string, base::Secret> found;
    found["DATABASE_URL"] = route.to_uri();
    found["PGPASSWORD"] = route.password();
    for (const auto& [keyword, variable] : k_pg_variables) {
        const auto value = route.get(keyword);
        if (!value.empty()) found[std::string(variable)] = base::Secret(std::string(value));
    }
    return found;
}

// Between lines that no value can guess, so that a value with a line's end in it stays one value.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions#multiline-strings
std::string github_lines(const std::map<std::string, base::Secret>& variables) {
    const auto end = "reviewdb_" + base::to_hex(base::random_bytes(16));
    std::string lines;
    for (const auto& [name, value] : variables) {
        lines += fmt::format("{0}<<{1}\n{2}\n{1}\n", name, end, value.reveal());
    }
    return lines;
}

base::Result<void> append_to_github(const pg::ConnectionInfo& route, const Variables& variables) {
    const auto path = variables.find("GITHUB_ENV");
    if (path == variables.end() || path->second.empty()) {
        return base::fail(ErrorKind::invalid_input, "-o github: there is no GITHUB_ENV here",
                          "it is set in GitHub Actions; elsewhere take -o env");
    }
    const auto lines = github_lines(variables_of(route));
    const int file =
        open(path->second.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);  // NOLINT
    if (file < 0) {
        return base::fail(ErrorKind::denied, fmt::format("cannot write to {}: {}", path->second,
                                                         strerror(errno)));  // NOLINT
    }
    const auto written = write(file, lines.data(), lines.size());
    const bool whole = written == static_cast<ssize_t>(lines.size());
    close(file);
    if (whole) return {};
    return base::fail(ErrorKind::internal, fmt::format("cannot write to {}", path->second));
}

void mask(const pg::ConnectionInfo& route, const Variables& variables) {
    if (!in_github(variables)) return;
    const auto& password = route.password().reveal();
    const auto encoded = base::percent_encoded(password);
    print_notice("::add-mask::" + workflow_data(password));
    if (encoded != password) print_notice("::add-mask::" + workflow_data(encoded));
    print_notice("::add-mask::" + workflow_data(route.to_uri().reveal()));
}

int tell_not_run(const std::string& program, const base::Error& error) {
    print_notice("reviewdb: " + base::presentable(error.message));
    if (!error.hint.empty()) print_notice("hint: " + error.hint);
    constexpr int k_cannot_be_run = 126;
    constexpr int k_not_there = 127;
    // A script whose interpreter is missing is there itself.
    std::error_code problem;
    const bool is_path = program.find('/') != std::string::npos;
    const bool there = is_path ? std::filesystem::exists(program, problem)
                               : base::find_program(program).has_value();
    return error.kind == ErrorKind::not_found && !there ? k_not_there : k_cannot_be_run;
}

base::Error become(std::vector<std::string> command, const pg::ConnectionInfo& route,
                   base::Environment inherits) {
    signal(SIGPIPE, SIG_DFL);  // ignored is inherited; a pager's end must end it
    base::Command next{.arguments = std::move(command), .inherits = inherits};
    for (const auto& [name, value] : variables_of(route)) next.environment[name] = value.reveal();
    return base::replace_process(next);
}

}  // namespace cli

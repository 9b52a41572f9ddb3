// SPDX-License-Identifier: Apache-2.0
#include "branches/program.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/child.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace branches {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::size_t k_most_errors = 16'384;

enum class Read { more, nothing_yet, end };

Read read_some(int fd, std::string& into) {
    std::array<char, 16'384> block{};
    for (;;) {
        const auto count = ::read(fd, block.data(), block.size());
        if (count > 0) {
            into.append(block.data(), static_cast<std::size_t>(count));
            return Read::more;
        }
        if (count == 0) return Read::end;
        if (errno != EINTR) return errno == EAGAIN ? Read::nothing_yet : Read::end;
    }
}

// The end says why it failed.
void keep_the_end(std::string& said) {
    if (said.size() > 2 * k_most_errors) said.erase(0, said.size() - k_most_errors);
}

// What a program that was started says, until its output ends. Its standard error may stay open for
// longer: ssh leaves it to the connection that it keeps for later.
Result<base::Finished> listen(base::Child& child, const Question& question,
                              base::Deadline deadline) {
    base::Finished finished;
    bool errors_open = true;
    for (;;) {
        std::array<pollfd, 2> ends{pollfd{child.output(), POLLIN, 0},
                                   pollfd{errors_open ? child.errors() : -1, POLLIN, 0}};
        poll(ends.data(), ends.size(), base::wait_slice(deadline));
        // Ends the program, and says whether it was the time or an interrupt.
        if (deadline.passed() || base::interrupted()) break;
        if (errors_open) errors_open = read_some(child.errors(), finished.err) != Read::end;
        keep_the_end(finished.err);
        const auto read = read_some(child.output(), finished.out);
        if (finished.out.size() > question.longest_answer) {
            child.end();
            return base::fail(ErrorKind::unavailable,
                              fmt::format("'{}' says more than {} bytes", question.arguments[0],
                                          question.longest_answer));
        }
        if (read == Read::end) break;
    }
    BASE_TRY_ASSIGN(finished.exit_code, child.finish(deadline));
    while (errors_open && read_some(child.errors(), finished.err) == Read::more) {
        keep_the_end(finished.err);
    }
    return finished;
}

}  // namespace

Result<base::Finished> run(const Question& question, base::Deadline deadline) {
    const base::Command command{.arguments = question.arguments,
                                .environment = question.variables,
                                .inherits = base::Environment::bare,
                                .folder = question.folder};
    BASE_TRY_ASSIGN(auto child, base::Child::start(command, base::Wiring::listened_to));
    return listen(child, question, deadline);
}

std::string last_line(const std::string& text) {
    const auto whole = base::trimmed(text);
    const auto end = whole.rfind('\n');
    return base::trimmed(end == std::string::npos ? whole : whole.substr(end + 1));
}

}  // namespace branches

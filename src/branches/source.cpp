// SPDX-License-Identifier: Apache-2.0
#include "branches/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/interrupt.h"
#include "base/words.h"
#include "branches/git.h"
#include "branches/github.h"
#include "branches/gitlab.h"
#include "branches/names.h"
#include "branches/remote_url.h"
#include "branches/rest.h"
#include "environment/repository.h"

namespace branches {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

Result<std::string> find_repository(const std::string& text) {
    // host/owner/name becomes a URL's by its scheme.
    for (const auto& one : {text, "https://" + text}) {
        if (auto found = environment::parse_repository(one)) return *std::move(found);
    }
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("'{}' is no repository", base::harmless(shown_url(text))),
                      "host/owner/name, as github.com/acme/shop");
}

Result<std::string> read_all(int fd, Deadline deadline) {
    constexpr std::size_t k_longest = 32U << 20U;
    std::string text;
    std::array<char, 65'536> block{};
    for (;;) {
        pollfd end{fd, POLLIN, 0};
        const int ready = poll(&end, 1, base::wait_slice(deadline));
        if (deadline.passed() || base::interrupted()) {
            return base::fail(ErrorKind::deadline, "standard input did not end in time");
        }
        if (ready <= 0) continue;
        const auto count = ::read(fd, block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return base::fail(ErrorKind::unavailable, "standard input cannot be read");
        if (count == 0) return text;
        text.append(block.data(), static_cast<std::size_t>(count));
        if (text.size() > k_longest) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("there are more than {} bytes of names", k_longest));
        }
    }
}

class StandardInput final : public Source {
   public:
    StandardInput(std::string repository, int fd) : repository_(std::move(repository)), fd_(fd) {}

    Result<Branches> ask(Deadline deadline) override {
        if (!names_) {
            auto text = read_all(fd_, deadline);
            if (!text) return base::fail(std::move(text).error());
            BASE_TRY_ASSIGN(names_, parse_names(*text));
        }
        return Branches{repository_, *names_, {}, true, name()};
    }

    std::string name() const override { return "standard input"; }

   private:
    const std::string repository_;
    const int fd_;
    std::optional<std::vector<std::string>> names_;
};

Result<std::unique_ptr<Source>> make_forge(Result<Forge> forge, ForgeSurroundings around) {
    if (!forge) return base::fail(std::move(forge).error());
    const auto found = around.variables.find("SSL_CERT_FILE");
    if (around.trust.file.empty() && found != around.variables.end()) {
        around.trust.file = found->second;
    }
    return make_rest(*std::move(forge), std::move(around));
}

}  // namespace

Result<std::unique_ptr<Source>> make_source(const Address& address, Surroundings around) {
    std::string repository;
    if (!around.repository.empty()) {
        BASE_TRY_ASSIGN(repository, find_repository(around.repository));
    }
    auto variables = around.forge.variables;
    switch (address.kind) {
        case Address::Kind::git:
            return std::unique_ptr<Source>(
                make_git(address.of, {std::move(variables), around.folder, std::move(repository)}));
        case Address::Kind::github:
            return make_forge(github(address.of, variables), std::move(around.forge));
        case Address::Kind::gitlab:
            return make_forge(gitlab(address.of, variables), std::move(around.forge));
        case Address::Kind::standard_input:
            break;
    }
    if (repository.empty()) {
        return base::fail(ErrorKind::invalid_input,
                          "names on standard input do not say which repository they are of",
                          "--repository HOST/OWNER/NAME");
    }
    return std::unique_ptr<Source>(
        std::make_unique<StandardInput>(std::move(repository), around.standard_input));
}

Result<Branches> branches_sent(const std::string& repository, const std::vector<std::string>& refs,
                               bool complete) {
    Branches branches;
    BASE_TRY_ASSIGN(branches.repository, find_repository(repository));
    BASE_TRY_ASSIGN(branches.names, check_names(refs));
    branches.complete = complete;
    branches.source = "the request";
    return branches;
}

}  // namespace branches

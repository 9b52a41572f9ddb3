// SPDX-License-Identifier: Apache-2.0
//
// A source and the stand-in for its forge, wired as a program wires it; waiting takes no time, and
// moves the clock.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "branches/source.h"
#include "support/forge/forge_stand_in.h"
#include "support/must.h"

namespace unit {

inline base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(20)); }

enum class Which { github, gitlab };

struct ForgeWorld {
    explicit ForgeWorld(Which its_kind)
        : which(its_kind),
          forge(its_kind == Which::github ? &support::answer_github : &support::answer_gitlab) {
        if (which == Which::github) {
            variables["GITHUB_API_URL"] = forge.origin();
        } else {
            variables["CI_API_V4_URL"] = forge.origin() + "/api/v4";
        }
    }

    // A token that both sides know; nobody else gets in.
    void lock_up() {
        forge.set([](support::ForgeState& state) {
            state.token = k_token;
            state.open_to_all = false;
        });
        variables[token_name()] = k_token;
    }
    std::string token_name() const {
        return which == Which::github ? "GITHUB_TOKEN" : "GITLAB_TOKEN";
    }

    branches::Surroundings surroundings() {
        branches::Surroundings around;
        around.forge.variables = variables;
        around.forge.waiting = {[] { return 0.0; },
                                [this](std::chrono::milliseconds time) {
                                    slept.push_back(time);
                                    now += time;
                                    if (when_sleeping) when_sleeping();
                                }};
        around.forge.now = [this] { return now; };
        return around;
    }
    branches::Source& source() {
        if (!made) {
            const std::string prefix = which == Which::github ? "github:" : "gitlab:";
            made = support::must(branches::make_source(
                support::must(branches::parse_address(prefix + path)), surroundings()));
        }
        return *made;
    }
    base::Result<branches::Branches> ask(base::Deadline deadline = soon()) {
        return source().ask(deadline);
    }
    // The failure that it has to be.
    base::Error failure(base::Deadline deadline = soon()) {
        auto answer = ask(deadline);
        if (answer) throw std::runtime_error("it was taken for the truth");
        return answer.error();
    }

    static constexpr const char* k_token = "tok_hush1234567890";

    Which which;
    std::string path = "acme/shop";
    base::Variables variables = {};
    std::vector<std::chrono::milliseconds> slept = {};
    std::chrono::system_clock::time_point now{std::chrono::seconds(1'799'999'900)};
    std::function<void()> when_sleeping = {};
    support::ForgeStandIn forge;
    std::unique_ptr<branches::Source> made = {};
};

// main and so many more.
inline std::vector<std::string> many_branches(int count) {
    std::vector<std::string> names{"main"};
    for (int i = 1; i < count; ++i) names.push_back("feature/" + std::to_string(10'000 + i));
    return names;
}

inline support::HttpAnswer html(int status = 200) {
    return {status,
            {{"Content-Type", "text/html"}},
            "<html><body>Please log in to the network</body></html>"};
}

// Asks for a page of branches behind the first.
inline bool asks_for_more_branches(const support::HttpRequest& request) {
    const auto has = [&](const char* what) {
        return request.target.find(what) != std::string::npos;
    };
    return has("/branches") && (has("&page=") || has("page_token="));
}

}  // namespace unit

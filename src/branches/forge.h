// SPDX-License-Identifier: Apache-2.0
//
// What the sources that ask a forge's REST API have in common: how they are wired, and what a forge
// is. Which forges there are stands in github.h and gitlab.h.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/variables.h"
#include "branches/branches.h"
#include "http/client.h"
#include "http/retry.h"

namespace branches {

// Chance, and sleep that an interrupt ends.
http::Waiting interruptible_waiting();

// What the sources get from outside, so that tests need neither time nor a network.
struct ForgeSurroundings {
    base::Variables variables;
    http::Trust trust = {};
    http::Waiting waiting = interruptible_waiting();
    std::function<std::chrono::system_clock::time_point()> now = &std::chrono::system_clock::now;
};

// A repository as its forge describes it.
struct Described {
    std::string path;                           // acme/shop, as the forge spells it
    std::optional<std::string> default_branch;  // nothing where there is no branch at all
};

// One page of a list, read.
struct Items {
    std::vector<std::string> names = {};
    std::vector<PullRequest> pull_requests = {};
};

// A forge and the repository on it, as the settings have it.
struct Forge {
    std::string service;  // "GitHub"
    std::string source;   // "github:acme/shop"
    std::string host;     // of its repositories: github.com
    std::string path;     // acme/shop
    std::string api;      // https://api.github.com, without a slash at its end
    std::vector<std::pair<std::string, std::string>> headers;
    std::string token_header;  // the name of the one that carries the token
    std::string token_lead;    // what stands before the token in it
    base::Secret token;
    std::string token_name;  // the variable that it came from, or would come from
    std::string access;      // what the token has to allow, for a hint

    // Below `api`, each with its query.
    std::string description;
    std::string branches;
    std::string pull_requests;

    // Nothing for an answer of another shape.
    std::function<std::optional<Described>(const boost::json::object&)> read_description;
    std::function<std::optional<Items>(const boost::json::array&)> read_branches;
    std::function<std::optional<Items>(const boost::json::array&)> read_pull_requests;
};

// How many there are on a page.
inline constexpr std::size_t k_page = 100;

// The token that the first of `names` holds which is set, and its name. Fails invalid_input for one
// that is set and empty, as a CI leaves one that it withholds, or holds what no token has.
base::Result<std::pair<std::string, base::Secret>> find_token(
    const base::Variables& variables, const std::vector<std::string>& names);

// A page of branches, of which each is an object with its name, as all forges give them.
std::optional<Items> read_branch_list(const boost::json::array& list);

// The URL in `text`, or of the host that it names, without slashes at its end. Fails invalid_input
// for anything but an http or https URL without credentials and query.
base::Result<std::string> parse_api(const std::string& variable, const std::string& text);

}  // namespace branches

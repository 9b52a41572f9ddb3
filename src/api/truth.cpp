// SPDX-License-Identifier: Apache-2.0
#include "api/truth.h"

namespace api {

namespace {

// Of a repository on a forge; others know nothing of pull requests.
bool knows_pull_requests(const branches::Branches& said) {
    return said.source.starts_with("github:") || said.source.starts_with("gitlab:");
}

}  // namespace

environment::Truth truth_of(const branches::Branches& said) {
    environment::Truth truth;
    truth.source = said.source;
    truth.repository = said.repository;
    truth.refs.insert(said.names.begin(), said.names.end());
    truth.complete = said.complete;
    if (!knows_pull_requests(said)) return truth;
    auto& open = truth.pull_requests.emplace();
    for (const auto& one : said.pull_requests) open.insert(one.number);
    return truth;
}

environment::Truth truth_of(const branches::Branches& said,
                            const std::vector<branches::Stage>& stages) {
    auto truth = truth_of(said);
    auto& names = truth.names.emplace();
    for (const auto& stage : stages) names.insert(stage.name);
    return truth;
}

}  // namespace api

// SPDX-License-Identifier: Apache-2.0
//
// One function for each CI system: what its variables say of a run. Internal to this room. Pure.
#pragma once

#include <optional>
#include <string>

#include "environment/ci_run.h"

namespace environment {

class Words;

// Also Gitea's and Forgejo's Actions, which set the same variables. `event` is the text of the
// event file. Each event that runs on the default branch is about the branch that its own payload
// names, or about none.
CiRun github_run(const Words& words, const std::optional<std::string>& event);
CiRun gitlab_run(const Words& words);

CiRun appveyor_run(const Words& words);
CiRun azure_run(const Words& words);
CiRun bitbucket_run(const Words& words);
CiRun buildkite_run(const Words& words);
CiRun circleci_run(const Words& words);
CiRun codebuild_run(const Words& words);
CiRun drone_run(const Words& words);
CiRun jenkins_run(const Words& words);
CiRun semaphore_run(const Words& words);
CiRun teamcity_run(const Words& words);
CiRun travis_run(const Words& words);
CiRun woodpecker_run(const Words& words);

}  // namespace environment

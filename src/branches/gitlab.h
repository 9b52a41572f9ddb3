// SPDX-License-Identifier: Apache-2.0
//
// GitLab, on gitlab.com or a host of one's own, by its REST API.
// https://docs.gitlab.com/api/branches and /api/merge_requests
#pragma once

#include <string>

#include "base/result.h"
#include "base/variables.h"
#include "branches/forge.h"

namespace branches {

// The project `path` (acme/backend/shop) on the host that GITLAB_HOST names, else of the API at
// CI_API_V4_URL, else on gitlab.com; the token is GITLAB_TOKEN's, else CI_JOB_TOKEN's, the latter
// only for the host that CI_API_V4_URL names. Fails invalid_input.
base::Result<Forge> gitlab(const std::string& path, const base::Variables& variables);

}  // namespace branches

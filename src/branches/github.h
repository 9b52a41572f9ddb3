// SPDX-License-Identifier: Apache-2.0
//
// GitHub, on github.com or a company's own host, by its REST API.
// https://docs.github.com/en/rest/branches/branches and /rest/pulls/pulls
#pragma once

#include <string>

#include "base/result.h"
#include "base/variables.h"
#include "branches/forge.h"

namespace branches {

// The repository `path` (acme/shop) on the host that GH_HOST names, else of the API at
// GITHUB_API_URL, else on github.com; the token is GH_TOKEN's or GITHUB_TOKEN's, the latter only
// for the host that GITHUB_API_URL names where it names one. Fails invalid_input.
base::Result<Forge> github(const std::string& path, const base::Variables& variables);

}  // namespace branches

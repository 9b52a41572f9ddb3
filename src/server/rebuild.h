// SPDX-License-Identifier: Apache-2.0
//
// The registry from the server's own stamps: for one that was restored from a backup older than the
// server. Adds what is missing and believes the higher password version; forgets nothing.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/key_ring.h"
#include "environment/server.h"
#include "pg/connection_info.h"

namespace server {

// What was done for one database, in a sentence.
struct Adoption {
    std::string database;
    std::string done;
};

// Takes every database that carries this installation's stamp for the truth:
// - one that the registry does not know is adopted: as an environment where the stamp has a name
//   that a key at hand can read and no other living environment has, else into the trash;
// - of one that it knows, the name and the higher password version are recorded.
// Then the registry counts as many writes as the control database's comment. Nothing on the server
// is changed. Fails conflict when a key is not at hand.
base::Result<std::vector<Adoption>> rebuild_registry(const pg::ConnectionInfo& login,
                                                     const environment::KeyTexts& key_texts,
                                                     const environment::Actor& actor,
                                                     base::Deadline deadline, base::Log& log);

}  // namespace server

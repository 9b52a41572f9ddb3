// SPDX-License-Identifier: Apache-2.0
//
// How an administrator's own session acts as the owner of the registry: inside one transaction, so
// that no other session ever sees the membership, and a call that dies leaves none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection.h"

namespace server {

// GRANT and REVOKE of `role` for the login of the session itself; empty for a superuser, who may
// act as any role. The session acts as its login meanwhile.
std::string join_role(const pg::Connection& session, std::string_view role);
std::string leave_role(const pg::Connection& session, std::string_view role);

// Runs statements without parameters in one transaction, with the right to act as the registry's
// owner and as the manager. They say themselves as whom they run: as_owner(), as_manager(),
// as_itself(); first as the login itself. Fails as transact().
base::Result<void> with_our_roles(pg::Connection& session,
                                  const std::vector<std::string>& statements,
                                  base::Deadline deadline);
std::string as_owner();
std::string as_manager();
std::string as_itself();

// The same, all of it as the registry's owner.
base::Result<void> run_as_owner(pg::Connection& session, std::vector<std::string> statements,
                                base::Deadline deadline);

// Opens that transaction and leaves it open for go_on(), acting as the owner. Until it ends,
// another session of this login waits where it becomes a member as well.
base::Result<void> begin_as_owner(pg::Connection& session, base::Deadline deadline);
// Rolls it back, memberships included.
base::Result<void> end_as_owner(pg::Connection& session, base::Deadline deadline);

// One question in such a transaction.
base::Result<pg::Rows> ask_as_owner(pg::Connection& session, const pg::Statement& statement,
                                    base::Deadline deadline);

// Takes back a membership that outlived its call: of a create that was killed, or an older
// program's.
base::Result<void> leave_our_roles(pg::Connection& session, base::Deadline deadline);

}  // namespace server

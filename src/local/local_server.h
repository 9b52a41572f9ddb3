// SPDX-License-Identifier: Apache-2.0
//
// The local server: a private Postgres on 127.0.0.1 for a person who named no server, made at first
// use, kept until it is removed. It belongs to a folder, not to a process: any program that names
// the folder finds it as it is.
//
// Safe from any number of threads and programs at once; what changes something waits for a lock on
// the folder. Whatever a crash left behind (a server that was killed, a half-made data folder, a
// stale postmaster.pid) is put right by the next start.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "local/installation.h"
#include "local/postmaster.h"
#include "local/state_folder.h"
#include "local/unix_user.h"
#include "pg/connection_info.h"

namespace local {

enum class StartOutcome {
    made,     // there was none
    started,  // it was there and did not run
    adopted,  // it ran already
};

struct Started {
    // The superuser, for preparing the server and nothing else.
    pg::ConnectionInfo administrator;
    StartOutcome outcome = StartOutcome::adopted;
};

struct Status {
    std::filesystem::path folder;
    bool exists = false;
    bool running = false;
    int pid = 0;                    // 0: does not run
    int port = 0;                   // where it listens, or last did; 0: never ran
    int major = 0;                  // 0: does not exist, or is damaged
    std::filesystem::path missing;  // a part of the data folder that was removed; else empty
};

class LocalServer {
   public:
    // `places` is where to look for Postgres' programs when they are needed.
    LocalServer(const std::filesystem::path& state_dir, SearchPlaces places, base::Log& log);

    // Sees to it that the server runs and takes connections. One that does already costs a few
    // system calls. Its port stays the same from start to start; when that is taken, a warning says
    // which one it is now. Fails
    //   not_found    no Postgres on this machine, or none of the major that made the data
    //   conflict     the folder is somebody else's
    //   denied       the folder is not ours to use, or not to be entered by the unix user that
    //                Postgres runs as when we are root
    //   unavailable  the server ended, and the message quotes its log; or a part of its data
    //                folder is missing, and the message names it
    // A server whose shared memory was removed is restarted. If the whole data folder was removed,
    // an empty server is made. Both are logged as a warning.
    //   overloaded, deadline
    base::Result<Started> start(base::Deadline deadline);

    // Stops it; false when it did not run. Sessions are ended. Fails denied, overloaded, deadline.
    base::Result<bool> stop(base::Deadline deadline);

    // Changes nothing, waits for nothing. Fails conflict, denied.
    base::Result<Status> status() const;

    // Stops it and deletes it with all its databases; false when there was none. Fails conflict for
    // a folder without our marker, which is left as it is; denied, overloaded, deadline.
    base::Result<bool> remove(base::Deadline deadline);

    // Its data folder, by path and inode: a copy of it differs in one of them. Empty where there is
    // none. Changes nothing, waits for nothing.
    std::string place() const;

    // Keeps user, password and database of `login` for operator_login, as long as the server
    // exists.
    base::Result<void> remember_operator(const pg::ConnectionInfo& login);
    // What was remembered, at the server's present port; nothing when nothing was.
    base::Result<std::optional<pg::ConnectionInfo>> operator_login() const;

   private:
    base::Result<std::optional<Postmaster>> find_running() const;
    base::Result<Started> answer(const Postmaster& running, StartOutcome outcome) const;
    base::Result<std::optional<ServerUser>> user_for_data(StartOutcome outcome) const;
    base::Result<Installation> installation_for_data(StartOutcome outcome,
                                                     base::Deadline deadline) const;
    base::Result<void> make_data(const Installation& installation,
                                 const std::optional<ServerUser>& user, base::Deadline deadline);
    base::Result<Postmaster> launch(const Installation& installation,
                                    const std::optional<ServerUser>& user, base::Deadline deadline);
    base::Result<void> replace_removed_data(base::Deadline deadline);
    base::Result<int> settle_port();
    base::Result<int> kept_port() const;

    StateFolder folder_;
    SearchPlaces places_;
    base::Log& log_;
};

}  // namespace local

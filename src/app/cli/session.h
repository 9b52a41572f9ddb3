// SPDX-License-Identifier: Apache-2.0
//
// One call of the program: what was asked, the settings, and the parts that the verbs act through,
// made when they are first needed. Lives on main's stack; not thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/progress.h"
#include "app/cli/reach.h"
#include "app/cli/settings.h"
#include "app/cli/surroundings.h"
#include "aws/account.h"
#include "base/deadline.h"
#include "base/log.h"
#include "environment/default_name.h"
#include "environment/manager.h"
#include "server/live_server.h"

namespace cli {

class Session {
   public:
    Session(Arguments arguments, Settings settings, Variables variables);

    const Arguments& arguments() const { return arguments_; }
    const Settings& settings() const { return settings_; }
    const Variables& variables() const { return variables_; }
    const environment::Actor& actor() const { return actor_; }
    base::Deadline deadline() const { return deadline_; }
    // For what takes as long as it takes, unless the caller named a deadline.
    base::Deadline patience() const;
    base::Log& log() { return log_; }

    // Whether it is done, or only said what would be.
    environment::Execution execution() const {
        return arguments_.dry_run ? environment::Execution::dry_run
                                  : environment::Execution::carry_out;
    }
    bool wants(std::string_view output) const { return arguments_.output == output; }
    bool has(const char* variable) const { return variables_.contains(variable); }

    // Finds the server and says on standard error which it is. False when it is the local one,
    // there is none, and it is to be left so.
    base::Result<bool> connect(Missing missing);
    // The same for what needs a server that is there. Fails not_found.
    base::Result<void> must_connect();
    // The first of them for a name that was found with Clone::ask_later: asks git what is open
    // about it, and opens the session while git answers.
    base::Result<bool> connect(Missing missing, environment::FoundName& found,
                               Inquiry inquiry = Inquiry::repository_and_branch);
    // After connect() answered true.
    const Reached& reached() const { return *reached_; }
    server::LiveServer& server() { return *server_; }
    environment::Manager& manager() { return *manager_; }
    // Ends the session; manager() and server() are not to be called any more.
    void disconnect();
    // Prepares the server that was reached, and goes on with its operator's login.
    base::Result<void> prepare();
    // Goes on with another login to the same server.
    void work_as(pg::ConnectionInfo login);

    // The environment that the call is about, by its name or by default.
    base::Result<Found> found_name(Clone clone = Clone::ask_now) const;
    // The same on a server that is reached meanwhile; fails as must_connect() does.
    base::Result<environment::Subject> reach_subject();
    // The environment that a call changes: its NAME, or the branch's with --current. Fails
    // invalid_input for neither and for both.
    base::Result<Found> named() const;

    // REVIEWDB_KEY and its like, and the way to those in Secrets Manager.
    environment::KeyTexts key_texts();
    // The way to AWS, opened with the first call.
    base::Result<aws::Account*> aws();

    // A line to standard error, unless --quiet.
    void notice(std::string_view line) const;
    // One worker more, with a session of its own, for a thread of its own. After connect(); lives
    // no longer than this.
    struct Helper {
        std::unique_ptr<server::LiveServer> server;
        std::unique_ptr<environment::Manager> manager;
    };
    Helper helper();

    void tell_progress(std::string_view text) { progress_.tell(text); }
    // Before a result is printed or a person is asked.
    void end_progress() { progress_.quiet(); }

   private:
    environment::Manager::Surroundings surroundings();
    static base::Result<void> must_be(bool there);
    base::Result<void> settle_local();
    base::Result<void> follow_port();

    Arguments arguments_;
    Settings settings_;
    Variables variables_;
    environment::Actor actor_;
    base::Deadline deadline_;
    base::Log log_;
    Progress progress_;
    std::mutex aws_mutex_;
    std::unique_ptr<aws::Account> aws_;
    std::optional<Reached> reached_;
    std::unique_ptr<server::LiveServer> server_;
    std::unique_ptr<environment::Manager> manager_;
};

}  // namespace cli

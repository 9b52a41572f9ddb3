// SPDX-License-Identifier: Apache-2.0
//
// One more function beside that of the fixture: a process of its own under a runtime API of its
// own. Dies with the thread that made it. One thread.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <string>

#include "base/subprocess.h"
#include "support/aws/lambda_runtime.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace e2e {

class LambdaProcess {
   public:
    explicit LambdaProcess(const std::map<std::string, std::string>& variables) {
        base::Command command{.inherits = base::Environment::bare, .folder = home_.path().string()};
        command.arguments = {REVIEWDB_BOOTSTRAP};
        command.environment = variables;
        for (const auto& [name, value] : lambda_.variables()) command.environment[name] = value;
        command.environment["HOME"] = home_.path().string();
        const auto log = home_ / "output.log";
        const std::ofstream made(log);
        pid_ = support::must(base::spawn(command, log.string(), base::Lifetime::ours));
    }
    LambdaProcess(const LambdaProcess&) = delete;
    LambdaProcess& operator=(const LambdaProcess&) = delete;
    ~LambdaProcess() { kill_it(); }

    void kill_it() {
        if (pid_ == 0) return;
        kill(pid_, SIGKILL);
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
    }
    support::LambdaRuntimeStandIn& lambda() { return lambda_; }
    std::string output() const {
        std::ifstream stream(home_ / "output.log");
        return {std::istreambuf_iterator<char>(stream), {}};
    }

   private:
    support::TempFolder home_;
    support::LambdaRuntimeStandIn lambda_;
    pid_t pid_ = 0;
};

}  // namespace e2e

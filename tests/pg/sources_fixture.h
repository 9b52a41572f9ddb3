// SPDX-License-Identifier: Apache-2.0
//
// A new, empty database for each test, and the login of its throw-away role: no superuser, owner of
// schema public and nothing else.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/variables.h"
#include "sources/source.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/sql.h"
#include "support/temp_folder.h"

class SourcesTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        const auto root = support::shared_cluster().superuser();
        support::execute(root,
                         fmt::format("CREATE ROLE {} LOGIN PASSWORD 'only for a test'", name_));
        support::execute(root, fmt::format("CREATE DATABASE {}", name_));
        support::execute(root, fmt::format("GRANT ALL ON DATABASE {0} TO {0}", name_));
        support::execute(support::shared_cluster().superuser(name_),
                         fmt::format("ALTER SCHEMA public OWNER TO {}", name_));
        login_ = support::shared_cluster().login(name_, base::Secret("only for a test"), name_);
    }
    void TearDown() override {
        if (login_.get("user").empty()) return;
        const auto root = support::shared_cluster().superuser();
        support::execute(root, fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
        support::execute(root, fmt::format("DROP ROLE {}", name_));
    }

    static base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(60)); }

    // A file of the test's own; its path.
    std::string file(const std::string& name, std::string_view content) const {
        std::filesystem::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name, std::ios::binary) << content;
        return folder_ / name;
    }
    static std::string dump(const std::string& name) {
        return std::string(REVIEWDB_DUMPS) + "/" + name;
    }

    sources::Surroundings surroundings() {
        return {.log = log_, .tools = {.path = base::own_variables()["PATH"]}};
    }
    base::Result<sources::Source> prepare(const sources::Request& request) {
        return sources::Source::prepare(request, surroundings(), soon());
    }
    // Prepares and fills.
    base::Result<sources::Report> fill(const sources::Request& request) {
        BASE_TRY_ASSIGN(const auto source, prepare(request));
        return source.fill(login_, variables_, soon());
    }
    // The same with a script of the test's own, called a.sql.
    base::Result<sources::Report> fill_with(std::string_view script) {
        return fill({.from = {file("a.sql", script)}});
    }
    // What filling is refused with, without the folder's name.
    template <typename T>
    std::string message_of(const base::Result<T>& result) const {
        if (result) return "it worked";
        auto message = result.error().message;
        const auto folder = folder_.path().string() + "/";
        for (auto at = message.find(folder); at != std::string::npos; at = message.find(folder)) {
            message.erase(at, folder.size());
        }
        return message;
    }
    std::string ask(const std::string& expression) const {
        return support::ask(login_, fmt::format("SELECT ({})::text AS value", expression));
    }
    // What other roles own in the database, and sessions of the role that are still there.
    std::string foreign_objects() const {
        return support::ask(
            support::shared_cluster().superuser(name_),
            fmt::format(
                "SELECT count(*)::text AS value FROM pg_class c JOIN pg_namespace n ON n.oid "
                "= relnamespace WHERE nspname = 'public' AND relowner <> '{}'::regrole",
                name_));
    }

    base::Log log_{base::LogLevel::warning, base::LogFormat::text};
    support::TempFolder folder_;
    std::string name_ = support::unique_name();
    pg::ConnectionInfo login_;
    std::map<std::string, std::string> variables_;
};

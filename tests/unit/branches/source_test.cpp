// SPDX-License-Identifier: Apache-2.0
#include "branches/source.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

#include "support/must.h"

namespace {

using base::ErrorKind;
using branches::branches_sent;
using branches::make_source;
using support::must;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(20)); }

struct StandardInput : testing::Test {
    StandardInput() {
        if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    }
    ~StandardInput() override {
        close(ends[0]);
        if (ends[1] >= 0) close(ends[1]);
    }
    void write(const std::string& text) const {
        ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void end() {
        close(ends[1]);
        ends[1] = -1;
    }
    std::unique_ptr<branches::Source> source(const std::string& repository) const {
        branches::Surroundings around;
        around.repository = repository;
        around.standard_input = ends[0];
        return must(make_source({}, std::move(around)));
    }

    std::array<int, 2> ends{};
};

TEST_F(StandardInput, speaks_for_the_repository_that_the_caller_names) {
    write("main\nfeature/login\n");
    end();
    const auto one = source("https://x:hush@GitHub.com/acme/shop.git");
    const auto said = must(one->ask(soon()));
    EXPECT_EQ(said.repository, "github.com/acme/shop");
    EXPECT_THAT(said.names, ElementsAre("feature/login", "main"));
    EXPECT_TRUE(said.complete);
    EXPECT_EQ(said.source, "standard input");
    // It is there once.
    EXPECT_EQ(must(one->ask(soon())).names, said.names);
}

TEST_F(StandardInput, may_be_empty) {
    end();
    EXPECT_THAT(must(source("github.com/acme/shop")->ask(soon())).names, IsEmpty());
}

TEST_F(StandardInput, fails_with_the_line_that_is_no_branch) {
    write("main\n* fix\n");
    end();
    const auto error = source("github.com/acme/shop")->ask(soon()).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_THAT(error.message, HasSubstr("line 2"));
}

TEST_F(StandardInput, is_not_waited_for_without_end) {
    write("main\n");
    EXPECT_EQ(source("github.com/acme/shop")
                  ->ask(base::Deadline::after(std::chrono::milliseconds(50)))
                  .error()
                  .kind,
              ErrorKind::deadline);
}

TEST_F(StandardInput, wants_to_be_told_the_repository) {
    const auto error = make_source({}, {}).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_THAT(error.hint, HasSubstr("--repository"));
    branches::Surroundings around;
    around.repository = "https://x:hush@/";
    EXPECT_THAT(make_source({}, std::move(around)).error().message, Not(HasSubstr("hush")));
}

TEST(BranchesSent, are_as_complete_as_the_sender_says) {
    const auto whole =
        must(branches_sent("github.com/acme/shop", {"refs/heads/main", "fix"}, true));
    EXPECT_EQ(whole.repository, "github.com/acme/shop");
    EXPECT_THAT(whole.names, ElementsAre("fix", "main"));
    EXPECT_TRUE(whole.complete);
    EXPECT_FALSE(must(branches_sent("github.com/acme/shop", {}, false)).complete);
    EXPECT_EQ(branches_sent("shop", {}, true).error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(branches_sent("github.com/acme/shop", {"a b"}, true).error().kind,
              ErrorKind::invalid_input);
}

}  // namespace

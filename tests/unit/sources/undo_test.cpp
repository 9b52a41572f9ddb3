// SPDX-License-Identifier: Apache-2.0
#include "sources/undo.h"

#include <gtest/gtest.h>

namespace {

TEST(Undo, is_known_by_names_of_files) {
    for (const auto* path :
         {"001.undo.sql", "0001.a.rollback.sql", "20240101000000-a-down.sql", "a.down.sql",
          "down.sql", "U2__a.sql", "U2.1__a.sql", "rollback/001.sql", "001_Rollback.SQL",
          "rollback_001.sql", "001DownUsers/down.sql", "CreateUsersDown.sql", "revert/a.sql",
          "downgrade.sql", "x_roll_back.sql", "teardown.sql", "001.undo.pgsql.sql"}) {
        EXPECT_TRUE(sources::is_undo_name(path)) << path;
    }
    for (const auto* path : {"001.do.sql", "up.sql", "download_counts.sql", "markdown.sql",
                             "countdown.sql", "Undocumented.sql", "01_schema.sql", "users.sql",
                             "V2__a.sql", "reversed_index.sql", "update.sql", "lockdowns_2.sql"}) {
        EXPECT_FALSE(sources::is_undo_name(path)) << path;
    }
}

TEST(Undo, is_known_by_marks) {
    for (const auto* comment :
         {"-- migrate:down", "-- migrate:down transaction:false", "-- +goose Down",
          "-- +migrate Down notransaction", "-- Down Migration", "-- //@UNDO", "--//@UNDO",
          "-- !Downs", "-- rambler down", "---- create above / drop below ----", "-- DOWN",
          "--- UNDO ---", "/* rollback */", "-- Rollback script:", "-- @Undo",
          "-- migration: revert"}) {
        EXPECT_TRUE(sources::is_undo_mark(comment)) << comment;
    }
    for (const auto* comment :
         {"-- slow down the queue", "-- rollback is not possible", "-- migrate:up", "-- Up",
          "-- Name: down; Type: TABLE; Schema: public; Owner: -", "--", "-- the schema",
          "-- PostgreSQL database dump", "-- see the download page"}) {
        EXPECT_FALSE(sources::is_undo_mark(comment)) << comment;
    }
}

}  // namespace

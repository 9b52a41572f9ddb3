-- SPDX-License-Identifier: Apache-2.0
-- Which server this is: its system identifier and its postmaster's start time when it was proved
-- last that the advertised address leads to it. A copy of the server's files has the same
-- identifier, and always another start time.

ALTER TABLE registry.installation
    ADD COLUMN system_identifier bigint,
    ADD COLUMN started_at timestamptz,
    -- The folder of a local server, by which it is told from its copies; empty for any other.
    ADD COLUMN place text NOT NULL DEFAULT '';

GRANT UPDATE (system_identifier, started_at, place) ON registry.installation TO reviewdb_manager;

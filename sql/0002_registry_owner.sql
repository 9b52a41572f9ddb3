-- SPDX-License-Identifier: Apache-2.0
-- The registry belongs to the role that runs this, and the manager uses it: rows that its sessions
-- write, and nothing that could make another session run code. A migration that adds a column to
-- registry.installation grants UPDATE on it; tables and functions get their rights by default.

GRANT USAGE ON SCHEMA registry TO reviewdb_manager;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA registry TO reviewdb_manager;
ALTER DEFAULT PRIVILEGES IN SCHEMA registry
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO reviewdb_manager;

-- Only migrations and the preparation of the server change the rest of this row.
REVOKE INSERT, UPDATE, DELETE ON registry.installation FROM reviewdb_manager;
GRANT UPDATE (current_key, writes, file_cloning) ON registry.installation TO reviewdb_manager;

-- An administrator's session acts on these rows, so only one writes them. What an older program
-- left could have been written by any operator: it is shown and never acted on.
REVOKE INSERT, UPDATE, DELETE ON registry.closed_database FROM reviewdb_manager;
ALTER TABLE registry.closed_database ADD COLUMN proven boolean NOT NULL DEFAULT true;
UPDATE registry.closed_database SET proven = false;

-- The mark: a setting of the manager's role that never takes effect, since nobody logs in as it.
-- Roles outlive the control database, so a registry that was restored from an older backup is told
-- by its mark.
CREATE FUNCTION registry.set_mark(count bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('ALTER ROLE reviewdb_manager SET application_name = %L',
                   (SELECT format('reviewdb/1 %s %s', id, count) FROM registry.installation));
END
$$;

-- Counts one write, and says so in the mark. Part of the transaction that records an intent.
CREATE OR REPLACE FUNCTION registry.count_write() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    counted bigint;
BEGIN
    UPDATE registry.installation SET writes = writes + 1 RETURNING writes INTO counted;
    PERFORM registry.set_mark(counted);
END
$$;

-- How many writes the mark of this installation speaks of. Without one, or with another
-- installation's, one more than the registry knows: nothing proves then that it is as new as the
-- server.
CREATE OR REPLACE FUNCTION registry.counted_writes() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT coalesce((SELECT substring(one FROM ' ([0-9]+)$')::bigint
        FROM pg_db_role_setting s, unnest(s.setconfig) one
        WHERE s.setdatabase = 0 AND s.setrole = 'reviewdb_manager'::regrole
            AND starts_with(one, 'application_name=reviewdb/1 ' || i.id || ' ')), i.writes + 1)
    FROM registry.installation i
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA registry FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA registry TO reviewdb_manager;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA registry GRANT EXECUTE ON FUNCTIONS TO reviewdb_manager;

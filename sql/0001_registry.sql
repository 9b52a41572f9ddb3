-- SPDX-License-Identifier: Apache-2.0
-- The registry: the durable record of everything that reviewdb made on this server, and the history
-- of what was done. Runs as the manager, in the control database, in one transaction.
-- Changes to come are additive: columns with defaults, no renames.

CREATE SCHEMA registry;

CREATE TABLE registry.installation (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    schema_version integer NOT NULL,
    oldest_program_allowed integer NOT NULL,
    current_key integer NOT NULL DEFAULT 1,
    operator name,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- bytes stand here only where the key's location is the registry.
CREATE TABLE registry.key (
    number integer PRIMARY KEY,
    fingerprint text NOT NULL,
    location text NOT NULL,
    bytes bytea CHECK (octet_length(bytes) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

-- project is '*' for what holds in every project.
CREATE TABLE registry.policy (
    project text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, key)
);

CREATE TABLE registry.role (
    id uuid PRIMARY KEY,
    name name NOT NULL UNIQUE,
    state text NOT NULL,
    password_version integer NOT NULL DEFAULT 1,
    pending_version integer,
    key_number integer NOT NULL REFERENCES registry.key,
    source text NOT NULL DEFAULT 'derived',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX role_unfinished ON registry.role (state) WHERE state = 'pinned';

-- database is the name that it has now; it exists before the database does, until after it is dropped.
CREATE TABLE registry.instance (
    id uuid PRIMARY KEY,
    project text NOT NULL,
    state text NOT NULL,
    database name NOT NULL,
    oid oid,
    template text NOT NULL,
    role uuid REFERENCES registry.role,
    size_bytes bigint,
    size_measured_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    let_go_at timestamptz
);
CREATE UNIQUE INDEX instance_database ON registry.instance (database) WHERE state <> 'gone';
CREATE INDEX instance_unfinished ON registry.instance (state) WHERE state IN ('warm', 'trashed', 'dropping');

CREATE TABLE registry.environment (
    id uuid PRIMARY KEY,
    project text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    repository text NOT NULL DEFAULT '',
    ref text NOT NULL DEFAULT '',
    pull_request integer,
    commit text NOT NULL DEFAULT '',
    labels jsonb NOT NULL DEFAULT '{}',
    secret text NOT NULL DEFAULT '',
    protected boolean NOT NULL DEFAULT false,
    epoch bigint NOT NULL DEFAULT 0,
    instance uuid REFERENCES registry.instance,
    role uuid REFERENCES registry.role,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_create_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    retired_at timestamptz
);
CREATE UNIQUE INDEX environment_name ON registry.environment (project, name) WHERE state <> 'gone';

CREATE TABLE registry.history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    project text NOT NULL,
    name text NOT NULL,
    environment uuid,
    event text NOT NULL,
    reason text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    door text NOT NULL DEFAULT '',
    program text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX history_name ON registry.history (project, name, id);

-- What init --close took from PUBLIC, for init --reopen.
CREATE TABLE registry.closed_database (
    oid oid PRIMARY KEY,
    database name NOT NULL,
    former_acl text,
    closed_by text NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now()
);

-- Raises unless the database called `called` is, by oid and stamp, the instance that a row speaks of.
-- Called inside the transaction that changes it, so that a row that lies rolls back.
CREATE FUNCTION registry.must_be(called name, its_oid oid, stamp_prefix text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    seen record;
BEGIN
    SELECT d.oid, shobj_description(d.oid, 'pg_database') AS comment INTO seen
    FROM pg_database d WHERE d.datname = called;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no database %', called USING ERRCODE = '3D000';
    END IF;
    IF (its_oid IS NOT NULL AND seen.oid <> its_oid)
       OR seen.comment IS NULL OR NOT starts_with(seen.comment, stamp_prefix) THEN
        RAISE EXCEPTION 'the database % is not the one that the registry recorded', called
            USING ERRCODE = '55000', HINT = 'its oid or its stamp differs: somebody changed the registry or the database by hand';
    END IF;
END
$$;

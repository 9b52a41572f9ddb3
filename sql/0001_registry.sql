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
    -- Counts what changes who has which database and password; mirrored in the comment of this
    -- database, so that a registry restored from an older backup can be told.
    writes bigint NOT NULL DEFAULT 0,
    operator name,
    -- Whether the file system lets Postgres clone files: unknown, works or fails.
    file_cloning text NOT NULL DEFAULT 'unknown',
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
    name name NOT NULL,
    state text NOT NULL,
    password_version integer NOT NULL DEFAULT 1,
    pending_version integer,
    password_set_at timestamptz NOT NULL DEFAULT now(),
    key_number integer NOT NULL REFERENCES registry.key,
    source text NOT NULL DEFAULT 'derived',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX role_name ON registry.role (name) WHERE state <> 'gone';
CREATE INDEX role_unfinished ON registry.role (state) WHERE state = 'pinned';

-- database is the name that it has now; it exists before the database does, until after it is dropped.
CREATE TABLE registry.instance (
    id uuid PRIMARY KEY,
    project text NOT NULL,
    state text NOT NULL,
    database name NOT NULL,
    oid oid,
    -- Whom it was made for: environment, pool or template.
    purpose text NOT NULL DEFAULT 'environment',
    -- What it was cloned from: the template's name, and the instance that was its version then; null
    -- where that is the empty one.
    template text NOT NULL,
    template_version uuid REFERENCES registry.instance,
    -- What else a warm one was made by: limits, settings and key.
    shape text NOT NULL DEFAULT '',
    role uuid REFERENCES registry.role,
    size_bytes bigint,
    size_measured_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    let_go_at timestamptz,
    keep_until timestamptz
);
CREATE INDEX instance_role ON registry.instance (role) WHERE state <> 'gone';
CREATE UNIQUE INDEX instance_database ON registry.instance (database) WHERE state <> 'gone';
CREATE INDEX instance_unfinished ON registry.instance (state) WHERE state IN ('trashed', 'dropping');
CREATE INDEX instance_warm ON registry.instance (project, template, created_at) WHERE state = 'warm';
CREATE INDEX instance_made_ahead ON registry.instance (project, template) WHERE state = 'building' AND purpose <> 'environment';

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
    -- No foreign keys: no instance and no role is ever deleted from the registry, and the claim has no
    -- time to look up again what it has locked.
    instance uuid,
    -- Of a reset that has not finished: what is to replace the instance.
    next_instance uuid,
    role uuid,
    closed_because text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_create_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    -- Of the event of its last create that said so.
    event_at timestamptz,
    -- How it goes, from the moment that its removal begins: the event that it goes for, whether what
    -- it had goes to the trash, and why. Of one that is gone, its tombstone.
    retired_for timestamptz,
    retired_pull_request integer,
    retired_commit text NOT NULL DEFAULT '',
    retired_into_trash boolean NOT NULL DEFAULT false,
    retired_because text NOT NULL DEFAULT '',
    retired_as text NOT NULL DEFAULT 'deleted',
    retired_at timestamptz
);
CREATE INDEX environment_retired ON registry.environment (project, name, retired_at)
    WHERE state = 'gone' AND retired_for IS NOT NULL;
CREATE INDEX environment_role ON registry.environment (role) WHERE state <> 'gone';
CREATE INDEX environment_expiry ON registry.environment (expires_at) WHERE state <> 'gone';
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

-- What a source said the last time that it was asked for a sweep.
CREATE TABLE registry.sweep (
    project text NOT NULL,
    repository text NOT NULL,
    branches integer NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, repository)
);

-- A rotation of all passwords of a project that has begun and not ended.
CREATE TABLE registry.rotation (
    project text PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A version of a template is an instance: frozen, and its role a NOLOGIN owner.
CREATE TABLE registry.template (
    id uuid PRIMARY KEY,
    project text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    -- What it was made from: for people, and for who makes it again. No secrets.
    source text NOT NULL DEFAULT '',
    recipe jsonb NOT NULL DEFAULT '{}',
    digest text NOT NULL DEFAULT '',
    instance uuid REFERENCES registry.instance,
    -- Of a refresh that has not finished.
    next_instance uuid REFERENCES registry.instance,
    created_at timestamptz NOT NULL DEFAULT now(),
    refreshed_at timestamptz
);
CREATE UNIQUE INDEX template_name ON registry.template (project, name) WHERE state <> 'gone';

-- How many warm instances there are to be. Whoever builds one locks the row while it counts.
CREATE TABLE registry.pool (
    project text NOT NULL,
    template text NOT NULL,
    target integer NOT NULL,
    PRIMARY KEY (project, template)
);

-- What init --close took from PUBLIC, for init --reopen.
CREATE TABLE registry.closed_database (
    oid oid PRIMARY KEY,
    database name NOT NULL,
    former_acl text,
    closed_by text NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now()
);

-- Raises unless the database called `called` is, by oid and stamp, the instance that a row speaks of.
-- Called inside the transaction that changes it, so that a row that lies rolls back. Without a prefix
-- the stamp is not looked at: a create may have died before there was one.
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
       OR (stamp_prefix <> '' AND NOT coalesce(starts_with(seen.comment, stamp_prefix), false)) THEN
        RAISE EXCEPTION 'the database % is not the one that the registry recorded', called
            USING ERRCODE = '55000', HINT = 'its oid or its stamp differs: somebody changed the registry or the database by hand';
    END IF;
END
$$;

-- Raises unless the instance is in the trash; from then on it serves, and nobody removes it.
CREATE FUNCTION registry.take_from_trash(wanted uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    UPDATE registry.instance SET state = 'serving', let_go_at = NULL, keep_until = NULL
    WHERE id = wanted AND state = 'trashed';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the instance % is not in the trash any more', wanted
            USING ERRCODE = '40001', HINT = 'somebody else restored it, or its time was over';
    END IF;
END
$$;

-- Counts one write, and says so in the comment of this database. Part of the transaction that records
-- an intent: the two rows that it locks are let go of at once.
CREATE FUNCTION registry.count_write() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    counted registry.installation;
BEGIN
    UPDATE registry.installation SET writes = writes + 1 RETURNING * INTO counted;
    EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(),
                   format('reviewdb/1 control %s %s', counted.id, counted.writes));
END
$$;

-- How many writes the comment of this database speaks of; 0 where it has no count.
CREATE FUNCTION registry.counted_writes() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(substring(shobj_description(oid, 'pg_database') FROM ' ([0-9]+)$')::bigint, 0)
    FROM pg_database WHERE datname = current_database()
$$;

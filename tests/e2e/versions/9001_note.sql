-- SPDX-License-Identifier: Apache-2.0
-- What a next version may do: a column with a default. The pause is for who wants to kill it.
ALTER TABLE registry.environment ADD COLUMN note text NOT NULL DEFAULT '';
SELECT pg_sleep(0.1);

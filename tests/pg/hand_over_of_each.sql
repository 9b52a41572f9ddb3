-- SPDX-License-Identifier: Apache-2.0
--
-- What only its owner may do, to one of each kind of what application.sql and hand_over.sql make:
-- something is changed, then it is dropped. A blank line ends a statement.
ALTER TABLE film ADD COLUMN seen integer DEFAULT 0;

ALTER TABLE payment_1999 SET (fillfactor = 80);

ALTER TABLE payment DETACH PARTITION payment_1999;

DROP TABLE payment_1999;

CREATE TABLE part_2 PARTITION OF part DEFAULT;

ALTER TABLE part_1_1 ADD CHECK (b = 1);

DROP TABLE part;

ALTER TABLE film ALTER COLUMN id RESTART WITH 1000;

ALTER INDEX film_lower RENAME TO film_in_lower_case;

DROP INDEX film_in_lower_case;

ALTER STATISTICS film_kinds SET STATISTICS 10;

DROP STATISTICS film_kinds;

ALTER POLICY only_me ON film USING (id > 0);

DROP POLICY only_me ON film;

ALTER TRIGGER words ON film RENAME TO of_words;

DROP TRIGGER of_words ON film;

ALTER SEQUENCE number RESTART WITH 7;

DROP SEQUENCE number;

ALTER VIEW for_everyone RENAME COLUMN title TO name;

DROP VIEW for_everyone;

REFRESH MATERIALIZED VIEW takings;

ALTER MATERIALIZED VIEW takings RENAME TO taken;

DROP MATERIALIZED VIEW taken;

ALTER FUNCTION films() COST 7;

DROP FUNCTION films();

ALTER PROCEDURE shoot(text) SECURITY DEFINER;

DROP PROCEDURE shoot(text);

ALTER AGGREGATE listed(text) RENAME TO listing;

DROP AGGREGATE listing(text);

ALTER OPERATOR <+> (text, text) SET (RESTRICT = NONE);

DROP OPERATOR <+> (text, text);

DROP CAST (rating AS integer);

ALTER TYPE rating ADD VALUE 'nobody';

ALTER TYPE place ADD ATTRIBUTE country text CASCADE;

ALTER TYPE span RENAME TO extent;

DROP TYPE rating, place, extent CASCADE;

ALTER DOMAIN year DROP CONSTRAINT year_check;

DROP DOMAIN year CASCADE;

ALTER COLLATION plain RENAME TO plainer;

DROP COLLATION plainer CASCADE;

ALTER CONVERSION to_latin RENAME TO to_roman;

DROP CONVERSION to_roman;

ALTER TEXT SEARCH CONFIGURATION titles DROP MAPPING FOR asciiword;

DROP TEXT SEARCH CONFIGURATION titles;

ALTER TEXT SEARCH DICTIONARY words RENAME TO a_word;

DROP TEXT SEARCH DICTIONARY a_word;

ALTER PUBLICATION changes SET (publish = 'insert');

DROP PUBLICATION changes;

ALTER EXTENSION hstore UPDATE;

DROP EXTENSION hstore CASCADE;

COMMENT ON LARGE OBJECT 4711 IS 'to be taken down';

SELECT lo_unlink(4711);

ALTER TABLE "Odd ""%I"" %1$s'; schema"."a ""table""; DROP TABLE film; --" RENAME TO plain;

DROP SCHEMA "Odd ""%I"" %1$s'; schema" CASCADE;

ALTER SCHEMA library RENAME TO archive;

DROP SCHEMA archive CASCADE;

DROP SCHEMA public CASCADE;

CREATE SCHEMA public;

ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;

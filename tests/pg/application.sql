-- SPDX-License-Identifier: Apache-2.0
--
-- The schema and the data of a small application that has one of each kind of thing that an owner of
-- tables may make. A blank line ends a statement.
CREATE SCHEMA library;

CREATE EXTENSION hstore SCHEMA library;

CREATE EXTENSION pg_trgm;

CREATE TYPE rating AS ENUM ('everyone', 'adults');

CREATE TYPE place AS (street text, city text);

CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);

CREATE DOMAIN year AS integer CHECK (VALUE BETWEEN 1888 AND 2155);

CREATE COLLATION plain (provider = libc, locale = 'C');

CREATE CONVERSION to_latin FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;

CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);

CREATE TEXT SEARCH CONFIGURATION titles (COPY = simple);

ALTER TEXT SEARCH CONFIGURATION titles ALTER MAPPING FOR word WITH words;

CREATE SEQUENCE number START 100;

CREATE TABLE film (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text COLLATE plain NOT NULL UNIQUE,
    released year,
    rating rating NOT NULL DEFAULT 'everyone',
    words tsvector,
    tags text[],
    shot place,
    lasts span,
    facts jsonb,
    more library.hstore,
    price numeric(5, 2) CHECK (price > 0),
    gross numeric GENERATED ALWAYS AS (price * 1.19) STORED,
    EXCLUDE USING gist (lasts WITH &&)
);

CREATE TABLE payment (
    id bigserial,
    paid_on date NOT NULL,
    film integer REFERENCES film ON DELETE CASCADE,
    amount numeric,
    PRIMARY KEY (id, paid_on)
) PARTITION BY RANGE (paid_on);

CREATE TABLE payment_2024 PARTITION OF payment FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

CREATE TABLE payment_other PARTITION OF payment DEFAULT;

CREATE TABLE payment_1999 (LIKE payment INCLUDING ALL);

ALTER TABLE payment ATTACH PARTITION payment_1999 FOR VALUES FROM ('1999-01-01') TO ('2000-01-01');

CREATE UNLOGGED TABLE library.cache (key text PRIMARY KEY, value bytea);

CREATE TABLE library.person (name text);

CREATE TABLE library.actor (agent text) INHERITS (library.person);

CREATE INDEX film_words ON film USING gin (words);

CREATE INDEX film_like ON film USING gin (title gin_trgm_ops);

CREATE INDEX film_lower ON film (lower(title)) WHERE rating = 'everyone';

CREATE INDEX CONCURRENTLY film_released ON film (released) INCLUDE (rating);

CREATE STATISTICS film_kinds (dependencies) ON released, rating FROM film;

ALTER TABLE film ENABLE ROW LEVEL SECURITY;

CREATE POLICY of_age ON film FOR SELECT USING (rating = 'everyone');

CREATE FUNCTION note_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := to_tsvector('titles', NEW.title);
    RETURN NEW;
END
$$;

CREATE TRIGGER words BEFORE INSERT OR UPDATE ON film FOR EACH ROW EXECUTE FUNCTION note_words();

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'too much';
END
$$;

CREATE CONSTRAINT TRIGGER not_too_much AFTER INSERT ON payment_2024 DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.amount > 1000) EXECUTE FUNCTION refuse();

CREATE FUNCTION films() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
AS 'SELECT count(*) FROM film';

CREATE FUNCTION age(rating) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN CASE $1 WHEN 'adults' THEN 18 ELSE 0 END;

CREATE CAST (rating AS integer) WITH FUNCTION age(rating);

CREATE FUNCTION with_comma(text, text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$SELECT concat_ws(', ', $1, $2)$$;

CREATE AGGREGATE listed (text) (SFUNC = with_comma, STYPE = text);

CREATE OPERATOR <+> (LEFTARG = text, RIGHTARG = text, FUNCTION = with_comma);

CREATE PROCEDURE shoot(title text) LANGUAGE sql AS 'INSERT INTO film (title) VALUES ($1)';

CREATE VIEW for_everyone AS SELECT id, title, rating FROM film WHERE rating = 'everyone'
WITH CHECK OPTION;

CREATE RECURSIVE VIEW digits (n) AS VALUES (0) UNION ALL SELECT n + 1 FROM digits WHERE n < 9;

CREATE RULE keep AS ON DELETE TO for_everyone DO INSTEAD NOTHING;

CREATE MATERIALIZED VIEW takings AS SELECT film, sum(amount) AS amount FROM payment GROUP BY film;

CREATE UNIQUE INDEX takings_film ON takings (film);

CREATE PUBLICATION changes FOR TABLE film, payment;

GRANT USAGE ON SCHEMA library TO PUBLIC;

ALTER DEFAULT PRIVILEGES IN SCHEMA library GRANT SELECT ON TABLES TO PUBLIC;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

COMMENT ON TABLE film IS 'what is shown';

COMMENT ON SCHEMA public IS 'the cinema';

INSERT INTO film (title, released, rating, tags, shot, lasts, facts, more, price) VALUES
    ('Train', 1896, 'everyone', '{short,old}', '(Quai,"La Ciotat")', '[0,50)', '{"sound": false}',
     'a=>1', 2),
    ('Noir''s \ "night"', 1946, 'adults', NULL, NULL, '[50,6000)', NULL, NULL, 3.5);

CALL shoot('Crème brûlée');

INSERT INTO payment (paid_on, film, amount) VALUES
    ('2024-05-01', 1, 4), ('1999-05-01', 2, 5), ('2030-05-01', 2, 6);

INSERT INTO library.cache VALUES ('k', '\x00ff');

INSERT INTO library.actor VALUES ('Jean', 'Marie');

SELECT nextval('number');

SELECT lo_from_bytea(4711, 'a poster');

GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC;

REFRESH MATERIALIZED VIEW CONCURRENTLY takings;

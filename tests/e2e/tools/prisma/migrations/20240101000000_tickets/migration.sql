-- SPDX-License-Identifier: Apache-2.0
CREATE EXTENSION citext;

CREATE TYPE "State" AS ENUM ('open', 'closed');

CREATE TABLE "Ticket" (
    "id" SERIAL NOT NULL,
    "title" CITEXT NOT NULL,
    "state" "State" NOT NULL DEFAULT 'open',
    "changes" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "Ticket_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Ticket_changes_check" CHECK ("changes" >= 0)
);

CREATE UNIQUE INDEX "Ticket_title_key" ON "Ticket"("title");

CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."changes" := OLD."changes" + 1;
    RETURN NEW;
END
$$;

CREATE TRIGGER counted BEFORE UPDATE ON "Ticket" FOR EACH ROW EXECUTE FUNCTION count_change();

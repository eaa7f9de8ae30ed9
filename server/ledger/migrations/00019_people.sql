-- A badge is told from a person's others by its label and when it was added:
-- its number is not kept. folded is what people are looked up by, in lower case.
-- people_log says who did what about whom, one numbered row each, in the
-- transaction of the change itself; nothing alters or deletes one.

-- +goose Up
ALTER TABLE badges ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE badges ADD COLUMN added BIGINT NOT NULL DEFAULT 0;

ALTER TABLE clinicians ADD COLUMN folded TEXT NOT NULL DEFAULT '';
UPDATE clinicians SET folded = lower(id || ' ' || name || ' ' || COALESCE(account, ''));

CREATE INDEX clinicians_name ON clinicians (name, id);

CREATE TABLE people_log (
    clinician TEXT   NOT NULL REFERENCES clinicians (id),
    seq       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT   NOT NULL,
    what      TEXT   NOT NULL,
    why       TEXT   NOT NULL,
    PRIMARY KEY (clinician, seq)
);

-- +goose Down
DROP TABLE people_log;
DROP INDEX clinicians_name;
ALTER TABLE clinicians DROP COLUMN folded;
ALTER TABLE badges DROP COLUMN added;
ALTER TABLE badges DROP COLUMN label;

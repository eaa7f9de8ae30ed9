-- A badge is told from a person's others by its label and when it was added:
-- its number is not kept. folded is what people are looked up by, in lower case.
-- people_log says who did what about whom, one numbered row each, in the
-- transaction of the change itself; nothing alters or deletes one. scim_users is
-- what a directory calls people: user_key is the user name in lower case, gone is
-- when the directory deleted somebody, whom history still names. scim_groups are
-- the directory's, kept for it.

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

CREATE TABLE scim_users (
    clinician TEXT   NOT NULL PRIMARY KEY REFERENCES clinicians (id),
    user_name TEXT   NOT NULL,
    user_key  TEXT   NOT NULL UNIQUE,
    external  TEXT   NOT NULL,
    created   BIGINT NOT NULL,
    changed   BIGINT NOT NULL,
    gone      BIGINT NOT NULL
);

CREATE INDEX scim_users_external ON scim_users (external);

CREATE TABLE scim_groups (
    id       TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    name_key TEXT   NOT NULL UNIQUE,
    external TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    changed  BIGINT NOT NULL
);

CREATE TABLE scim_members (
    in_group  TEXT NOT NULL REFERENCES scim_groups (id),
    clinician TEXT NOT NULL REFERENCES clinicians (id),
    PRIMARY KEY (in_group, clinician)
);

CREATE INDEX scim_members_clinician ON scim_members (clinician);

-- +goose Down
DROP TABLE scim_members;
DROP TABLE scim_groups;
DROP TABLE scim_users;
DROP TABLE people_log;
DROP INDEX clinicians_name;
ALTER TABLE clinicians DROP COLUMN folded;
ALTER TABLE badges DROP COLUMN added;
ALTER TABLE badges DROP COLUMN label;

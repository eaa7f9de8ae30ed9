-- Signed tables of what was tried on an iPad of one's own. id is the hex
-- SHA-256 of body, the signed table as JSON; filed is Unix milliseconds. build is
-- the iPadOS build that a device named at its last Authenticate.

-- +goose Up
CREATE TABLE trials (
    id     TEXT   NOT NULL PRIMARY KEY,
    device TEXT   NOT NULL REFERENCES devices (id),
    ward   TEXT   NOT NULL REFERENCES wards (id),
    filed  BIGINT NOT NULL,
    body   TEXT   NOT NULL
);

CREATE INDEX trials_filed ON trials (filed, id);

ALTER TABLE devices ADD COLUMN build TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE devices DROP COLUMN build;
DROP TABLE trials;

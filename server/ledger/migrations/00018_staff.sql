-- Who is at the console. A member of staff is known by name, and one whom the
-- hospital's provider signs in by issuer and subject (OpenID Connect Core, 5.7:
-- the only claims that name somebody for good). wards, and scopes of a token, are
-- JSON. tokens are the API's, by the SHA-256 of what is shown once; replaced is
-- when another secret took over. A clinician whom the provider signs in is
-- pinned to the issuer and subject of the first time. approvals are deeds that
-- wait for a second person, one a device and deed; wipe_asks is who had which
-- device wiped alone, and when. Times are Unix milliseconds (0: none).

-- +goose Up
CREATE TABLE staff (
    id      TEXT    NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    role    TEXT    NOT NULL,
    wards   TEXT    NOT NULL,
    issuer  TEXT,
    subject TEXT,
    active  BOOLEAN NOT NULL,
    UNIQUE (issuer, subject)
);

CREATE TABLE tokens (
    id        TEXT   NOT NULL PRIMARY KEY,
    hash      BYTEA  NOT NULL UNIQUE,
    name      TEXT   NOT NULL,
    scopes    TEXT   NOT NULL,
    wards     TEXT   NOT NULL,
    made_by   TEXT   NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    revoked   BIGINT NOT NULL,
    replaced  BIGINT NOT NULL
);

CREATE TABLE approvals (
    device  TEXT   NOT NULL REFERENCES devices (id),
    deed    TEXT   NOT NULL,
    id      TEXT   NOT NULL UNIQUE,
    epoch   BIGINT NOT NULL,
    staff   TEXT   NOT NULL REFERENCES staff (id),
    why     TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (device, deed)
);

CREATE INDEX approvals_expires ON approvals (expires);

CREATE TABLE wipe_asks (
    staff  TEXT   NOT NULL REFERENCES staff (id),
    device TEXT   NOT NULL REFERENCES devices (id),
    at     BIGINT NOT NULL,
    PRIMARY KEY (staff, device)
);

ALTER TABLE clinicians ADD COLUMN issuer TEXT;
ALTER TABLE clinicians ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX clinicians_subject ON clinicians (issuer, subject);

-- +goose Down
DROP INDEX clinicians_subject;
ALTER TABLE clinicians DROP COLUMN subject;
ALTER TABLE clinicians DROP COLUMN issuer;
DROP TABLE wipe_asks;
DROP TABLE approvals;
DROP TABLE tokens;
DROP TABLE staff;

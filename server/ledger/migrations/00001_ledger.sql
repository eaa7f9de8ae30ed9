-- One schema for SQLite and PostgreSQL. Times are Unix milliseconds (0: none).
-- BYTEA is a type name that PostgreSQL has and SQLite accepts; SQLite stores
-- blobs in such a column unchanged (https://sqlite.org/datatype3.html, 3.1).

-- +goose Up
CREATE TABLE wards (
    id     TEXT NOT NULL PRIMARY KEY,
    name   TEXT NOT NULL,
    policy TEXT NOT NULL
);

CREATE TABLE devices (
    id         TEXT NOT NULL PRIMARY KEY,
    udid       TEXT UNIQUE,
    ward       TEXT NOT NULL REFERENCES wards (id),
    name       TEXT NOT NULL,
    model      TEXT NOT NULL,
    os_version TEXT NOT NULL,
    topic      TEXT NOT NULL
);

CREATE INDEX devices_ward ON devices (ward);

-- body is the whole row; the columns beside it are those that SQL decides by.
-- entries counts the device's history, attempt names the transaction that
-- wrote the row last, so that a lost answer to COMMIT can be found out.
CREATE TABLE custody (
    device     TEXT   NOT NULL PRIMARY KEY REFERENCES devices (id),
    ward       TEXT   NOT NULL REFERENCES wards (id),
    state      TEXT   NOT NULL,
    epoch      BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    entries    BIGINT NOT NULL,
    attempt    TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    written_at BIGINT NOT NULL
);

CREATE INDEX custody_written_at ON custody (written_at, device);

CREATE TABLE history (
    device TEXT   NOT NULL REFERENCES devices (id),
    seq    BIGINT NOT NULL,
    body   TEXT   NOT NULL,
    PRIMARY KEY (device, seq)
);

CREATE TABLE buckets (
    bucket BIGINT NOT NULL PRIMARY KEY,
    id     TEXT   NOT NULL,
    beat   BIGINT NOT NULL
);

CREATE TABLE clinicians (
    id      TEXT    NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL,
    account TEXT UNIQUE,
    pin     TEXT    NOT NULL,
    active  BOOLEAN NOT NULL
);

CREATE TABLE badges (
    hash      BYTEA  NOT NULL PRIMARY KEY,
    clinician TEXT   NOT NULL REFERENCES clinicians (id),
    expires   BIGINT NOT NULL,
    revoked   BIGINT NOT NULL
);

CREATE INDEX badges_clinician ON badges (clinician);

CREATE TABLE readers (
    id         TEXT  NOT NULL PRIMARY KEY,
    ward       TEXT  NOT NULL REFERENCES wards (id),
    device     TEXT UNIQUE REFERENCES devices (id),
    credential BYTEA NOT NULL
);

-- ordinal is the place among the device's certificates in the order of issue.
CREATE TABLE certificates (
    hash    TEXT   NOT NULL PRIMARY KEY,
    device  TEXT   NOT NULL REFERENCES devices (id),
    ordinal BIGINT NOT NULL,
    udid    TEXT   NOT NULL,
    epoch   BIGINT NOT NULL,
    run     BIGINT NOT NULL,
    issued  BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    UNIQUE (device, ordinal)
);

CREATE TABLE pushes (
    device  TEXT  NOT NULL REFERENCES devices (id),
    account TEXT  NOT NULL,
    token   BYTEA NOT NULL,
    magic   TEXT  NOT NULL,
    topic   TEXT  NOT NULL,
    PRIMARY KEY (device, account)
);

-- One-time secrets that were used, as SHA-256.
CREATE TABLE spent (
    hash BYTEA NOT NULL PRIMARY KEY
);

-- Encrypted: unlock and bootstrap tokens.
CREATE TABLE device_secrets (
    device TEXT  NOT NULL REFERENCES devices (id),
    kind   TEXT  NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (device, kind)
);

-- Encrypted: keys of the whole service.
CREATE TABLE server_secrets (
    name   TEXT  NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- body is encrypted: a profile may carry a network's password or a one-time link.
CREATE TABLE errands (
    uuid    TEXT   NOT NULL PRIMARY KEY,
    device  TEXT   NOT NULL REFERENCES devices (id),
    account TEXT   NOT NULL,
    request TEXT   NOT NULL,
    body    BYTEA  NOT NULL,
    rank    BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE INDEX errands_next ON errands (device, account, rank, ordinal);
CREATE INDEX errands_expires ON errands (expires);

-- +goose Down
DROP TABLE errands;
DROP TABLE server_secrets;
DROP TABLE device_secrets;
DROP TABLE spent;
DROP TABLE pushes;
DROP TABLE certificates;
DROP TABLE readers;
DROP TABLE badges;
DROP TABLE clinicians;
DROP TABLE buckets;
DROP TABLE history;
DROP TABLE custody;
DROP TABLE devices;
DROP TABLE wards;

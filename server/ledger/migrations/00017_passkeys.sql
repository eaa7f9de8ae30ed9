-- Passkeys and security keys of clinicians and staff. id is the first 32 hex
-- digits of the credential id's SHA-256; owner is "clinician:<id>" or
-- "staff:<id>", of two tables, so nothing refers to them. flags is the octet of
-- WebAuthn's authenticator data; transports are joined by commas. A row stays
-- when its passkey is removed: a session may name it. Times are Unix
-- milliseconds (0: none).

-- +goose Up
CREATE TABLE passkeys (
    id            TEXT   NOT NULL PRIMARY KEY,
    credential    BYTEA  NOT NULL,
    owner         TEXT   NOT NULL,
    public_key    BYTEA  NOT NULL,
    sign_count    BIGINT NOT NULL,
    aaguid        BYTEA  NOT NULL,
    transports    TEXT   NOT NULL,
    flags         BIGINT NOT NULL,
    attestation   TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    created       BIGINT NOT NULL,
    used          BIGINT NOT NULL,
    suspended     BIGINT NOT NULL,
    suspended_why TEXT   NOT NULL,
    removed       BIGINT NOT NULL
);

CREATE INDEX passkeys_owner ON passkeys (owner, created, id);

-- +goose Down
DROP TABLE passkeys;

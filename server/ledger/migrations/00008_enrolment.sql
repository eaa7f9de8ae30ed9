-- key is the SHA-256 of a certificate's public key and der the certificate: the
-- answer to a device that asks again because the first one was lost. challenge
-- is the hash of what it was issued for, as in spent. enrolment is the hash of
-- the certificate that a renewal stands for, used when the renewal was first
-- seen and superseded when a later renewal was: the enrolment goes on then.

-- +goose Up
ALTER TABLE certificates ADD COLUMN enrolment TEXT NOT NULL DEFAULT '';
ALTER TABLE certificates ADD COLUMN used BIGINT NOT NULL DEFAULT 0;
ALTER TABLE certificates ADD COLUMN superseded BIGINT NOT NULL DEFAULT 0;

CREATE TABLE issuances (
    challenge BYTEA NOT NULL PRIMARY KEY REFERENCES spent (hash),
    hash      TEXT  NOT NULL REFERENCES certificates (hash),
    key       BYTEA NOT NULL,
    der       BYTEA NOT NULL
);

CREATE INDEX certificates_expires ON certificates (expires, hash);

-- +goose Down
DROP INDEX certificates_expires;
DROP TABLE issuances;
ALTER TABLE certificates DROP COLUMN superseded;
ALTER TABLE certificates DROP COLUMN used;
ALTER TABLE certificates DROP COLUMN enrolment;

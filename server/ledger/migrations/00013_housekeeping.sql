-- What a device was asked beside its plan, one row a device and kind: id is the
-- CommandUUID it goes out with, epoch the hand-over at which it was asked.
-- params and result are encrypted: a profile may carry a password, an answer a
-- place. Times are Unix milliseconds (0: none). facts is what a device last
-- said of itself, a row a device and kind; body is JSON.

-- +goose Up
CREATE TABLE asks (
    device      TEXT   NOT NULL REFERENCES devices (id),
    kind        TEXT   NOT NULL,
    id          TEXT   NOT NULL UNIQUE,
    epoch       BIGINT NOT NULL,
    rank        BIGINT NOT NULL,
    asked_by    TEXT   NOT NULL,
    params      BYTEA  NOT NULL,
    asked       BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    handed_over BIGINT NOT NULL,
    answered    BIGINT NOT NULL,
    outcome     TEXT   NOT NULL,
    says        TEXT   NOT NULL,
    result      BYTEA  NOT NULL,
    PRIMARY KEY (device, kind)
);

CREATE INDEX asks_expires ON asks (expires);

CREATE TABLE facts (
    device   TEXT   NOT NULL REFERENCES devices (id),
    kind     TEXT   NOT NULL,
    observed BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (device, kind)
);

-- +goose Down
DROP TABLE facts;
DROP TABLE asks;

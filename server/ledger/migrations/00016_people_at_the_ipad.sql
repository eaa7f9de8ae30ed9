-- holder is the row's own, so that what somebody holds is found by index; NULL
-- in rows that were written before it was here, until they are filled at start.
-- badges is how a ward's readers write card numbers, as JSON; emergency_code is
-- the HMAC of its sealed code, in hex. emergencies are a
-- projection of the history, written in the transactions that write it.

-- +goose Up
ALTER TABLE custody ADD COLUMN holder TEXT;

CREATE INDEX custody_holder ON custody (holder);

ALTER TABLE wards ADD COLUMN badges TEXT NOT NULL DEFAULT '{}';
ALTER TABLE wards ADD COLUMN emergency_code TEXT NOT NULL DEFAULT '';

CREATE TABLE emergencies (
    device    TEXT   NOT NULL REFERENCES devices (id),
    version   BIGINT NOT NULL,
    epoch     BIGINT NOT NULL,
    ward      TEXT   NOT NULL,
    clinician TEXT   NOT NULL,
    opened    BIGINT NOT NULL,
    reason    TEXT   NOT NULL,
    explained BIGINT NOT NULL,
    finding   TEXT   NOT NULL,
    reviewer  TEXT   NOT NULL,
    reviewed  BIGINT NOT NULL,
    PRIMARY KEY (device, version)
);

CREATE INDEX emergencies_open ON emergencies (reviewed, opened);
CREATE INDEX emergencies_clinician ON emergencies (clinician, explained);

-- +goose Down
DROP TABLE emergencies;
ALTER TABLE wards DROP COLUMN emergency_code;
ALTER TABLE wards DROP COLUMN badges;
DROP INDEX custody_holder;
ALTER TABLE custody DROP COLUMN holder;

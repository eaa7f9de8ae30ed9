-- What administrators change, and what is known of it. version is a ward's: who
-- changes it names the one they read, so that two do not overwrite each other.
-- told is the version that the iPads in use go by. removed is when a ward was
-- taken off the lists: what was measured there still names it. ward_log says who
-- changed what of a ward, its iPads and its readers, in the transaction of the
-- change itself; nothing alters or deletes a line. folded is what iPads are looked
-- up by, in lower case. heard is a reader's last word. Times are Unix milliseconds
-- (0: none).

-- +goose Up
ALTER TABLE wards ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE wards ADD COLUMN told BIGINT NOT NULL DEFAULT 1;
ALTER TABLE wards ADD COLUMN removed BIGINT NOT NULL DEFAULT 0;

CREATE TABLE ward_log (
    ward  TEXT   NOT NULL REFERENCES wards (id),
    seq   BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    actor TEXT   NOT NULL,
    what  TEXT   NOT NULL,
    why   TEXT   NOT NULL,
    PRIMARY KEY (ward, seq)
);

ALTER TABLE devices ADD COLUMN folded TEXT NOT NULL DEFAULT '';
UPDATE devices SET folded = lower(id || ' ' || name);

CREATE INDEX devices_name ON devices (name, id);

ALTER TABLE readers ADD COLUMN heard BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE readers DROP COLUMN heard;
DROP INDEX devices_name;
ALTER TABLE devices DROP COLUMN folded;
DROP TABLE ward_log;
ALTER TABLE wards DROP COLUMN removed;
ALTER TABLE wards DROP COLUMN told;
ALTER TABLE wards DROP COLUMN version;

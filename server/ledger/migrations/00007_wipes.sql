-- How each wipe ended, to measure a ward by. The row of custody forgets it with
-- the next hand-over, and the history is for people, not for counting. Times
-- are Unix milliseconds (0: none); grade is empty where nothing was proven, and
-- why is empty where the proof counts.

-- +goose Up
CREATE TABLE wipes (
    device       TEXT   NOT NULL REFERENCES devices (id),
    run          BIGINT NOT NULL,
    epoch        BIGINT NOT NULL,
    ward         TEXT   NOT NULL REFERENCES wards (id),
    fleet        TEXT   NOT NULL,
    cause        TEXT   NOT NULL,
    asked        BIGINT NOT NULL,
    handed_over  BIGINT NOT NULL,
    acknowledged BIGINT NOT NULL,
    returned     BIGINT NOT NULL,
    ended        BIGINT NOT NULL,
    grade        TEXT   NOT NULL,
    why          TEXT   NOT NULL,
    PRIMARY KEY (device, run)
);

CREATE INDEX wipes_ward ON wipes (ward, ended);

-- +goose Down
DROP TABLE wipes;

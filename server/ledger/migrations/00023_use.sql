-- How a ward was used, counted by the quarter of an hour (quarters since 1970,
-- UTC) in the transactions that write the history. kind and why are package
-- custody's; n of kind "held" is a change and may be below 0. It names nobody.
--
-- The index of wipes has all that percentiles of a ward are made of, so that
-- months of them are read without the rows.

-- +goose Up
CREATE TABLE use_counts (
    ward    TEXT   NOT NULL REFERENCES wards (id),
    quarter BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    why     TEXT   NOT NULL,
    n       BIGINT NOT NULL,
    PRIMARY KEY (ward, quarter, kind, why)
);

DROP INDEX wipes_ward;
CREATE INDEX wipes_ward ON wipes (ward, ended, why, cause, asked, device, epoch);

-- +goose Down
DROP INDEX wipes_ward;
CREATE INDEX wipes_ward ON wipes (ward, ended);
DROP TABLE use_counts;

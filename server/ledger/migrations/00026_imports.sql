-- Imports, one row each: how far one has come, and what it refused. beat is when
-- its server last said that it is at it, by the database's clock; one whose server
-- is gone has a beat that stands still, and no end. body is the report's refused
-- rows as JSON, without a badge or a PIN. Times are Unix milliseconds (0: none).

-- +goose Up
CREATE TABLE imports (
    id      TEXT   NOT NULL PRIMARY KEY,
    file    TEXT   NOT NULL,
    staff   TEXT   NOT NULL,
    began   BIGINT NOT NULL,
    beat    BIGINT NOT NULL,
    ended   BIGINT NOT NULL,
    total   BIGINT NOT NULL,
    done    BIGINT NOT NULL,
    added   BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    failed  TEXT   NOT NULL,
    body    TEXT   NOT NULL
);

CREATE INDEX imports_began ON imports (began);

-- +goose Down
DROP TABLE imports;

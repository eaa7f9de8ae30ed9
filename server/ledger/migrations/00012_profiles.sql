-- What a device's last list of profiles showed: PayloadUUID by
-- PayloadIdentifier as JSON, and when it was seen (Unix milliseconds).

-- +goose Up
CREATE TABLE seen_profiles (
    device   TEXT   NOT NULL PRIMARY KEY REFERENCES devices (id),
    versions TEXT   NOT NULL,
    seen     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE seen_profiles;

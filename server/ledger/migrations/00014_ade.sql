-- What Apple says of the organisation's devices: none is a device of ours by
-- being here, the inventory says which may enrol. profile and status are the
-- enrolment profile that is assigned to it there. ade_state is where the listing
-- stands and which profiles were defined.

-- +goose Up
CREATE TABLE ade_devices (
    serial  TEXT   NOT NULL PRIMARY KEY,
    model   TEXT   NOT NULL,
    family  TEXT   NOT NULL,
    profile TEXT   NOT NULL,
    status  TEXT   NOT NULL,
    seen    BIGINT NOT NULL
);

CREATE TABLE ade_state (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE ade_state;
DROP TABLE ade_devices;

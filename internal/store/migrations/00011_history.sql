-- A history is the life of this database's rooms: their numbers and revisions only ever grow within it. A restored database begins another one, and
-- clients that hold revisions of the first must not compare them. Its name is made at the first start and is neither backed up nor copied.
-- Older binaries do not know the table and live well without it.

-- parley:compatible-with 10
-- +goose Up
CREATE TABLE history (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL
);

-- +goose Down
DROP TABLE history;

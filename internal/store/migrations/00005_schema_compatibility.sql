-- A step that older binaries can live with says so in its file (parley:compatible-with), and here when it is applied: with the version of the
-- oldest schema whose binary may serve on this one. A step without a row can be served on only by binaries that know it.

-- +goose Up
CREATE TABLE schema_compatibility (
    version BIGINT PRIMARY KEY,
    compatible_with BIGINT NOT NULL,
    CHECK (compatible_with >= 0 AND compatible_with < version)
);

-- +goose Down
DROP TABLE schema_compatibility;

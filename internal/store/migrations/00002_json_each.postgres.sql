-- Gives Postgres SQLite's json_each, as far as the shared queries use it: a JSON array becomes rows with a column "value".

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (value JSONB) AS $$ SELECT jsonb_array_elements(list::jsonb) $$ LANGUAGE SQL IMMUTABLE STRICT ROWS 20;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION json_each(TEXT);

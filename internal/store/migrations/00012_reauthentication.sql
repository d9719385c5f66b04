-- When the person behind a session last proved who they are: by the sign-in that began it, or since. Sessions of before have proved nothing that
-- is known of, and are asked once.

-- +goose Up
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN proved_at;

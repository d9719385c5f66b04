-- name: InsertSession :exec
INSERT INTO sessions (id, user_id, refresh_hash, created_at, used_at, expires_at)
VALUES (@id, @user_id, @refresh_hash, @created_at, @used_at, @expires_at);

-- name: RotateSession :one
-- Trades one refresh token for the next; no row when it is unknown, used already, idle for too long or past its end.
UPDATE sessions SET refresh_hash = @next_hash, used_at = @now
WHERE refresh_hash = @refresh_hash AND expires_at > @now AND used_at > @idle_since
RETURNING id, user_id, expires_at;

-- name: DeleteSessionByRefreshHash :execrows
DELETE FROM sessions WHERE refresh_hash = @refresh_hash;

-- name: DeleteSessionsOver :execrows
DELETE FROM sessions WHERE expires_at <= @now OR used_at <= @idle_since;

-- name: LockUser :execrows
-- Makes the changes to one person's set of sessions wait for each other. An UPDATE that changes nothing is the lock that both engines have.
UPDATE users SET password_hash = password_hash WHERE id = @id;

-- name: InsertSession :exec
INSERT INTO sessions (id, user_id, agent, place, current_hash, previous_hash, previous_until, sealed, created_at, used_at, expires_at, proved_at)
VALUES (@id, @user_id, @agent, @place, @current_hash, '', 0, '', @created_at, @used_at, @expires_at, @proved_at);

-- name: RotateSession :one
-- Trades the current token for its successor; no row when it is not the current one of a living session.
UPDATE sessions SET previous_hash = current_hash, previous_until = @previous_until, sealed = @sealed, current_hash = @next_hash,
    used_at = @now, agent = @agent, place = @place
WHERE id = @id AND user_id = @user_id AND current_hash = @presented AND expires_at > @now AND used_at > @idle_since
RETURNING *;

-- name: ProveSession :execrows
-- A proof is never taken back by an older one.
UPDATE sessions SET proved_at = CASE WHEN proved_at < @now THEN @now ELSE proved_at END
WHERE id = @id AND user_id = @user_id AND expires_at > @now AND used_at > @idle_since;

-- name: SessionByID :one
SELECT * FROM sessions WHERE id = @id AND user_id = @user_id;

-- name: ListSessions :many
SELECT * FROM sessions WHERE user_id = @user_id AND expires_at > @now AND used_at > @idle_since ORDER BY used_at DESC, id DESC;

-- name: DeleteSession :execrows
DELETE FROM sessions WHERE id = @id;

-- name: DeleteSessionsOver :execrows
DELETE FROM sessions WHERE expires_at <= @now OR used_at <= @idle_since;

-- name: InsertEndedSession :exec
INSERT INTO ended_sessions (id, user_id, ended_at) VALUES (@id, @user_id, @ended_at) ON CONFLICT (id) DO NOTHING;

-- name: ListEndedSessions :many
SELECT id, user_id FROM ended_sessions WHERE ended_at >= @since ORDER BY ended_at;

-- name: DeleteEndedSessions :execrows
DELETE FROM ended_sessions WHERE ended_at < @before;

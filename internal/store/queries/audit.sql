-- name: InsertAuditEntry :exec
INSERT INTO audit_entries (id, at, action, actor_id, user_id, session_id, agent, place, detail)
VALUES (@id, @at, @action, sqlc.narg('actor_id'), @user_id, @session_id, @agent, @place, @detail);

-- name: ListAuditEntries :many
SELECT * FROM audit_entries WHERE user_id = @user_id ORDER BY id;

-- name: DeviceSeen :one
SELECT EXISTS (
    SELECT 1 FROM audit_entries
    WHERE user_id = @user_id AND action = @action AND at >= @since AND agent = @agent AND place = @place
);

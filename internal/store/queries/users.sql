-- name: InsertUser :exec
INSERT INTO users (id, username, username_key, display_name, email, email_key, pending_email, pending_email_key, password_hash, created_at, role)
VALUES (@id, @username, @username_key, @display_name, sqlc.narg('email'), sqlc.narg('email_key'), sqlc.narg('pending_email'),
    sqlc.narg('pending_email_key'), @password_hash, @created_at, @role);

-- name: UserByID :one
SELECT id, username, display_name, email, pending_email, created_at, role, deactivated_at FROM users WHERE id = @id;

-- name: UserByUsernameKey :one
SELECT id, username, display_name, email, pending_email, created_at, role, deactivated_at, password_hash FROM users WHERE username_key = @username_key;

-- name: ListUsersByID :many
SELECT id, username, display_name, deactivated_at FROM users
WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(@ids AS TEXT))) ORDER BY id;

-- name: UpdatePasswordHash :execrows
-- Only from the hash that was checked: of two changes at once the second is refused.
UPDATE users SET password_hash = @password_hash WHERE id = @id AND password_hash = @old_hash;

-- name: HasUsers :one
SELECT EXISTS (SELECT 1 FROM users);

-- name: UserIDByEmailKey :one
SELECT id FROM users WHERE email_key = @email_key;

-- name: SetPendingEmail :exec
UPDATE users SET pending_email = @pending_email, pending_email_key = @pending_email_key WHERE id = @id;

-- name: RemoveEmail :exec
UPDATE users SET email = NULL, email_key = NULL, pending_email = NULL, pending_email_key = NULL WHERE id = @id;

-- name: ConfirmEmail :execrows
-- Only the address that the link was sent to: of two changes at once, the link of the first is worth nothing.
UPDATE users SET email = pending_email, email_key = pending_email_key, pending_email = NULL, pending_email_key = NULL
WHERE id = @id AND pending_email_key = @pending_email_key;

-- name: ResetPassword :execrows
-- Only for the address that the link was sent to: the one of before opens nothing any more.
UPDATE users SET password_hash = @password_hash WHERE id = @id AND email_key = @email_key;

-- name: LockAccounts :execrows
-- Makes what is decided about all accounts together wait for each other: who is the first, who is the last owner. The row is there since the
-- first identifier was taken. On SQLite there is one writer anyway.
UPDATE counters SET next = next WHERE name = 'users';

-- name: CountOwners :one
SELECT count(*) FROM users WHERE role = 'owner' AND deactivated_at IS NULL;

-- name: UpdateStanding :execrows
UPDATE users SET role = @role, deactivated_at = sqlc.narg('deactivated_at') WHERE id = @id;

-- name: ListPeople :many
-- By name, those whose username or display name contains a text. lower() knows only ASCII on SQLite, so there other letters of a display name
-- are compared as they are.
SELECT u.id, u.username, u.display_name, u.created_at, u.role, u.deactivated_at,
    EXISTS (SELECT 1 FROM totp_keys k WHERE k.user_id = u.id) AS two_factor
FROM users u
WHERE u.username_key > @after_key
  AND (u.username_key LIKE CAST(@pattern AS TEXT) ESCAPE '\' OR lower(u.display_name) LIKE CAST(@pattern AS TEXT) ESCAPE '\')
ORDER BY u.username_key LIMIT @lim;

-- name: DeleteUser :execrows
-- What was said, and what was made and is still there, refers to its author, and the database refuses then.
DELETE FROM users WHERE id = @id;

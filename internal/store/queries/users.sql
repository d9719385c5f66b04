-- name: InsertUser :exec
INSERT INTO users (id, username, username_key, display_name, email, email_key, password_hash, created_at)
VALUES (@id, @username, @username_key, @display_name, sqlc.narg('email'), sqlc.narg('email_key'), @password_hash, @created_at);

-- name: UserByID :one
SELECT id, username, display_name, email, created_at FROM users WHERE id = @id;

-- name: UserByUsernameKey :one
SELECT id, username, display_name, email, created_at, password_hash FROM users WHERE username_key = @username_key;

-- name: ListUsersByID :many
SELECT id, username, display_name FROM users
WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(@ids AS TEXT))) ORDER BY id;

-- name: UpdatePasswordHash :execrows
-- Only from the hash that was checked: of two changes at once the second is refused.
UPDATE users SET password_hash = @password_hash WHERE id = @id AND password_hash = @old_hash;

-- name: HasUsers :one
SELECT EXISTS (SELECT 1 FROM users);

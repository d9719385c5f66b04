-- name: InsertIdentity :exec
INSERT INTO identities (id, user_id, issuer, subject, label, linked_at, used_at)
VALUES (@id, @user_id, @issuer, @subject, @label, @linked_at, @used_at);

-- name: UseIdentity :one
-- Finds whose identity it is, and notes that it was used.
UPDATE identities SET used_at = @used_at, label = @label WHERE issuer = @issuer AND subject = @subject RETURNING *;

-- name: ListIdentities :many
SELECT * FROM identities WHERE user_id = @user_id ORDER BY id;

-- name: DeleteIdentity :one
DELETE FROM identities WHERE id = @id AND user_id = @user_id RETURNING *;

-- name: HasPassword :one
SELECT password_hash <> '' FROM users WHERE id = @id;

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

-- name: CountWaysIn :one
-- How many ways into an account there are.
SELECT CAST((SELECT count(*) FROM identities i WHERE i.user_id = u.id) + (SELECT count(*) FROM passkeys p WHERE p.user_id = u.id)
    + CASE WHEN u.password_hash <> '' THEN 1 ELSE 0 END AS BIGINT)
FROM users u WHERE u.id = @id;

-- name: HasPassword :one
SELECT password_hash <> '' FROM users WHERE id = @id;

-- name: InsertPasskey :exec
INSERT INTO passkeys (id, user_id, credential, public_key, transports, backup_eligible, backed_up, sign_count, name, created_at)
VALUES (@id, @user_id, @credential, @public_key, @transports, @backup_eligible, @backed_up, @sign_count, @name, @created_at);

-- name: CountPasskeys :one
SELECT count(*) FROM passkeys WHERE user_id = @user_id;

-- name: ListPasskeys :many
SELECT * FROM passkeys WHERE user_id = @user_id ORDER BY id;

-- name: PasskeyByCredential :one
SELECT * FROM passkeys WHERE credential = @credential;

-- name: UsePasskey :execrows
-- The count must have moved on; who does not count says 0 for ever. The comparison decides who of several is first.
UPDATE passkeys SET sign_count = @sign_count, backed_up = @backed_up, used_at = @used_at
WHERE id = @id AND (sign_count < @sign_count OR (sign_count = 0 AND @sign_count = 0));

-- name: RenamePasskey :execrows
UPDATE passkeys SET name = @name WHERE id = @id AND user_id = @user_id;

-- name: DeletePasskey :execrows
DELETE FROM passkeys WHERE id = @id AND user_id = @user_id;

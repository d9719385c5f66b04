-- name: InsertTOTPKey :execrows
-- Only for who has none: of two at once the second is refused.
INSERT INTO totp_keys (user_id, sealed, last_step, created_at) VALUES (@user_id, @sealed, @last_step, @created_at)
ON CONFLICT (user_id) DO NOTHING;

-- name: TOTPKey :one
SELECT k.user_id, k.sealed, k.last_step, k.created_at, (SELECT count(*) FROM recovery_codes c WHERE c.user_id = k.user_id) AS codes_left
FROM totp_keys k WHERE k.user_id = @user_id;

-- name: AdvanceTOTPKey :execrows
-- Uses a step up. The comparison decides who of several with the same code is first.
UPDATE totp_keys SET last_step = @step WHERE user_id = @user_id AND sealed = @sealed AND last_step < @step;

-- name: ReplaceSealedTOTPKey :execrows
UPDATE totp_keys SET sealed = @fresh WHERE user_id = @user_id AND sealed = @old;

-- name: DeleteTOTPKey :execrows
DELETE FROM totp_keys WHERE user_id = @user_id;

-- name: ListSealedTOTPKeys :many
SELECT user_id, sealed FROM totp_keys WHERE user_id > @after ORDER BY user_id LIMIT @most;

-- name: InsertRecoveryCode :exec
INSERT INTO recovery_codes (user_id, hash) VALUES (@user_id, @hash);

-- name: DeleteRecoveryCode :execrows
DELETE FROM recovery_codes WHERE user_id = @user_id AND hash = @hash;

-- name: DeleteRecoveryCodes :exec
DELETE FROM recovery_codes WHERE user_id = @user_id;

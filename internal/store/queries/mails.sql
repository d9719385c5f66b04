-- name: InsertMail :exec
INSERT INTO mails (id, kind, user_id, address, agent, place, created_at, due_at)
VALUES (@id, @kind, @user_id, @address, @agent, @place, @created_at, @created_at);

-- name: ClaimMail :one
-- Takes what is due the longest for a while: a mail that nobody has finished by then is due again. Of two nodes that want the same one, the
-- second finds that it is not due any more.
UPDATE mails SET attempts = attempts + 1, due_at = @until
WHERE mails.id = (SELECT m.id FROM mails m WHERE m.due_at <= @now ORDER BY m.due_at, m.id LIMIT 1) AND mails.due_at <= @now
RETURNING *;

-- name: DeleteMail :exec
-- Only while it is ours.
DELETE FROM mails WHERE id = @id AND due_at = @claimed;

-- name: DeferMail :exec
UPDATE mails SET due_at = @due_at WHERE id = @id AND due_at = @claimed;

-- name: CountMails :one
SELECT count(*) FROM mails;

-- name: InsertTicket :exec
INSERT INTO tickets (hash, kind, user_id, data, tries, expires_at) VALUES (@hash, @kind, @user_id, @data, 0, @expires_at);

-- name: TicketByHash :one
SELECT * FROM tickets WHERE hash = @hash AND kind = @kind AND expires_at > @now;

-- name: TryTicket :one
-- Counts a try; no row when there have been enough.
UPDATE tickets SET tries = tries + 1 WHERE hash = @hash AND kind = @kind AND expires_at > @now AND tries < @most RETURNING *;

-- name: TakeTicket :one
-- Of several who take it at once, one gets the row.
DELETE FROM tickets WHERE hash = @hash AND kind = @kind AND expires_at > @now RETURNING *;

-- name: DeleteTicketsOfUser :exec
DELETE FROM tickets WHERE user_id = @user_id AND kind = @kind;

-- name: DeleteTicketsOver :execrows
DELETE FROM tickets WHERE expires_at <= @now;

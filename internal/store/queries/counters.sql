-- name: TakeBlock :one
-- Reserves the next @size identifiers of a noun and returns the first one after them.
INSERT INTO counters (name, next) VALUES (@name, 1 + CAST(@size AS BIGINT))
ON CONFLICT (name) DO UPDATE SET next = counters.next + CAST(@size AS BIGINT)
RETURNING next;

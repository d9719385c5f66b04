-- name: BeginHistory :exec
-- Of several nodes that start together, one names it.
INSERT INTO history (id, name) VALUES (1, @name) ON CONFLICT DO NOTHING;

-- name: History :one
SELECT name FROM history WHERE id = 1;

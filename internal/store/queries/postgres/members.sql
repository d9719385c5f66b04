-- name: MarkRead :many
-- The shared MarkRead for a batch, in one round trip. The rows are locked in one order, so that two nodes that mark for the same people
-- cannot deadlock.
WITH due AS (
    SELECT m.room_id, m.user_id, least(c.number, r.last_number) AS number
    FROM (SELECT unnest(@room_ids::bigint[]) AS room_id, unnest(@user_ids::bigint[]) AS user_id, unnest(@numbers::bigint[]) AS number) AS c
    JOIN members m ON m.room_id = c.room_id AND m.user_id = c.user_id
    JOIN rooms r ON r.id = c.room_id
    WHERE m.last_read_number < least(c.number, r.last_number)
    ORDER BY m.room_id, m.user_id FOR NO KEY UPDATE OF m
)
UPDATE members SET last_read_number = due.number FROM due
WHERE members.room_id = due.room_id AND members.user_id = due.user_id
RETURNING members.room_id, members.user_id, members.last_read_number;

-- name: ListReadNumbers :many
SELECT m.room_id, m.user_id, m.last_read_number
FROM (SELECT unnest(@room_ids::bigint[]) AS room_id, unnest(@user_ids::bigint[]) AS user_id) AS c
JOIN members m ON m.room_id = c.room_id AND m.user_id = c.user_id;

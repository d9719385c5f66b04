-- name: InsertMessages :many
-- One round trip and one commit for a whole batch. Rooms are locked in the order of their ids, so that two nodes cannot deadlock, and stay
-- locked until the commit, so that the order of commits is the order of numbers. Posts to a room that does not exist are not in the answer.
-- NO KEY: somebody may join the room meanwhile. The second ANY says nothing new, but without it Postgres reads all rooms to find these: at a
-- thousand rooms that was its plan.
WITH locked AS (
    SELECT id FROM rooms WHERE id = ANY(@rooms::bigint[]) ORDER BY id FOR NO KEY UPDATE
), bumped AS (
    UPDATE rooms r SET last_number = r.last_number + c.posts, revision = r.revision + c.posts, active_at = @now::bigint
    FROM (SELECT unnest(@rooms::bigint[]) AS room_id, unnest(@posts::bigint[]) AS posts) AS c, locked
    WHERE locked.id = c.room_id AND r.id = c.room_id AND r.id = ANY(@rooms::bigint[])
    RETURNING r.id, r.last_number - c.posts AS number, r.revision - c.posts AS revision
)
INSERT INTO messages (id, room_id, number, revision, author_id, client_key, body, created_at)
SELECT p.id, p.room_id, b.number + p.place, b.revision + p.place, p.author_id, p.client_key, p.body, p.created_at
FROM (
    SELECT unnest(@ids::bigint[]) AS id, unnest(@room_ids::bigint[]) AS room_id, unnest(@places::bigint[]) AS place,
           unnest(@author_ids::bigint[]) AS author_id, unnest(@client_keys::text[]) AS client_key, unnest(@bodies::text[]) AS body,
           unnest(@created_ats::bigint[]) AS created_at
) AS p JOIN bumped b ON b.id = p.room_id
RETURNING id, number, revision;

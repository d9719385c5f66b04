-- name: InsertRoom :exec
INSERT INTO rooms (id, kind, name, name_key, topic, created_by, creation_key, created_at, active_at)
VALUES (@id, @kind, @name, @name_key, @topic, @created_by, sqlc.narg('creation_key'), @created_at, @created_at);

-- name: RoomByID :one
SELECT * FROM rooms WHERE id = @id;

-- name: RoomIDByCreationKey :one
SELECT id FROM rooms WHERE created_by = @created_by AND creation_key = CAST(@creation_key AS TEXT);

-- name: RoomForUser :one
SELECT sqlc.embed(r),
       m.role, m.last_read_number, m.joined_at
FROM rooms r LEFT JOIN members m ON m.room_id = r.id AND m.user_id = @user_id
WHERE r.id = @id;

-- name: ListRoomsOfUser :many
-- Everything the sidebar needs in one indexed read, and nothing else. Unread is last_number - last_read_number: nothing is counted. In no
-- order: the caller sorts (see ListRooms).
SELECT r.id, r.kind, r.name, r.topic, r.created_by, r.created_at, r.active_at, r.last_number, r.revision, r.member_count,
       m.role, m.last_read_number, m.joined_at
FROM members m JOIN rooms r ON r.id = m.room_id
WHERE m.user_id = @user_id;

-- name: BrowsePublicRooms :many
SELECT sqlc.embed(r),
       m.role, m.last_read_number, m.joined_at
FROM rooms r LEFT JOIN members m ON m.room_id = r.id AND m.user_id = @user_id
WHERE r.kind = 'public' AND r.name_key LIKE CAST(@pattern AS TEXT) ESCAPE '\' AND r.name_key > @after_key
ORDER BY r.name_key LIMIT @lim;

-- name: UpdateRoom :execrows
UPDATE rooms SET
    name = coalesce(sqlc.narg('name'), name),
    name_key = coalesce(sqlc.narg('name_key'), name_key),
    topic = coalesce(sqlc.narg('topic'), topic),
    revision = revision + 1
WHERE id = @id;

-- name: NextRevision :one
UPDATE rooms SET revision = revision + 1 WHERE id = @id RETURNING revision;

-- name: ReserveNumbers :one
-- Advances a room by a number of messages and returns its counters as they were before. The row stays locked until the commit, so the order
-- of commits is the order of numbers.
UPDATE rooms SET last_number = last_number + CAST(@posts AS BIGINT), revision = revision + CAST(@posts AS BIGINT), active_at = @now
WHERE id = @id
RETURNING CAST(last_number - CAST(@posts AS BIGINT) AS BIGINT) AS last_number, CAST(revision - CAST(@posts AS BIGINT) AS BIGINT) AS revision;

-- name: EmptyRoom :execrows
-- The first step of a deletion: nobody finds the room any more, and its name is free.
UPDATE rooms SET kind = 'private', member_count = 0 WHERE id = @id;

-- name: LastNumber :one
SELECT last_number FROM rooms WHERE id = @id;

-- name: CutRoom :exec
UPDATE rooms SET last_number = @last_number WHERE id = @id AND last_number > @last_number;

-- name: DeleteRoom :execrows
DELETE FROM rooms WHERE id = @id;

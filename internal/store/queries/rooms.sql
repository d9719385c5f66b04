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
-- Everything the sidebar needs in one indexed read. Unread is last_number - last_read_number: nothing is counted.
SELECT sqlc.embed(r),
       m.role, m.last_read_number, m.joined_at
FROM members m JOIN rooms r ON r.id = m.room_id
WHERE m.user_id = @user_id
ORDER BY r.active_at DESC, r.id;

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

-- name: ReserveNumbers :many
-- Advances every room named in the batch by its number of messages, [{"r":1,"n":2},{"r":9,"n":1}]. A room that does not
-- exist has no row in the answer. The rows stay locked until the commit, so the order of commits is the order of numbers.
UPDATE rooms SET last_number = last_number + c.n, revision = revision + c.n, active_at = @now
FROM (SELECT CAST(value ->> 'r' AS BIGINT) AS room_id, CAST(value ->> 'n' AS BIGINT) AS n FROM json_each(CAST(@batch AS TEXT))) AS c
WHERE rooms.id = c.room_id
RETURNING rooms.id, rooms.last_number, rooms.revision;

-- name: InsertMessage :exec
INSERT INTO messages (id, room_id, number, revision, author_id, client_key, body, created_at)
VALUES (@id, @room_id, @number, @revision, @author_id, @client_key, @body, @created_at);

-- name: MessageByNumber :one
SELECT id, room_id, number, revision, author_id, client_key, body, created_at, edited_at, deleted_at
FROM messages WHERE room_id = @room_id AND number = @number;

-- name: MessageByClientKey :one
SELECT id, room_id, number, revision, author_id, client_key, body, created_at, edited_at, deleted_at
FROM messages WHERE author_id = @author_id AND client_key = @client_key;

-- name: ListMessagesBefore :many
SELECT id, room_id, number, revision, author_id, client_key, body, created_at, edited_at, deleted_at
FROM messages WHERE room_id = @room_id AND number < @before ORDER BY number DESC LIMIT @lim;

-- name: ListMessagesAfter :many
SELECT id, room_id, number, revision, author_id, client_key, body, created_at, edited_at, deleted_at
FROM messages WHERE room_id = @room_id AND number > @after ORDER BY number LIMIT @lim;

-- name: ListChanges :many
SELECT id, room_id, number, revision, author_id, client_key, body, created_at, edited_at, deleted_at
FROM messages WHERE room_id = @room_id AND revision > @since ORDER BY revision LIMIT @lim;

-- name: EditMessage :execrows
UPDATE messages SET body = @body, edited_at = @now, revision = @revision
WHERE room_id = @room_id AND number = @number AND deleted_at IS NULL;

-- name: DeleteMessage :execrows
UPDATE messages SET body = '', deleted_at = @now, revision = @revision
WHERE room_id = @room_id AND number = @number AND deleted_at IS NULL;

-- name: DeleteMessagesAfter :execrows
-- The newest messages of a room that is being deleted.
DELETE FROM messages WHERE room_id = @room_id AND number > @number;

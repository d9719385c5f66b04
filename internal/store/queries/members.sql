-- name: InsertMember :execrows
-- What was said before somebody joins counts as read.
INSERT INTO members (room_id, user_id, role, last_read_number, joined_at)
SELECT r.id, @user_id, @role, r.last_number, @joined_at FROM rooms r WHERE r.id = @room_id
ON CONFLICT (room_id, user_id) DO NOTHING;

-- name: DeleteMember :execrows
DELETE FROM members WHERE room_id = @room_id AND user_id = @user_id;

-- name: CountMember :exec
UPDATE rooms SET member_count = member_count + CAST(@delta AS BIGINT) WHERE id = @id;

-- name: PassOwnership :exec
-- A room whose last owner left belongs to whoever has been in it longest.
UPDATE members SET role = 'owner'
WHERE members.room_id = @room_id
  AND NOT EXISTS (SELECT 1 FROM members o WHERE o.room_id = @room_id AND o.role = 'owner')
  AND members.user_id = (SELECT f.user_id FROM members f WHERE f.room_id = @room_id ORDER BY f.joined_at, f.user_id LIMIT 1);

-- name: ListMembers :many
SELECT u.id, u.username, u.display_name, u.deactivated_at, m.role, m.joined_at
FROM members m JOIN users u ON u.id = m.user_id
WHERE m.room_id = @room_id AND m.user_id > @after ORDER BY m.user_id LIMIT @lim;

-- name: MemberByID :one
SELECT u.id, u.username, u.display_name, u.deactivated_at, m.role, m.joined_at
FROM members m JOIN users u ON u.id = m.user_id
WHERE m.room_id = @room_id AND m.user_id = @user_id;

-- name: MarkRead :one
-- The mark only moves forward, and never past the newest message: a late or wrong number cannot spoil it. No row: nothing moved. Postgres
-- takes a batch of them at once (postgres/members.sql).
UPDATE members SET last_read_number = (
    SELECT CASE WHEN r.last_number < CAST(@number AS BIGINT) THEN r.last_number ELSE CAST(@number AS BIGINT) END
    FROM rooms r WHERE r.id = members.room_id)
WHERE room_id = @room_id AND user_id = @user_id AND last_read_number < CAST(@number AS BIGINT)
  AND last_read_number < (SELECT n.last_number FROM rooms n WHERE n.id = members.room_id)
RETURNING last_read_number;

-- name: LastReadNumber :one
SELECT last_read_number FROM members WHERE room_id = @room_id AND user_id = @user_id;

-- name: DeleteMembers :exec
DELETE FROM members WHERE room_id = @room_id;

-- name: ListRoomIDsOfUser :many
SELECT room_id FROM members WHERE user_id = @user_id ORDER BY room_id;

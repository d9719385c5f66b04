-- name: InsertInvite :exec
INSERT INTO invites (id, token_hash, role, room_id, note, created_by, created_at, expires_at, max_uses)
VALUES (@id, @token_hash, @role, sqlc.narg('room_id'), @note, sqlc.narg('created_by'), @created_at, @expires_at, @max_uses);

-- name: InviteByHash :one
SELECT * FROM invites WHERE token_hash = @token_hash;

-- name: InviteByID :one
SELECT * FROM invites WHERE id = @id;

-- name: TakeInvite :one
-- Takes one use; no row when none is to be had. Of several who want the last one, one gets it: on Postgres the others wait for the row and then
-- find it spent.
UPDATE invites SET uses = uses + 1
WHERE token_hash = @token_hash AND uses < max_uses AND revoked_at IS NULL AND expires_at > @now
RETURNING *;

-- name: InsertInviteUse :exec
INSERT INTO invite_uses (user_id, invite_id, used_at) VALUES (@user_id, @invite_id, @used_at);

-- name: InviteReaches :one
-- Whether an invite still leads into its room: a private one only as long as whoever made the invite is in it.
SELECT EXISTS (
    SELECT 1 FROM rooms r
    WHERE r.id = @room_id AND (r.kind = 'public' OR EXISTS (SELECT 1 FROM members m WHERE m.room_id = r.id AND m.user_id = @created_by))
);

-- name: InviteNames :one
-- What somebody who holds the link may know: who made it and where it leads.
SELECT u.username, u.display_name, r.name AS room_name
FROM invites i LEFT JOIN users u ON u.id = i.created_by LEFT JOIN rooms r ON r.id = i.room_id
WHERE i.id = @id;

-- name: ListInvites :many
-- The newest first, those before an invite. The name of a private room only for its members.
SELECT sqlc.embed(i), u.username, u.display_name, r.name AS room_name
FROM invites i LEFT JOIN users u ON u.id = i.created_by
    LEFT JOIN rooms r ON r.id = i.room_id
        AND (r.kind = 'public' OR EXISTS (SELECT 1 FROM members m WHERE m.room_id = r.id AND m.user_id = @viewer))
WHERE i.id < @before ORDER BY i.id DESC LIMIT @lim;

-- name: RevokeInvite :execrows
UPDATE invites SET revoked_at = CAST(@now AS BIGINT) WHERE id = @id AND revoked_at IS NULL;

-- name: RevokeInvitesOf :execrows
-- Takes back what somebody gave out and could not give out any more: all but those of one role.
UPDATE invites SET revoked_at = CAST(@now AS BIGINT) WHERE created_by = CAST(@created_by AS BIGINT) AND revoked_at IS NULL AND role <> @keep;

-- name: RevokeSetupLinks :execrows
-- The others that nobody will need any more.
UPDATE invites SET revoked_at = CAST(@now AS BIGINT) WHERE role = 'owner' AND uses = 0 AND revoked_at IS NULL;

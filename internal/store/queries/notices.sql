-- name: InsertNotice :exec
INSERT INTO notices (id, user_id, kind, at, session_id, agent, place) VALUES (@id, @user_id, @kind, @at, @session_id, @agent, @place);

-- name: TrimNotices :exec
-- Keeps a person's newest notices.
DELETE FROM notices WHERE notices.user_id = @user_id AND notices.id NOT IN (
    SELECT n.id FROM notices n WHERE n.user_id = @user_id ORDER BY n.id DESC LIMIT @most
);

-- name: ListNotices :many
SELECT * FROM notices WHERE user_id = @user_id AND session_id <> @session_id ORDER BY id DESC;

-- name: DeleteNotice :execrows
DELETE FROM notices WHERE id = @id AND user_id = @user_id AND session_id <> @session_id;

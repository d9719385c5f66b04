-- Who may run the server, who may come, and who may not come any more.

-- +goose Up
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member'));
ALTER TABLE users ADD COLUMN deactivated_at BIGINT; -- NULL: may sign in
-- Whoever made the first account set the server up.
UPDATE users SET role = 'owner' WHERE id = (SELECT u.id FROM users u ORDER BY u.created_at, u.id LIMIT 1);
-- Serves the question whether somebody is the last one.
CREATE INDEX users_owners ON users (id) WHERE role = 'owner';

-- An invite is a link that makes an account. Only the hash of its secret is here.
CREATE TABLE invites (
    id BIGINT PRIMARY KEY,
    token_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')), -- owner: the setup link, good on an empty server only
    room_id BIGINT REFERENCES rooms (id) ON DELETE SET NULL, -- where it leads
    note TEXT NOT NULL,
    created_by BIGINT REFERENCES users (id), -- NULL: the server itself, or its host
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    max_uses BIGINT NOT NULL CHECK (max_uses > 0),
    uses BIGINT NOT NULL DEFAULT 0 CHECK (uses >= 0 AND uses <= max_uses)
);
CREATE UNIQUE INDEX invites_token_hash ON invites (token_hash);
-- Serves taking back what somebody gave out.
CREATE INDEX invites_created_by ON invites (created_by);

-- Who came by which invite.
CREATE TABLE invite_uses (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    invite_id BIGINT NOT NULL REFERENCES invites (id) ON DELETE CASCADE,
    used_at BIGINT NOT NULL
);
CREATE INDEX invite_uses_invite ON invite_uses (invite_id);

-- What an entry is about besides the account: which invite, from which role to which.
ALTER TABLE audit_entries ADD COLUMN detail TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE audit_entries DROP COLUMN detail;
DROP TABLE invite_uses;
DROP TABLE invites;
DROP INDEX users_owners;
ALTER TABLE users DROP COLUMN deactivated_at;
ALTER TABLE users DROP COLUMN role;

UPDATE users SET deactivated_at = 3 WHERE id = 2;
INSERT INTO invites (id, token_hash, role, room_id, note, created_by, created_at, expires_at, revoked_at, max_uses, uses) VALUES
    (1, 'h1', 'member', 1, 'for the team', 1, 1, 2, NULL, 5, 1), (2, 'h2', 'owner', NULL, '', NULL, 1, 2, 2, 1, 0);
INSERT INTO invite_uses (user_id, invite_id, used_at) VALUES (2, 1, 1);

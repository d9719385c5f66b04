INSERT INTO counters (name, next) VALUES ('users', 1001);
INSERT INTO users (id, username, username_key, display_name, email, email_key, password_hash, created_at) VALUES
    (1, 'Maya', 'maya', 'Maya Ökafor', 'Maya@x.org', 'maya@x.org', 'hash', 1700000000000),
    (2, 'theo', 'theo', '日本語 🙂', NULL, NULL, 'hash', 1700000000001);
INSERT INTO sessions (id, user_id, refresh_hash, created_at, used_at, expires_at) VALUES ('s1', 1, 'h1', 1, 2, 3);
INSERT INTO rooms (id, kind, name, name_key, topic, created_by, creation_key, created_at, active_at, last_number, revision, member_count)
VALUES (1, 'public', 'Größe', 'größe', '', 1, 'key', 1, 2, 2, 3, 2), (2, 'private', 'Größe', 'größe', '', 2, NULL, 1, 2, 0, 0, 1);
INSERT INTO members (room_id, user_id, role, last_read_number, joined_at) VALUES (1, 1, 'owner', 2, 1), (1, 2, 'member', 0, 2), (2, 2, 'owner', 0, 3);
INSERT INTO messages (id, room_id, number, revision, author_id, client_key, body, created_at, edited_at, deleted_at) VALUES
    (1, 1, 1, 1, 1, 'k1', 'It''s "quoted", \ and a line
break', 1, NULL, NULL),
    (2, 1, 2, 3, 2, 'k1', '', 2, NULL, 3);

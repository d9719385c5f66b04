INSERT INTO tickets (hash, kind, user_id, data, tries, expires_at) VALUES ('h1', 'mailed', 1, '{}', 2, 1700000000000), ('h2', 'challenge', NULL, '', 0, 1);

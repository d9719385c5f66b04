INSERT INTO mails (id, kind, user_id, address, agent, place, attempts, created_at, due_at) VALUES
    (1, 'verify', 1, 'maya@x.org', 'Firefox', 'here', 0, 1, 1), (2, 'reset', NULL, 'theo', '', '', 3, 1, 2);

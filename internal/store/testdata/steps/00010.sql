INSERT INTO identities (id, user_id, issuer, subject, label, linked_at, used_at) VALUES
    (1, 1, 'https://login.example.org/', 'Sub|1', 'maya@example.org', 1, 2), (2, 1, 'https://accounts.example.com', '', '', 3, 3);

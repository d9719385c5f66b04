-- loses: sessions
INSERT INTO sessions (id, user_id, agent, place, current_hash, previous_hash, previous_until, sealed, created_at, used_at, expires_at)
VALUES ('s1', 1, 'Firefox', 'here', 'h1', '', 0, 'sealed', 1, 2, 3);
INSERT INTO ended_sessions (id, user_id, ended_at) VALUES ('s0', 1, 1);
INSERT INTO audit_entries (id, at, action, actor_id, user_id, session_id, agent, place) VALUES
    (1, 1, 'session.opened', 1, 1, 's1', 'Firefox', 'here'), (2, 2, 'session.closed', NULL, 1, 's0', '', '');
INSERT INTO notices (id, user_id, kind, at, session_id, agent, place) VALUES (1, 1, 'new_device', 1, 's1', 'Firefox', 'here');

INSERT INTO totp_keys (user_id, sealed, last_step, created_at) VALUES (1, 'k:sealed', 57000000, 1);
INSERT INTO recovery_codes (user_id, hash) VALUES (1, 'h1'), (1, 'h2');
INSERT INTO passkeys (id, user_id, credential, public_key, transports, backup_eligible, backed_up, sign_count, name, created_at, used_at) VALUES
    (1, 1, 'Y3JlZA', 'a2V5', 'internal,hybrid', 1, 1, 0, 'Phone', 1, 2), (2, 2, 'Y3JlZDI', 'a2V5Mg', '', 0, 0, 7, '鍵 🙂', 1, NULL);

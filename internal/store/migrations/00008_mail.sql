-- An e-mail address is somebody's when they have shown that they read what is sent to it. Until then it is pending: it belongs to nobody, is
-- not unique, and opens nothing. Addresses of before were never confirmed, so they become pending.
--
-- A mail is what is still to be sent. It says to whom and what about, and holds no text and no secret: both are made when it is sent.

-- +goose Up
ALTER TABLE users ADD COLUMN pending_email TEXT;
ALTER TABLE users ADD COLUMN pending_email_key TEXT;
UPDATE users SET pending_email = email, pending_email_key = email_key, email = NULL, email_key = NULL;

CREATE TABLE mails (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE, -- NULL: whom it is for is looked up when it is sent
    address TEXT NOT NULL, -- where it goes, or what was typed to say whose it is; empty: to the person's own address
    agent TEXT NOT NULL,
    place TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL -- moved ahead by whoever takes it: nobody else does meanwhile, and it comes back if they die
);
-- Serves the question what is to be sent next.
CREATE INDEX mails_due ON mails (due_at);
-- Serves the deletion of a person.
CREATE INDEX mails_user ON mails (user_id);

-- +goose Down
DROP TABLE mails;
-- An address that two people have pending goes to the one who came first, and to nobody when it is somebody's already.
UPDATE users SET email = pending_email, email_key = pending_email_key
WHERE email_key IS NULL AND pending_email_key IS NOT NULL
    AND id = (SELECT min(p.id) FROM users p WHERE p.pending_email_key = users.pending_email_key)
    AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = users.pending_email_key);
ALTER TABLE users DROP COLUMN pending_email_key;
ALTER TABLE users DROP COLUMN pending_email;

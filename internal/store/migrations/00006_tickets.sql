-- A ticket is what a short-lived secret stands for: a link in a mail, a sign-in that waits for its second step, a challenge. Only the hash of
-- the secret is here, and taking a ticket deletes it, so that it is good once, whichever node it is shown to.

-- +goose Up
CREATE TABLE tickets (
    hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE, -- NULL: it is not about an account yet
    data TEXT NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
-- Serves taking back what a person was given before, and the deletion of a person.
CREATE INDEX tickets_user ON tickets (user_id, kind);
-- Serves the sweep.
CREATE INDEX tickets_expires_at ON tickets (expires_at);

-- +goose Down
DROP TABLE tickets;

-- Sessions become families of refresh tokens. Nothing is carried over: a token of before has neither the handle nor the secret that a family
-- is found and judged by, so everybody signs in once more.

-- +goose Up
DROP TABLE sessions;
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY, -- a hash of the handle that all tokens of the session share
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent TEXT NOT NULL,
    place TEXT NOT NULL,
    current_hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL, -- empty before the first rotation
    previous_until BIGINT NOT NULL,
    sealed TEXT NOT NULL, -- the current token, which only the previous one opens
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- What ended before its time, for as long as an access token of it may live: a node that was away at that moment asks here.
CREATE TABLE ended_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    ended_at BIGINT NOT NULL
);
CREATE INDEX ended_sessions_at ON ended_sessions (ended_at);

-- Who did what, when, and from where. Rows outlive what they name, so they refer to nothing.
CREATE TABLE audit_entries (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor_id BIGINT, -- NULL: the server itself
    user_id BIGINT NOT NULL, -- whose account it is about
    session_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    place TEXT NOT NULL
);
-- Serves the question whether a device is new to a person, and whatever asks for one account's entries.
CREATE INDEX audit_entries_user ON audit_entries (user_id, action, at);

-- What a person should look at. It stays until it is dismissed.
CREATE TABLE notices (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    session_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    place TEXT NOT NULL
);
CREATE INDEX notices_user ON notices (user_id, id);

-- +goose Down
DROP TABLE notices;
DROP TABLE audit_entries;
DROP TABLE ended_sessions;
DROP TABLE sessions;
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_refresh_hash ON sessions (refresh_hash);
CREATE INDEX sessions_user ON sessions (user_id);

-- +goose Up

-- Blocks of identifiers are taken from here, one row a noun: no clock, no node number, no gap larger than a block.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

CREATE TABLE users (
    id BIGINT PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL, -- folded by the server: lower() differs between the engines
    display_name TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_username_key ON users (username_key);
CREATE UNIQUE INDEX users_email_key ON users (email_key) WHERE email_key IS NOT NULL;

-- A session is a sign-in on one device. Only the hash of its refresh token is kept.
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

CREATE TABLE rooms (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('public', 'private')),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    topic TEXT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES users (id),
    creation_key TEXT,
    created_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL,
    last_number BIGINT NOT NULL DEFAULT 0 CHECK (last_number >= 0),
    revision BIGINT NOT NULL DEFAULT 0 CHECK (revision >= last_number),
    member_count BIGINT NOT NULL DEFAULT 0 CHECK (member_count >= 0)
);
CREATE UNIQUE INDEX rooms_public_name ON rooms (name_key) WHERE kind = 'public';
CREATE UNIQUE INDEX rooms_creation_key ON rooms (created_by, creation_key) WHERE creation_key IS NOT NULL;

CREATE TABLE members (
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    last_read_number BIGINT NOT NULL DEFAULT 0 CHECK (last_read_number >= 0),
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX members_user ON members (user_id, room_id);

CREATE TABLE messages (
    id BIGINT PRIMARY KEY,
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    number BIGINT NOT NULL CHECK (number > 0),
    revision BIGINT NOT NULL CHECK (revision >= number),
    author_id BIGINT NOT NULL REFERENCES users (id),
    client_key TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX messages_room_number ON messages (room_id, number);
CREATE UNIQUE INDEX messages_room_revision ON messages (room_id, revision);
CREATE UNIQUE INDEX messages_author_client_key ON messages (author_id, client_key);

-- +goose Down
DROP TABLE messages;
DROP TABLE members;
DROP TABLE rooms;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE counters;

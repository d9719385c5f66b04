-- Second factors: a code of an authenticator app with its recovery codes, and passkeys.

-- +goose Up

-- There is a row when the codes of an app are asked for at sign-in. What is not confirmed yet is in a ticket.
CREATE TABLE totp_keys (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL, -- encrypted by the server: kid:ciphertext
    last_step BIGINT NOT NULL, -- of the last code that was accepted: it and all before are refused
    created_at BIGINT NOT NULL
);

-- A code that was used is deleted.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES totp_keys (user_id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE passkeys (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential TEXT NOT NULL, -- the authenticator's own name for it, base64url
    public_key TEXT NOT NULL, -- COSE, base64url
    transports TEXT NOT NULL, -- hints for the browser, separated by commas
    backup_eligible BIGINT NOT NULL CHECK (backup_eligible IN (0, 1)),
    backed_up BIGINT NOT NULL CHECK (backed_up IN (0, 1)),
    sign_count BIGINT NOT NULL CHECK (sign_count >= 0),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
-- Finds the passkey of a sign-in.
CREATE UNIQUE INDEX passkeys_credential ON passkeys (credential);
-- Serves a person's list, and the deletion of a person.
CREATE INDEX passkeys_user ON passkeys (user_id, id);

-- +goose Down
DROP TABLE passkeys;
DROP TABLE recovery_codes;
DROP TABLE totp_keys;

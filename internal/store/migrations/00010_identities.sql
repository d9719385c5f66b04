-- An identity is somebody at an OpenID Connect provider, by issuer and subject: a pair that stays the same person for ever, which a name or an
-- e-mail address does not. It belongs to one account; an account has at most one of each issuer.

-- +goose Up
CREATE TABLE identities (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    label TEXT NOT NULL, -- what the provider calls the person, for that person to read
    linked_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
-- Serves every sign-in through a provider.
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject);
-- Serves a person's own list.
CREATE UNIQUE INDEX identities_user ON identities (user_id, issuer);

-- +goose Down
DROP TABLE identities;

package store

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertUser stores a new account and returns it with its id. A username or e-mail address that is taken, without regard to case, is
// chat.ErrUsernameTaken or chat.ErrEmailTaken.
func (s *Store) InsertUser(ctx context.Context, u chat.User, passwordHash string) (chat.User, error) {
	return s.insertUser(ctx, u, passwordHash, func(*query.Queries, int64) error { return nil })
}

// insertUser stores an account, and in the same transaction what else belongs to it.
func (s *Store) insertUser(ctx context.Context, u chat.User, passwordHash string, also func(q *query.Queries, id int64) error) (chat.User, error) {
	id, err := s.nextID(ctx, "users")
	if err != nil {
		return chat.User{}, err
	}
	u.ID = chat.UserID(id)
	p := query.InsertUserParams{
		ID: id, Username: u.Username, UsernameKey: chat.Fold(u.Username), DisplayName: u.DisplayName,
		PasswordHash: passwordHash, CreatedAt: millis(u.CreatedAt),
	}
	if u.Email != "" {
		key := chat.Fold(u.Email)
		p.Email, p.EmailKey = &u.Email, &key
	}
	err = s.tx(ctx, func(q *query.Queries) error {
		if err := q.InsertUser(ctx, p); err != nil {
			return err
		}
		return also(q, id)
	})
	switch violated(err) {
	case "users_username_key":
		return chat.User{}, chat.ErrUsernameTaken
	case "users_email_key":
		return chat.User{}, chat.ErrEmailTaken
	}
	if err != nil {
		return chat.User{}, fmt.Errorf("insert user: %w", err)
	}
	return u, nil
}

// UserByID returns an account, or chat.ErrUserNotFound.
func (s *Store) UserByID(ctx context.Context, id chat.UserID) (chat.User, error) {
	r, err := s.reads.UserByID(ctx, int64(id))
	if err != nil {
		return chat.User{}, fmt.Errorf("user by id: %w", found(err, chat.ErrUserNotFound))
	}
	return chat.User{
		ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName, Email: orEmpty(r.Email), CreatedAt: fromMillis(r.CreatedAt),
	}, nil
}

// UserByUsername returns an account and its password hash, or chat.ErrUserNotFound. Case does not count.
func (s *Store) UserByUsername(ctx context.Context, username string) (chat.User, string, error) {
	r, err := s.reads.UserByUsernameKey(ctx, chat.Fold(username))
	if err != nil {
		return chat.User{}, "", fmt.Errorf("user by username: %w", found(err, chat.ErrUserNotFound))
	}
	return chat.User{
		ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName, Email: orEmpty(r.Email), CreatedAt: fromMillis(r.CreatedAt),
	}, r.PasswordHash, nil
}

// ListUsers returns those of the given people who exist, by id, without their e-mail addresses.
func (s *Store) ListUsers(ctx context.Context, ids []chat.UserID) ([]chat.User, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.reads.ListUsersByID(ctx, string(list))
	if err != nil {
		return nil, fmt.Errorf("list users: %w", classify(err))
	}
	users := make([]chat.User, 0, len(rows))
	for _, r := range rows {
		users = append(users, chat.User{ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName})
	}
	return users, nil
}

// HasUsers reports whether anybody has an account. Accounts are never removed, so that one was found is remembered.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	if s.populated.Load() {
		return true, nil
	}
	found, err := s.reads.HasUsers(ctx)
	if err != nil {
		return false, fmt.Errorf("look for users: %w", classify(err))
	}
	if found {
		s.populated.Store(true)
	}
	return found, nil
}

// UpdatePasswordHash replaces the hash of a person's password if it still is old, and reports whether it was.
func (s *Store) UpdatePasswordHash(ctx context.Context, id chat.UserID, old, hash string) (replaced bool, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err := q.UpdatePasswordHash(ctx, query.UpdatePasswordHashParams{PasswordHash: hash, ID: int64(id), OldHash: old})
		replaced = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("update password hash: %w", err)
	}
	return replaced, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

package store

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// InsertUser stores a new account, as AdmitUser does where anybody may have one.
func (s *Store) InsertUser(ctx context.Context, u chat.User, passwordHash string) (chat.User, error) {
	a, err := s.AdmitUser(ctx, u, passwordHash, chat.Admission{Policy: chat.SignUpOpen})
	return a.User, err
}

// Admitted is a new account, the invite it came by, and the room that led to; zero for neither.
type Admitted struct {
	User   chat.User
	Invite chat.InviteID
	Room   chat.RoomID
}

// AdmitUser stores a new account when the admission lets it in, and returns it with its id and role. By an invite it takes one use, and brings
// the person into the invite's room; all or nothing. A username or e-mail address that is taken, without regard to case, is
// chat.ErrUsernameTaken or chat.ErrEmailTaken.
func (s *Store) AdmitUser(ctx context.Context, u chat.User, passwordHash string, a chat.Admission) (done Admitted, err error) {
	return s.admitUser(ctx, u, passwordHash, a, func(*query.Queries, int64) error { return nil })
}

// admitUser stores an account, and in the same transaction what else belongs to it.
func (s *Store) admitUser(
	ctx context.Context, u chat.User, passwordHash string, a chat.Admission, also func(q *query.Queries, id int64) error,
) (done Admitted, err error) {
	id, err := s.nextID(ctx, "users")
	if err != nil {
		return Admitted{}, err
	}
	u.ID = chat.UserID(id)
	err = s.tx(ctx, func(q *query.Queries) error {
		if done, err = s.admit(ctx, q, u, passwordHash, a); err != nil {
			return err
		}
		return also(q, id)
	})
	switch violated(err) {
	case "users_username_key":
		return Admitted{}, chat.ErrUsernameTaken
	case "users_email_key":
		return Admitted{}, chat.ErrEmailTaken
	}
	if err != nil {
		return Admitted{}, fmt.Errorf("insert user: %w", err)
	}
	s.populated.Store(true)
	return done, nil
}

func (s *Store) admit(ctx context.Context, q *query.Queries, u chat.User, passwordHash string, a chat.Admission) (Admitted, error) {
	var invite *chat.Invite
	if a.Invite != "" {
		taken, err := takeInvite(ctx, q, a)
		if err != nil {
			return Admitted{}, err
		}
		invite = &taken
	}
	first, err := s.first(ctx, q)
	if err != nil {
		return Admitted{}, err
	}
	if u.Role, err = a.Role(first, invite); err != nil {
		return Admitted{}, err
	}
	if err := q.InsertUser(ctx, userParams(u, passwordHash)); err != nil {
		return Admitted{}, err
	}
	if first {
		if _, err := q.RevokeSetupLinks(ctx, millis(u.CreatedAt)); err != nil {
			return Admitted{}, err
		}
	}
	if invite == nil {
		return Admitted{User: u}, nil
	}
	room, err := acceptInvite(ctx, q, *invite, u)
	return Admitted{User: u, Invite: invite.ID, Room: room}, err
}

// first reports whether nobody has an account yet, with everybody else who makes the first one waiting until the transaction ends.
func (s *Store) first(ctx context.Context, q *query.Queries) (bool, error) {
	if s.populated.Load() {
		return false, nil
	}
	if _, err := q.LockAccounts(ctx); err != nil {
		return false, err
	}
	inhabited, err := q.HasUsers(ctx)
	return !inhabited, err
}

func userParams(u chat.User, passwordHash string) query.InsertUserParams {
	p := query.InsertUserParams{
		ID: int64(u.ID), Username: u.Username, UsernameKey: chat.Fold(u.Username), DisplayName: u.DisplayName,
		PasswordHash: passwordHash, CreatedAt: millis(u.CreatedAt), Role: string(u.Role),
	}
	p.Email, p.EmailKey = emailOrNull(u.Email)
	p.PendingEmail, p.PendingEmailKey = emailOrNull(u.PendingEmail)
	return p
}

// UserByID returns an account, or chat.ErrUserNotFound.
func (s *Store) UserByID(ctx context.Context, id chat.UserID) (chat.User, error) {
	r, err := s.reads.UserByID(ctx, int64(id))
	if err != nil {
		return chat.User{}, fmt.Errorf("user by id: %w", found(err, chat.ErrUserNotFound))
	}
	return userOf(r), nil
}

func userOf(r query.UserByIDRow) chat.User {
	return chat.User{
		ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName, Email: orEmpty(r.Email), CreatedAt: fromMillis(r.CreatedAt),
		PendingEmail: orEmpty(r.PendingEmail),
		Role:         chat.ServerRole(r.Role), DeactivatedAt: fromMillisOrNull(r.DeactivatedAt),
	}
}

// UserByUsername returns an account and its password hash, or chat.ErrUserNotFound. Case does not count.
func (s *Store) UserByUsername(ctx context.Context, username string) (chat.User, string, error) {
	r, err := s.reads.UserByUsernameKey(ctx, chat.Fold(username))
	if err != nil {
		return chat.User{}, "", fmt.Errorf("user by username: %w", found(err, chat.ErrUserNotFound))
	}
	return userOf(query.UserByIDRow{
		ID: r.ID, Username: r.Username, DisplayName: r.DisplayName, Email: r.Email, PendingEmail: r.PendingEmail, CreatedAt: r.CreatedAt, Role: r.Role, DeactivatedAt: r.DeactivatedAt,
	}), r.PasswordHash, nil
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
		users = append(users, chat.User{
			ID: chat.UserID(r.ID), Username: r.Username, DisplayName: r.DisplayName, DeactivatedAt: fromMillisOrNull(r.DeactivatedAt),
		})
	}
	return users, nil
}

// HasUsers reports whether anybody has an account. That one was found is remembered: there is always an owner, who cannot be deleted.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	if s.populated.Load() {
		return true, nil
	}
	found, err := query.New(s.read).HasUsers(ctx) // not prepared: it is asked until the first account, and of databases that serve nobody
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

package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/store"
)

// Sessions are sign-ins: a short access token that is kept in memory, and a refresh token that rotates.
type Sessions struct {
	store          *store.Store
	hasher         *auth.Hasher
	tokens         *auth.Tokens
	clock          chat.Clock
	log            *slog.Logger
	users          *Users
	idle, absolute time.Duration
}

// Session is what a person gets by signing in.
type Session struct {
	User          chat.User
	AccessToken   string
	AccessExpires time.Time
	RefreshToken  string
	// RefreshExpires is when the refresh token ends if it is not used before.
	RefreshExpires time.Time
}

// maxPasswordBytes bounds what is hashed for a sign-in; no password of the limits is longer.
const maxPasswordBytes = 4 * chat.MaxPassword

// SignUp creates an account and signs it in.
func (s *Sessions) SignUp(ctx context.Context, in chat.SignUp) (Session, error) {
	user, err := s.users.SignUp(ctx, in)
	if err != nil {
		return Session{}, err
	}
	return s.start(ctx, user)
}

// Open signs a person in. An unknown name and a wrong password are the same chat.ErrBadCredentials and take the same time.
func (s *Sessions) Open(ctx context.Context, username, password string) (Session, error) {
	user, hash, err := s.lookUp(ctx, username)
	if err != nil && !errors.Is(err, chat.ErrUserNotFound) {
		return Session{}, fmt.Errorf("open session: %w", err)
	}
	if err != nil || len(password) > maxPasswordBytes {
		if err := s.hasher.VerifyDummy(ctx, password[:min(len(password), maxPasswordBytes)]); err != nil {
			return Session{}, fmt.Errorf("open session: %w", err)
		}
		return Session{}, chat.ErrBadCredentials
	}
	ok, rehash, err := s.hasher.Verify(ctx, hash, password)
	switch {
	case err != nil:
		return Session{}, fmt.Errorf("open session: %w", err)
	case !ok:
		return Session{}, chat.ErrBadCredentials
	case rehash:
		s.rehash(live(ctx), user.ID, password)
	}
	return s.start(ctx, user)
}

// lookUp finds an account by name; a text that cannot be a name is not looked for.
func (s *Sessions) lookUp(ctx context.Context, username string) (chat.User, string, error) {
	if chat.Encoding(username).Code != "" || len(username) > chat.MaxUsername {
		return chat.User{}, "", chat.ErrUserNotFound
	}
	return s.store.UserByUsername(ctx, username)
}

// rehash stores the password under today's parameters. Failing is no reason to refuse the sign-in: the next one tries again.
func (s *Sessions) rehash(ctx context.Context, user chat.UserID, password string) {
	hash, err := s.hasher.Hash(ctx, password)
	if err == nil {
		err = s.store.UpdatePasswordHash(ctx, user, hash)
	}
	if err != nil {
		s.log.WarnContext(ctx, "password not rehashed", slog.Int64("user_id", int64(user)), slog.Any("error", err))
	}
}

// Refresh trades a refresh token for a new pair. A token that is unknown, was used before or is too old is chat.ErrSessionOver.
func (s *Sessions) Refresh(ctx context.Context, refreshToken string) (Session, error) {
	hash, ok := auth.HashRefreshToken(refreshToken)
	if !ok {
		return Session{}, chat.ErrSessionOver
	}
	token, next := auth.NewRefreshToken()
	at := now(s.clock)
	kept, err := s.store.RotateSession(ctx, hash, next, at, at.Add(-s.idle))
	if err != nil {
		return Session{}, fmt.Errorf("refresh session: %w", err)
	}
	user, err := s.store.UserByID(ctx, kept.User)
	if err != nil {
		return Session{}, fmt.Errorf("refresh session: %w", err)
	}
	return s.issue(user, kept, token)
}

// Close ends the session of a refresh token. Ending one that is over is no error.
func (s *Sessions) Close(ctx context.Context, refreshToken string) error {
	hash, ok := auth.HashRefreshToken(refreshToken)
	if !ok {
		return nil
	}
	return s.store.DeleteSession(ctx, hash)
}

// Authenticate returns who an access token speaks for and until when, or chat.ErrUnauthenticated.
func (s *Sessions) Authenticate(token string) (chat.Actor, time.Time, error) {
	claims, err := s.tokens.Verify(token)
	if err != nil {
		return chat.Actor{}, time.Time{}, chat.ErrUnauthenticated.Because(err)
	}
	return chat.Actor{User: chat.UserID(claims.UserID), Session: chat.SessionID(claims.SessionID)}, claims.ExpiresAt, nil
}

// Sweep removes the sessions that are over, and returns how many.
func (s *Sessions) Sweep(ctx context.Context) (int64, error) {
	at := now(s.clock)
	return s.store.DeleteSessionsOver(ctx, at, at.Add(-s.idle))
}

func (s *Sessions) start(ctx context.Context, user chat.User) (Session, error) {
	token, hash := auth.NewRefreshToken()
	at := now(s.clock)
	kept := store.Session{
		ID: chat.SessionID(rand.Text()), User: user.ID, RefreshHash: hash, CreatedAt: at, UsedAt: at, ExpiresAt: at.Add(s.absolute),
	}
	if err := s.store.InsertSession(ctx, kept); err != nil {
		return Session{}, fmt.Errorf("start session: %w", err)
	}
	return s.issue(user, kept, token)
}

func (s *Sessions) issue(user chat.User, kept store.Session, refreshToken string) (Session, error) {
	access, expires, err := s.tokens.Issue(int64(user.ID), string(kept.ID))
	if err != nil {
		return Session{}, fmt.Errorf("issue access token: %w", err)
	}
	ends := kept.UsedAt.Add(s.idle)
	if kept.ExpiresAt.Before(ends) {
		ends = kept.ExpiresAt
	}
	return Session{User: user, AccessToken: access, AccessExpires: expires, RefreshToken: refreshToken, RefreshExpires: ends}, nil
}

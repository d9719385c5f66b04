package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// Session is a sign-in on one device as it is stored. RefreshHash is the hash of the refresh token that is valid now.
type Session struct {
	ID                chat.SessionID
	User              chat.UserID
	RefreshHash       []byte
	CreatedAt, UsedAt time.Time
	ExpiresAt         time.Time
}

// InsertSession stores a new session.
func (s *Store) InsertSession(ctx context.Context, n Session) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		return q.InsertSession(ctx, query.InsertSessionParams{
			ID: string(n.ID), UserID: int64(n.User), RefreshHash: hex.EncodeToString(n.RefreshHash),
			CreatedAt: millis(n.CreatedAt), UsedAt: millis(n.UsedAt), ExpiresAt: millis(n.ExpiresAt),
		})
	})
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// RotateSession trades a refresh token for the next one and returns whose session it is. A token that is unknown or was used before, and
// a session unused since idleSince or past its end, are chat.ErrSessionOver.
func (s *Store) RotateSession(ctx context.Context, hash, next []byte, now, idleSince time.Time) (Session, error) {
	var row query.RotateSessionRow
	err := s.tx(ctx, func(q *query.Queries) (err error) {
		row, err = q.RotateSession(ctx, query.RotateSessionParams{
			RefreshHash: hex.EncodeToString(hash), NextHash: hex.EncodeToString(next), Now: millis(now), IdleSince: millis(idleSince),
		})
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("rotate session: %w", found(err, chat.ErrSessionOver))
	}
	return Session{
		ID: chat.SessionID(row.ID), User: chat.UserID(row.UserID), RefreshHash: next, UsedAt: now, ExpiresAt: fromMillis(row.ExpiresAt),
	}, nil
}

// DeleteSession ends the session of a refresh token; one that does not exist is no error.
func (s *Store) DeleteSession(ctx context.Context, refreshHash []byte) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		_, err := q.DeleteSessionByRefreshHash(ctx, hex.EncodeToString(refreshHash))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// DeleteSessionsOver removes the sessions that ended or were not used since idleSince, and returns how many.
func (s *Store) DeleteSessionsOver(ctx context.Context, now, idleSince time.Time) (n int64, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		n, err = q.DeleteSessionsOver(ctx, query.DeleteSessionsOverParams{Now: millis(now), IdleSince: millis(idleSince)})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete sessions over: %w", err)
	}
	return n, nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/store/query"
)

// SetPendingEmail notes the address that a person says is theirs. Empty takes it back.
func (s *Store) SetPendingEmail(ctx context.Context, id chat.UserID, address string) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		email, key := emailOrNull(address)
		return q.SetPendingEmail(ctx, query.SetPendingEmailParams{ID: int64(id), PendingEmail: email, PendingEmailKey: key})
	})
	if err != nil {
		return fmt.Errorf("set pending email: %w", err)
	}
	return nil
}

// RemoveEmail takes a person's address away, and the pending one. When nothing else opens their account it is chat.ErrLastWayIn: the address is how
// they would get a password.
func (s *Store) RemoveEmail(ctx context.Context, id chat.UserID, open chat.WaysOpen) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		if _, err := q.LockUser(ctx, int64(id)); err != nil {
			return err
		}
		if err := q.RemoveEmail(ctx, int64(id)); err != nil {
			return err
		}
		return keepsAWayIn(ctx, q, id, open)
	})
	if err != nil {
		return fmt.Errorf("remove email: %w", err)
	}
	return nil
}

// ConfirmEmail takes a ticket whose data is a person's pending address and makes it their address. One that is over, or about another address
// than the one that is pending now, is chat.ErrTicketOver; an address that has become somebody else's, chat.ErrEmailTaken, and then the
// ticket stays.
func (s *Store) ConfirmEmail(ctx context.Context, hash string, now time.Time) (t chat.Ticket, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		row, err := q.TakeTicket(ctx, query.TakeTicketParams{Hash: hash, Kind: string(chat.TicketVerify), Now: millis(now)})
		if t, err = ticketOf(row, "take ticket", err); err != nil {
			return err
		}
		_, key := emailOrNull(t.Data)
		n, err := q.ConfirmEmail(ctx, query.ConfirmEmailParams{ID: int64(t.User), PendingEmailKey: key})
		if err == nil && n == 0 {
			return chat.ErrTicketOver
		}
		return err
	})
	if violated(err) == "users_email_key" {
		return chat.Ticket{}, chat.ErrEmailTaken
	}
	if err != nil {
		return chat.Ticket{}, fmt.Errorf("confirm email: %w", err)
	}
	return t, nil
}

// ResetPassword takes a ticket whose data is a person's address and gives them a new password, both or neither. A ticket that is over, or was
// sent to another address than theirs, is chat.ErrTicketOver.
func (s *Store) ResetPassword(ctx context.Context, hash, passwordHash string, now time.Time) (t chat.Ticket, err error) {
	err = s.tx(ctx, func(q *query.Queries) error {
		row, err := q.TakeTicket(ctx, query.TakeTicketParams{Hash: hash, Kind: string(chat.TicketReset), Now: millis(now)})
		if t, err = ticketOf(row, "take ticket", err); err != nil {
			return err
		}
		_, key := emailOrNull(t.Data)
		n, err := q.ResetPassword(ctx, query.ResetPasswordParams{ID: int64(t.User), PasswordHash: passwordHash, EmailKey: key})
		if err == nil && n == 0 {
			return chat.ErrTicketOver
		}
		return err
	})
	if err != nil {
		return chat.Ticket{}, fmt.Errorf("reset password: %w", err)
	}
	return t, nil
}

// UserByEmail returns whose confirmed address this is, or chat.ErrUserNotFound. Case does not count.
func (s *Store) UserByEmail(ctx context.Context, address string) (chat.User, error) {
	_, key := emailOrNull(address)
	id, err := s.reads.UserIDByEmailKey(ctx, key)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.User{}, chat.ErrUserNotFound
	}
	if err != nil {
		return chat.User{}, fmt.Errorf("user by email: %w", classify(err))
	}
	return s.UserByID(ctx, chat.UserID(id))
}

// emailOrNull is how a row has an address, and the form in which addresses are compared.
func emailOrNull(address string) (email, key *string) {
	if address == "" {
		return nil, nil
	}
	folded := chat.Fold(address)
	return &address, &folded
}

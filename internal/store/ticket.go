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

// InsertTicket stores a ticket under the hash of its secret.
func (s *Store) InsertTicket(ctx context.Context, hash string, t chat.Ticket) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		return q.InsertTicket(ctx, query.InsertTicketParams{
			Hash: hash, Kind: string(t.Kind), UserID: userOrNull(t.User), Data: t.Data, ExpiresAt: millis(t.Expires),
		})
	})
	if err != nil {
		return fmt.Errorf("insert ticket: %w", err)
	}
	return nil
}

// Ticket returns a ticket without taking it. One that is over is chat.ErrTicketOver.
func (s *Store) Ticket(ctx context.Context, kind chat.TicketKind, hash string, now time.Time) (chat.Ticket, error) {
	row, err := s.reads.TicketByHash(ctx, query.TicketByHashParams{Hash: hash, Kind: string(kind), Now: millis(now)})
	return ticketOf(row, "look up ticket", classify(err))
}

// TryTicket returns a ticket and counts the try, before it is known whether the try is any good. After most of them it is chat.ErrTicketOver,
// as is one that is over.
func (s *Store) TryTicket(ctx context.Context, kind chat.TicketKind, hash string, most int, now time.Time) (chat.Ticket, error) {
	var row query.Ticket
	err := s.tx(ctx, func(q *query.Queries) (err error) {
		row, err = q.TryTicket(ctx, query.TryTicketParams{Hash: hash, Kind: string(kind), Now: millis(now), Most: int64(most)})
		return err
	})
	return ticketOf(row, "try ticket", err)
}

// TakeTicket takes a ticket: of several who try at once one gets it. One that is over is chat.ErrTicketOver.
func (s *Store) TakeTicket(ctx context.Context, kind chat.TicketKind, hash string, now time.Time) (chat.Ticket, error) {
	var row query.Ticket
	err := s.tx(ctx, func(q *query.Queries) (err error) {
		row, err = q.TakeTicket(ctx, query.TakeTicketParams{Hash: hash, Kind: string(kind), Now: millis(now)})
		return err
	})
	return ticketOf(row, "take ticket", err)
}

// DeleteTickets removes a person's tickets of one kind.
func (s *Store) DeleteTickets(ctx context.Context, user chat.UserID, kind chat.TicketKind) error {
	err := s.tx(ctx, func(q *query.Queries) error {
		return q.DeleteTicketsOfUser(ctx, query.DeleteTicketsOfUserParams{UserID: userOrNull(user), Kind: string(kind)})
	})
	if err != nil {
		return fmt.Errorf("delete tickets: %w", err)
	}
	return nil
}

// SweepTickets removes the tickets that are over and returns how many those were.
func (s *Store) SweepTickets(ctx context.Context, now time.Time) (n int64, err error) {
	err = s.tx(ctx, func(q *query.Queries) (err error) {
		n, err = q.DeleteTicketsOver(ctx, millis(now))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep tickets: %w", err)
	}
	return n, nil
}

func ticketOf(r query.Ticket, what string, err error) (chat.Ticket, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Ticket{}, chat.ErrTicketOver
	}
	if err != nil {
		return chat.Ticket{}, fmt.Errorf("%s: %w", what, err)
	}
	t := chat.Ticket{Kind: chat.TicketKind(r.Kind), Data: r.Data, Tries: int(r.Tries), Expires: fromMillis(r.ExpiresAt)}
	if r.UserID != nil {
		t.User = chat.UserID(*r.UserID)
	}
	return t, nil
}

// userOrNull is how a row refers to a person, or to nobody.
func userOrNull(u chat.UserID) *int64 {
	if u == 0 {
		return nil
	}
	id := int64(u)
	return &id
}

package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

// tickets hands out secrets that are good once: see chat.Ticket. They are in the database, so that any node takes what another gave.
type tickets struct {
	store *store.Store
	clock chat.Clock
}

// ticketBytes is the length of a secret: nobody guesses 256 bits, so a plain SHA-256 is enough to keep it by.
const ticketBytes = 32

// issue stores a ticket that lives for so long, and returns its secret. The caller fills in the kind, the person and the data.
func (s *tickets) issue(ctx context.Context, t chat.Ticket, life time.Duration) (secret string, err error) {
	var raw [ticketBytes]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process when the system has no randomness
	secret = base64.RawURLEncoding.EncodeToString(raw[:])
	t.Expires = now(s.clock).Add(life)
	return secret, s.store.InsertTicket(ctx, ticketHash(secret), t)
}

// look returns a secret's ticket and leaves it where it is.
func (s *tickets) look(ctx context.Context, kind chat.TicketKind, secret string) (chat.Ticket, error) {
	return s.store.Ticket(ctx, kind, ticketHash(secret), now(s.clock))
}

// try is look for a secret that comes with something to be guessed, such as a code of six digits: it counts, and after most times the ticket is
// over. The try is counted before it is judged, so that guesses sent all at once are counted too.
func (s *tickets) try(ctx context.Context, kind chat.TicketKind, secret string, most int) (chat.Ticket, error) {
	return s.store.TryTicket(ctx, kind, ticketHash(secret), most, now(s.clock))
}

// take returns a secret's ticket to one caller, once.
func (s *tickets) take(ctx context.Context, kind chat.TicketKind, secret string) (chat.Ticket, error) {
	return s.store.TakeTicket(ctx, kind, ticketHash(secret), now(s.clock))
}

// revoke takes back what a person was given of one kind.
func (s *tickets) revoke(ctx context.Context, user chat.UserID, kind chat.TicketKind) error {
	return s.store.DeleteTickets(ctx, user, kind)
}

func ticketHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"parley/internal/chat"
	"parley/internal/passkey"
	"parley/internal/store"
)

// Passkeys are keys that people sign in with instead of a password and a code.
type Passkeys struct {
	store    *store.Store
	sessions *Sessions
	party    *passkey.Party // nil: browsers know no passkeys for this server's address
	tickets  *tickets
	clock    chat.Clock
	log      *slog.Logger
}

const (
	ticketAddPasskey  chat.TicketKind = "passkey.add"
	ticketPasskey     chat.TicketKind = "passkey.sign_in"
	passkeyTicketLife                 = 5 * time.Minute
)

// PasskeyChallenge is what a browser is asked.
type PasskeyChallenge struct {
	Ticket  string
	Options json.RawMessage // of WebAuthn
	Expires time.Time
}

// Available reports whether people can have passkeys here.
func (p *Passkeys) Available() bool { return p.party != nil }

// Begin asks the actor's browser for a new passkey.
func (p *Passkeys) Begin(ctx context.Context, actor chat.Actor) (PasskeyChallenge, error) {
	if p.party == nil {
		return PasskeyChallenge{}, chat.ErrPasskeysUnavailable
	}
	if err := p.sessions.proofs.needed(ctx, actor); err != nil {
		return PasskeyChallenge{}, err
	}
	user, err := p.sessions.users.Me(ctx, actor)
	if err != nil {
		return PasskeyChallenge{}, err
	}
	list, err := p.store.ListPasskeys(ctx, actor.User)
	if err != nil {
		return PasskeyChallenge{}, err
	}
	if len(list) >= chat.MaxPasskeys {
		return PasskeyChallenge{}, chat.ErrTooManyPasskeys
	}
	known := make([][]byte, len(list))
	for i, k := range list {
		known[i] = k.Credential
	}
	options, state, err := p.party.BeginRegistration(personOf(user), known)
	if err != nil {
		return PasskeyChallenge{}, err
	}
	return p.ask(ctx, chat.Ticket{Kind: ticketAddPasskey, User: actor.User, Data: state}, options)
}

func (p *Passkeys) ask(ctx context.Context, t chat.Ticket, options json.RawMessage) (PasskeyChallenge, error) {
	ticket, err := p.tickets.issue(ctx, t, passkeyTicketLife)
	if err != nil {
		return PasskeyChallenge{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return PasskeyChallenge{Ticket: ticket, Options: options, Expires: now(p.clock).Add(passkeyTicketLife)}, nil
}

func personOf(u chat.User) passkey.Person {
	return passkey.Person{ID: int64(u.ID), Name: u.Username, DisplayName: u.DisplayName}
}

// Add stores the passkey that the actor's browser made. The ticket is taken before the answer is looked at: each challenge is good once,
// whatever comes of it.
func (p *Passkeys) Add(ctx context.Context, actor chat.Actor, ticket, called string, answer []byte, d chat.Device) (chat.Passkey, error) {
	called, err := passkeyName(called)
	if err != nil {
		return chat.Passkey{}, err
	}
	if p.party == nil {
		return chat.Passkey{}, chat.ErrPasskeysUnavailable
	}
	t, err := p.takeOwn(ctx, actor, ticketAddPasskey, ticket)
	if err != nil {
		return chat.Passkey{}, err
	}
	user, err := p.sessions.users.Me(ctx, actor)
	if err != nil {
		return chat.Passkey{}, err
	}
	made, err := p.party.FinishRegistration(personOf(user), t.Data, answer)
	if err != nil {
		return chat.Passkey{}, p.refused(ctx, chat.ErrPasskeyRefused, err)
	}
	added, err := p.store.InsertPasskey(ctx, chat.Passkey{
		User: actor.User, Credential: made.ID, PublicKey: made.PublicKey, Transports: made.Transports, BackupEligible: made.BackupEligible,
		BackedUp: made.BackedUp, SignCount: made.SignCount, Name: called, CreatedAt: now(p.clock),
	})
	if err != nil {
		return chat.Passkey{}, err
	}
	p.tell(ctx, actor, chat.AuditPasskeyAdded, chat.NoticePasskeyAdded, d)
	return added, nil
}

// takeOwn takes a ticket that the actor was given. Somebody else's stays theirs.
func (p *Passkeys) takeOwn(ctx context.Context, actor chat.Actor, kind chat.TicketKind, ticket string) (chat.Ticket, error) {
	t, err := p.tickets.look(ctx, kind, ticket)
	if err == nil && t.User != actor.User {
		err = chat.ErrTicketOver
	}
	if err != nil {
		return chat.Ticket{}, err
	}
	return p.tickets.take(ctx, kind, ticket)
}

// refused tells the caller no more than that it was refused, and the log why.
func (p *Passkeys) refused(ctx context.Context, as *chat.Error, err error) error {
	if !errors.Is(err, passkey.ErrRefused) {
		return err
	}
	p.log.InfoContext(ctx, "passkey refused", slog.Any("error", err))
	return as.Because(err)
}

func passkeyName(s string) (string, error) {
	var faults chat.Faults
	s = name(s)
	f := chat.Line(s, 1, chat.MaxPasskeyName)
	faults.Add("name", f.Code, f.Detail)
	return s, faults.Err()
}

// List returns the actor's passkeys, the oldest first.
func (p *Passkeys) List(ctx context.Context, actor chat.Actor) ([]chat.Passkey, error) {
	return p.store.ListPasskeys(ctx, actor.User)
}

// Rename gives one of the actor's passkeys another name.
func (p *Passkeys) Rename(ctx context.Context, actor chat.Actor, id chat.PasskeyID, called string) error {
	called, err := passkeyName(called)
	if err != nil {
		return err
	}
	return p.store.RenamePasskey(ctx, actor.User, id, called)
}

// Delete removes one of the actor's passkeys.
func (p *Passkeys) Delete(ctx context.Context, actor chat.Actor, id chat.PasskeyID, d chat.Device) error {
	if err := p.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	if err := p.store.DeletePasskey(ctx, actor.User, id, p.sessions.waysOpen()); err != nil {
		return err
	}
	p.tell(ctx, actor, chat.AuditPasskeyRemoved, chat.NoticePasskeyRemoved, d)
	return nil
}

func (p *Passkeys) tell(ctx context.Context, actor chat.Actor, a chat.AuditAction, n chat.NoticeKind, d chat.Device) {
	p.sessions.recordLate(live(ctx), d,
		[]chat.AuditEntry{{Action: a, Actor: actor.User, User: actor.User, Session: actor.Session}},
		[]chat.Notice{{Kind: n, User: actor.User, Session: actor.Session}})
}

// BeginSignIn asks a browser for whichever passkey its person chooses.
func (p *Passkeys) BeginSignIn(ctx context.Context) (PasskeyChallenge, error) {
	if p.party == nil {
		return PasskeyChallenge{}, chat.ErrPasskeysUnavailable
	}
	options, state, err := p.party.BeginSignIn()
	if err != nil {
		return PasskeyChallenge{}, err
	}
	return p.ask(ctx, chat.Ticket{Kind: ticketPasskey, Data: state}, options)
}

// SignIn signs in whom the passkey belongs to. It has verified its person, so no code is asked for. Whatever is wrong with the answer is
// chat.ErrBadPasskey.
func (p *Passkeys) SignIn(ctx context.Context, ticket string, answer []byte, d chat.Device) (Session, error) {
	if p.party == nil {
		return Session{}, chat.ErrPasskeysUnavailable
	}
	t, err := p.tickets.take(ctx, ticketPasskey, ticket)
	if err != nil {
		return Session{}, err
	}
	user, err := p.judge(ctx, t.Data, answer, d)
	if err != nil {
		return Session{}, err
	}
	return p.sessions.open(ctx, user, d)
}

// judge says whose passkey has given an answer, and notes that it was used. Whatever is wrong with the answer is chat.ErrBadPasskey.
func (p *Passkeys) judge(ctx context.Context, state string, answer []byte, d chat.Device) (user chat.User, err error) {
	var known chat.Passkey
	_, used, err := p.party.SignIn(state, answer, func(credential []byte) (passkey.Person, passkey.Credential, error) {
		var err error
		if known, err = p.store.PasskeyByCredential(ctx, credential); err != nil {
			return passkey.Person{}, passkey.Credential{}, err
		}
		user, err = p.store.UserByID(ctx, known.User)
		return personOf(user), credentialOf(known), err
	})
	switch {
	case errors.Is(err, chat.ErrPasskeyNotFound), errors.Is(err, chat.ErrUserNotFound):
		return chat.User{}, chat.ErrBadPasskey
	case err != nil:
		return chat.User{}, p.refused(ctx, chat.ErrBadPasskey, err)
	}
	known.SignCount, known.BackedUp = used.SignCount, used.BackedUp
	moved, err := p.store.UsePasskey(ctx, known, now(p.clock))
	if err != nil {
		return chat.User{}, err
	}
	if !moved {
		p.log.WarnContext(ctx, "a passkey's count went back; it was refused", slog.Int64("user_id", int64(user.ID)), slog.Int64("passkey_id", int64(known.ID)))
		p.tell(ctx, chat.Actor{User: user.ID}, chat.AuditPasskeyCopied, chat.NoticePasskeyCopied, d)
		return chat.User{}, chat.ErrBadPasskey
	}
	return user, nil
}

func credentialsOf(list []chat.Passkey) []passkey.Credential {
	out := make([]passkey.Credential, len(list))
	for i, p := range list {
		out[i] = credentialOf(p)
	}
	return out
}

func credentialOf(p chat.Passkey) passkey.Credential {
	return passkey.Credential{
		ID: p.Credential, PublicKey: p.PublicKey, Transports: p.Transports, SignCount: p.SignCount,
		BackupEligible: p.BackupEligible, BackedUp: p.BackedUp,
	}
}

package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/session"
	"parley/internal/store"
)

// Proofs are how somebody who is signed in proves again who they are. Whatever changes how people get in, or what they may do, asks for one that
// is fresh: who finds an open browser, or has a stolen access token, has none.
type Proofs struct {
	store      *store.Store
	sessions   *Sessions
	second     *TwoFactor
	passkeys   *Passkeys
	identities *Identities
	after      time.Duration // how old a proof may be; 0: as old as the session
	clock      chat.Clock
}

const ticketProvePasskey chat.TicketKind = "passkey.reauthenticate"

// needed refuses an actor whose last proof is too old. The host has the server itself.
func (p *Proofs) needed(ctx context.Context, actor chat.Actor) error {
	if p.after == 0 || actor.User == chat.HostID {
		return nil
	}
	list, err := p.sessions.families.List(ctx, int64(actor.User))
	if err != nil {
		return sessionError(err)
	}
	for _, kept := range list {
		if chat.SessionID(kept.ID) == actor.Session && now(p.clock).Sub(kept.ProvedAt) < p.after {
			return nil
		}
	}
	ways, err := p.ways(ctx, actor)
	if err != nil {
		return fmt.Errorf("reauthenticate: %w", err)
	}
	return chat.ErrReauthenticationNeeded(ways)
}

// ways are how the actor can prove who they are, of what this server can check now.
func (p *Proofs) ways(ctx context.Context, actor chat.Actor) (chat.Reauthentication, error) {
	in, err := p.store.WaysIn(ctx, actor.User)
	if err != nil {
		return chat.Reauthentication{}, err
	}
	keys, err := p.store.ListPasskeys(ctx, actor.User)
	if err != nil {
		return chat.Reauthentication{}, err
	}
	second, err := p.asksForCode(ctx, actor.User)
	if err != nil {
		return chat.Reauthentication{}, err
	}
	ways := chat.Reauthentication{Password: in.Password, SecondFactor: second, Passkey: p.passkeys.Available() && len(keys) > 0}
	for _, identity := range in.Identities {
		if id := p.identities.ProviderOf(identity); id != "" {
			ways.Providers = append(ways.Providers, id)
		}
	}
	return ways, nil
}

func (p *Proofs) asksForCode(ctx context.Context, user chat.UserID) (bool, error) {
	_, err := p.store.TOTPKey(ctx, user)
	if errors.Is(err, chat.ErrTwoFactorOff) {
		return false, nil
	}
	return err == nil, err
}

// WithPassword proves who the actor is by their password, and by a code where their sign-in asks for one.
func (p *Proofs) WithPassword(ctx context.Context, actor chat.Actor, password string, shown chat.SecondFactor, d chat.Device) error {
	second, err := p.asksForCode(ctx, actor.User)
	if err != nil {
		return err
	}
	if second {
		if err := shown.Check(); err != nil {
			return err
		}
	}
	if _, err := p.sessions.checkPassword(ctx, actor, password); err != nil {
		return err
	}
	if second {
		// Turned off since it was looked at: then there is nothing to ask for.
		if err := p.second.check(ctx, actor.User, shown); err != nil && !errors.Is(err, chat.ErrTwoFactorOff) {
			return err
		}
		if shown.RecoveryCode != "" {
			p.second.tell(ctx, actor, chat.AuditRecoveryUsed, chat.NoticeRecoveryUsed, d)
		}
	}
	return p.note(ctx, actor, "password", d)
}

// note has the actor's session know of a proof. One that has ended meanwhile is chat.ErrUnauthenticated.
func (p *Proofs) note(ctx context.Context, actor chat.Actor, how string, d chat.Device) error {
	err := p.sessions.families.Prove(ctx, int64(actor.User), string(actor.Session))
	switch {
	case errors.Is(err, session.ErrOver):
		return chat.ErrUnauthenticated
	case err != nil:
		return sessionError(err)
	}
	p.sessions.recordLate(live(ctx), d, []chat.AuditEntry{
		{Action: chat.AuditReauthenticated, Actor: actor.User, User: actor.User, Session: actor.Session, Detail: "by " + how},
	}, nil)
	return nil
}

// BeginPasskey asks the actor's browser for one of their passkeys.
func (p *Proofs) BeginPasskey(ctx context.Context, actor chat.Actor) (PasskeyChallenge, error) {
	if !p.passkeys.Available() {
		return PasskeyChallenge{}, chat.ErrPasskeysUnavailable
	}
	list, err := p.store.ListPasskeys(ctx, actor.User)
	if err != nil {
		return PasskeyChallenge{}, err
	}
	if len(list) == 0 { // an empty list would let the browser offer any
		return PasskeyChallenge{}, chat.ErrPasskeyNotFound
	}
	options, state, err := p.passkeys.party.BeginSignIn(credentialsOf(list)...)
	if err != nil {
		return PasskeyChallenge{}, err
	}
	return p.passkeys.ask(ctx, chat.Ticket{Kind: ticketProvePasskey, User: actor.User, Data: state}, options)
}

// WithPasskey proves who the actor is by one of their passkeys, which has verified its person. Whatever is wrong with it is chat.ErrPasskeyNotYours.
func (p *Proofs) WithPasskey(ctx context.Context, actor chat.Actor, ticket string, answer []byte, d chat.Device) error {
	if !p.passkeys.Available() {
		return chat.ErrPasskeysUnavailable
	}
	t, err := p.passkeys.takeOwn(ctx, actor, ticketProvePasskey, ticket)
	if err != nil {
		return err
	}
	owner, err := p.passkeys.judge(ctx, t.Data, answer, d)
	if errors.Is(err, chat.ErrBadPasskey) || err == nil && owner.ID != actor.User {
		return chat.ErrPasskeyNotYours
	}
	if err != nil {
		return err
	}
	return p.note(ctx, actor, "passkey", d)
}

// BeginProvider starts a trip on which the provider is told to have the actor sign in anew.
func (p *Proofs) BeginProvider(ctx context.Context, actor chat.Actor, provider string) (Trip, error) {
	return p.identities.begin(ctx, actor, trip{Provider: provider, Prove: true})
}

// withIdentity proves who the actor is by a sign-in at a provider that was made for this.
func (p *Proofs) withIdentity(ctx context.Context, actor chat.Actor, provider string, identity chat.Identity, d chat.Device) error {
	known, err := p.store.UseIdentity(ctx, identity)
	if errors.Is(err, chat.ErrIdentityNotFound) || err == nil && known.User != actor.User {
		return chat.ErrIdentityNotYours
	}
	if err != nil {
		return fmt.Errorf("reauthenticate: %w", err)
	}
	return p.note(ctx, actor, provider, d)
}

// waysOpen are the ways in that the settings open.
func (s *Sessions) waysOpen() chat.WaysOpen {
	open := chat.WaysOpen{Passkeys: s.proofs.passkeys.Available()}
	for _, p := range s.proofs.identities.providers {
		open.Issuers = append(open.Issuers, p.Issuer)
	}
	return open
}

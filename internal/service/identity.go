package service

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"parley/internal/chat"
	"parley/internal/oidc"
	"parley/internal/session"
	"parley/internal/store"
)

// Identities are people's accounts at OpenID Connect providers, and the ways through those into their accounts here.
type Identities struct {
	store     *store.Store
	sessions  *Sessions
	options   *Options
	providers map[string]*oidc.Provider
	signUp    chat.ProviderSignUp
	people    *People
	roles     map[string]map[string]chat.ServerRole // by provider and group; a provider without any leaves roles alone
	tickets   *tickets
	clock     chat.Clock
	log       *slog.Logger
}

// Trip is a browser's way to a provider: where to go, and the secret that the same browser has to bring back.
type Trip struct {
	Location, Secret string
	Life             time.Duration
}

// Return is what a browser brings back from a provider. All of it is the browser's word.
type Return struct {
	Provider, Secret, State, Code, Issuer string
	// Error is the provider's refusal, in the words of RFC 6749, section 4.1.2.1.
	Error string
}

const (
	// tripLife is how long somebody may take at the provider.
	tripLife   = 10 * time.Minute
	ticketTrip = chat.TicketKind("oidc")
)

// trip is what is kept of a Trip.
type trip struct {
	Provider string         `json:"provider"`
	State    string         `json:"state"`
	Flow     oidc.Flow      `json:"flow"`
	Session  chat.SessionID `json:"session,omitempty"` // of the person who connects an account, or proves again who they are
	Prove    bool           `json:"prove,omitempty"`
	Former   session.Ref    `json:"former,omitzero"` // the session that the browser was in when it set out to sign in
}

// Knows reports whether there is a provider of this id.
func (s *Identities) Knows(provider string) bool { return s.providers[provider] != nil }

// BeginLink starts a trip that will connect what it proves to the actor's account. It asks for a fresh proof, as every
// new way in does.
func (s *Identities) BeginLink(ctx context.Context, actor chat.Actor, provider string) (Trip, error) {
	if err := s.sessions.proofs.needed(ctx, actor); err != nil {
		return Trip{}, err
	}
	return s.begin(ctx, actor, trip{Provider: provider})
}

// Begin starts a trip to sign in. The session of the refresh token, if there is one, ends when that succeeds: on the way back, which comes from
// another site, browsers do not send its cookie.
func (s *Identities) Begin(ctx context.Context, provider, refreshToken string) (Trip, error) {
	former, _ := s.sessions.families.Of(refreshToken)
	return s.begin(ctx, chat.Actor{}, trip{Provider: provider, Former: former})
}

func (s *Identities) begin(ctx context.Context, actor chat.Actor, kept trip) (Trip, error) {
	p := s.providers[kept.Provider]
	if p == nil {
		return Trip{}, chat.ErrProviderNotFound
	}
	kept.State, kept.Session = rand.Text(), actor.Session
	location, flow, err := p.Start(ctx, kept.State, kept.Prove)
	if err != nil {
		return Trip{}, fmt.Errorf("begin a trip to a provider: %w", providerError(err))
	}
	kept.Flow = flow
	data, err := json.Marshal(kept)
	if err != nil {
		return Trip{}, err
	}
	secret, err := s.tickets.issue(ctx, chat.Ticket{Kind: ticketTrip, User: actor.User, Data: string(data)}, tripLife)
	if err != nil {
		return Trip{}, fmt.Errorf("begin a trip to a provider: %w", err)
	}
	return Trip{Location: location, Secret: secret, Life: tripLife}, nil
}

// Outcome says what a trip came to.
type Outcome uint8

// What a trip can come to.
const (
	SignedIn  Outcome = iota // Finish returns the session
	Connected                // an account there opens one here
	Proven                   // somebody who is signed in has proved again who they are
)

// Finish ends a trip.
func (s *Identities) Finish(ctx context.Context, r Return, d chat.Device) (opened Session, came Outcome, err error) {
	ticket, kept, err := s.take(ctx, r)
	if err != nil {
		return Session{}, 0, err
	}
	if r.Error != "" || r.Code == "" {
		return Session{}, 0, s.refused(ctx, r)
	}
	person, err := s.providers[kept.Provider].Finish(ctx, kept.Flow, r.Code, r.Issuer)
	if err != nil {
		s.log.WarnContext(ctx, "a sign-in through a provider failed", slog.String("provider", kept.Provider), slog.Any("error", err))
		return Session{}, 0, providerError(err)
	}
	// The code is spent: what follows from it happens, whatever the browser does.
	ctx = live(ctx)
	actor := chat.Actor{User: ticket.User, Session: kept.Session}
	switch {
	case kept.Prove:
		return Session{}, Proven, s.sessions.proofs.withIdentity(ctx, actor, kept.Provider, s.identity(person), d)
	case ticket.User != 0:
		return Session{}, Connected, s.connect(ctx, actor, person, d)
	}
	if opened, err = s.signIn(ctx, kept.Provider, person, d); err == nil && kept.Former.ID != "" {
		s.sessions.leave(ctx, kept.Former, d)
	}
	return opened, SignedIn, err
}

// take gives a trip to the browser that it was begun in, once. The state is compared before the ticket is taken, so that another site that sends
// somebody here with a state of its own does not spoil the trip they are on.
func (s *Identities) take(ctx context.Context, r Return) (chat.Ticket, trip, error) {
	var kept trip
	ticket, err := s.tickets.look(ctx, ticketTrip, r.Secret)
	if err == nil {
		err = json.Unmarshal([]byte(ticket.Data), &kept)
	}
	same := subtle.ConstantTimeCompare([]byte(kept.State), []byte(r.State)) == 1 && kept.State != ""
	if err == nil && (!same || kept.Provider != r.Provider || s.providers[kept.Provider] == nil) {
		return chat.Ticket{}, trip{}, chat.ErrFlowOver
	}
	if err == nil {
		ticket, err = s.tickets.take(ctx, ticketTrip, r.Secret)
	}
	if errors.Is(err, chat.ErrTicketOver) {
		return chat.Ticket{}, trip{}, chat.ErrFlowOver
	}
	if err != nil {
		return chat.Ticket{}, trip{}, fmt.Errorf("finish a trip to a provider: %w", err)
	}
	return ticket, kept, nil
}

// refused says what a provider's refusal means to the person.
func (s *Identities) refused(ctx context.Context, r Return) error {
	switch r.Error {
	case "access_denied", "login_required", "interaction_required", "consent_required":
		return chat.ErrProviderDenied
	case "server_error", "temporarily_unavailable":
		return chat.ErrProviderAway
	}
	// Anything else is about the settings here or there.
	s.log.WarnContext(ctx, "a provider refused a sign-in", slog.String("provider", r.Provider), slog.String("error", r.Error[:min(len(r.Error), 100)]))
	return chat.ErrProviderFailed
}

func providerError(err error) error {
	switch {
	case errors.Is(err, oidc.ErrUnavailable):
		return chat.ErrProviderAway.Because(err)
	case errors.Is(err, oidc.ErrNotFresh):
		return chat.ErrProviderNotFresh.Because(err)
	case errors.Is(err, oidc.ErrRefused), errors.Is(err, oidc.ErrUntrusted):
		return chat.ErrProviderFailed.Because(err)
	}
	return err
}

func (s *Identities) signIn(ctx context.Context, provider string, p oidc.Person, d chat.Device) (Session, error) {
	identity := s.identity(p)
	known, err := s.store.UseIdentity(ctx, identity)
	isNew := false
	if errors.Is(err, chat.ErrIdentityNotFound) {
		var made chat.User
		if made, err = s.welcome(ctx, p, identity); err == nil {
			known.User, isNew = made.ID, true
		}
		// Two tabs of somebody new: the other one was first.
		if errors.Is(err, chat.ErrIdentityTaken) {
			known, err = s.store.UseIdentity(ctx, identity)
		}
	}
	if err != nil {
		return Session{}, fmt.Errorf("sign in through a provider: %w", err)
	}
	if err := s.assign(ctx, provider, known.User, p.Groups, d); err != nil {
		return Session{}, fmt.Errorf("sign in through a provider: %w", err)
	}
	user, err := s.store.UserByID(ctx, known.User)
	if err != nil {
		return Session{}, fmt.Errorf("sign in through a provider: %w", err)
	}
	if isNew { // no device of theirs is a surprise
		return s.sessions.start(ctx, user, d, nil)
	}
	return s.sessions.open(ctx, user, d)
}

// assign gives somebody the highest role that their groups have here. Where a provider decides about roles it does so at every sign-in, and who is in
// none of its groups is a member. The last owner stays one all the same: a slip at the provider must not leave a server that nobody can run.
func (s *Identities) assign(ctx context.Context, provider string, user chat.UserID, groups []string, d chat.Device) error {
	roles := s.roles[provider]
	if len(roles) == 0 {
		return nil
	}
	role := chat.ServerMember
	for _, group := range groups {
		if given := roles[group]; given == chat.ServerOwner || given == chat.ServerAdmin && role == chat.ServerMember {
			role = given
		}
	}
	// The provider speaks for the host, who named it in the settings; in the audit it is the server itself.
	_, err := s.people.Update(ctx, chat.Actor{User: chat.HostID}, user, chat.PersonChange{Role: &role}, d)
	if errors.Is(err, chat.ErrLastOwner) {
		s.log.WarnContext(ctx, "the last owner is in no group of owners at the provider, and stays one",
			slog.String("provider", provider), slog.Int64("user_id", int64(user)))
		return nil
	}
	return err
}

func (s *Identities) identity(p oidc.Person) chat.Identity {
	at := now(s.clock)
	label := p.Email
	for _, other := range []string{p.Username, p.Name} {
		if label == "" {
			label = other
		}
	}
	if chat.Line(label, 0, maxLabel).Code != "" {
		label = ""
	}
	return chat.Identity{Issuer: p.Issuer, Subject: p.Subject, Label: label, LinkedAt: at, UsedAt: at}
}

const (
	maxLabel = 254
	// namesTried is how many names are tried for somebody new whose name is taken.
	namesTried = 30
)

// welcome makes an account for somebody new. The provider's word for an e-mail address is taken only where the provider has
// verified it and nobody here has it. It never leads into an account that is there already: an address can change hands.
func (s *Identities) welcome(ctx context.Context, p oidc.Person, identity chat.Identity) (chat.User, error) {
	admission, err := s.admission()
	if err != nil {
		return chat.User{}, err
	}
	user := chat.User{DisplayName: name(p.Name), Email: p.Email, CreatedAt: now(s.clock)}
	if chat.CheckEmail(user.Email).Code != "" {
		user.Email = ""
	}
	if chat.Line(user.DisplayName, 1, chat.MaxDisplayName).Code != "" {
		user.DisplayName = ""
	}
	called := p.Username
	if called == "" {
		called = p.Name
	}
	for number := 1; number <= namesTried; number++ {
		user.Username = chat.UsernameFrom(plain(called), number)
		attempt := user
		if attempt.DisplayName == "" {
			attempt.DisplayName = attempt.Username
		}
		made, err := s.store.InsertUserWithIdentity(ctx, attempt, identity, admission)
		switch {
		case err == nil:
			return made, nil
		case errors.Is(err, chat.ErrEmailTaken):
			user.Email = ""
			number-- // the name may be free
		case !errors.Is(err, chat.ErrUsernameTaken):
			return chat.User{}, err
		}
	}
	return chat.User{}, chat.ErrUsernameTaken
}

// plain takes the accents off letters.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
}

// admission decides about somebody new: as of anybody, but where providers have a policy of their own. The first account of a server may need
// the setup link all the same: anybody may have an account at a large provider.
func (s *Identities) admission() (chat.Admission, error) {
	a := s.options.admission("", now(s.clock))
	switch s.signUp {
	case chat.ProviderSignUpAlways:
		a.Policy = chat.SignUpOpen
	case chat.ProviderSignUpNever:
		return chat.Admission{}, chat.ErrSignUpClosed
	case chat.ProviderSignUpPolicy:
	}
	return a, nil
}

// connect has an identity open the account of somebody who is signed in, and still is: a session that was ended meanwhile connects nothing.
func (s *Identities) connect(ctx context.Context, actor chat.Actor, p oidc.Person, d chat.Device) error {
	sessions, err := s.sessions.List(ctx, actor)
	if err != nil {
		return fmt.Errorf("connect an identity: %w", err)
	}
	if !slices.ContainsFunc(sessions, func(open chat.Session) bool { return open.Current }) {
		return chat.ErrSessionOver
	}
	identity := s.identity(p)
	known, err := s.store.UseIdentity(ctx, identity)
	switch {
	case err == nil && known.User == actor.User:
		return nil
	case err == nil:
		return chat.ErrIdentityTaken
	case !errors.Is(err, chat.ErrIdentityNotFound):
		return fmt.Errorf("connect an identity: %w", err)
	}
	identity.User = actor.User
	if _, err := s.store.InsertIdentity(ctx, identity); err != nil {
		return fmt.Errorf("connect an identity: %w", err)
	}
	s.sessions.recordLate(ctx, d,
		[]chat.AuditEntry{{Action: chat.AuditIdentityLinked, Actor: actor.User, User: actor.User, Session: actor.Session}},
		[]chat.Notice{{Kind: chat.NoticeIdentityLinked, User: actor.User, Session: actor.Session}})
	return nil
}

// WaysIn returns how the actor can get into their account.
func (s *Identities) WaysIn(ctx context.Context, actor chat.Actor) (chat.WaysIn, error) {
	return s.store.WaysIn(ctx, actor.User)
}

// ProviderOf returns the id of the provider that an identity is at, empty when the settings no longer have it.
func (s *Identities) ProviderOf(i chat.Identity) string {
	for id, p := range s.providers {
		if p.Issuer == i.Issuer {
			return id
		}
	}
	return ""
}

// Unlink has an identity open the actor's account no longer. The last way in stays: chat.ErrLastWayIn.
func (s *Identities) Unlink(ctx context.Context, actor chat.Actor, id chat.IdentityID, d chat.Device) error {
	if err := s.sessions.proofs.needed(ctx, actor); err != nil {
		return err
	}
	if _, err := s.store.DeleteIdentity(ctx, actor.User, id, s.sessions.waysOpen()); err != nil {
		return err
	}
	s.sessions.recordLate(live(ctx), d,
		[]chat.AuditEntry{{Action: chat.AuditIdentityGone, Actor: actor.User, User: actor.User, Session: actor.Session}},
		[]chat.Notice{{Kind: chat.NoticeIdentityGone, User: actor.User, Session: actor.Session}})
	return nil
}

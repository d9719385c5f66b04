package service

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/text/unicode/norm"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/oidc"
	"parley/internal/passkey"
	"parley/internal/session"
	"parley/internal/store"
)

// Publisher carries events to people's sockets.
//
// Announce returns at once and never fails the caller: the change is stored, and whoever misses an event catches up by revision. Events
// of one room given in order are delivered in that order by this node. Expel ends a person's subscription to a room on every node. Revoke
// tells every node that sessions of a person have ended: each calls Sessions.Revoked and closes their sockets.
type Publisher interface {
	Announce(events ...chat.Event)
	Expel(room chat.RoomID, user chat.UserID)
	Revoke(user chat.UserID, sessions ...chat.SessionID)
}

// Deps are what a Service works with.
type Deps struct {
	Store     *store.Store
	Hasher    *auth.Hasher
	Tokens    *auth.Tokens
	Publisher Publisher
	Clock     chat.Clock
	Logger    *slog.Logger
	// Sessions are how long sessions live.
	Sessions session.Policy
	// ReauthenticateAfter is how old a proof of who somebody is may be for what is grave; 0: as old as the session.
	ReauthenticateAfter time.Duration
	// Vault seals the secrets of authenticator apps; nil: people can have none.
	Vault *auth.Vault
	// Passkeys judges passkeys; nil: people can have none.
	Passkeys *passkey.Party
	// Issuer is how authenticator apps call this server.
	Issuer string
	// Keeper stores sessions; nil keeps them in the Store.
	Keeper session.Keeper
	// Options are the ways in that the settings open.
	Options chat.Options
	// Providers are those of Options.Providers, by id.
	Providers      map[string]*oidc.Provider
	ProviderSignUp chat.ProviderSignUp
	Mail           MailDeps
	// ProviderRoles are the roles of a provider's groups, by provider and group.
	ProviderRoles map[string]map[string]chat.ServerRole
}

// Service holds the nouns.
type Service struct {
	Options  *Options
	Users    *Users
	Emails   *Emails
	Mails    *Mails
	Sessions *Sessions
	People   *People
	Invites  *Invites
	// TwoFactor and Passkeys are what a sign-in can ask for besides a password, and instead of one.
	TwoFactor  *TwoFactor
	Passkeys   *Passkeys
	Identities *Identities
	// Proofs are what grave changes ask for.
	Proofs   *Proofs
	Notices  *Notices
	Rooms    *Rooms
	Members  *Members
	Messages *Messages
	// History names what revisions belong to; see store.History.
	History string
	// Doubts has to run for changes to be told of whose outcome the database did not tell.
	Doubts *Doubts
}

// New wires the nouns. The store's posted messages are announced from here on.
func New(d Deps) *Service {
	access := newMemberships(d.Store, d.Clock)
	d.Options.Passkeys = d.Passkeys != nil
	options := &Options{store: d.Store, offered: d.Options}
	tickets := &tickets{store: d.Store, clock: d.Clock}
	mails := &Mails{MailDeps: d.Mail, store: d.Store, tickets: tickets, clock: d.Clock, log: d.Logger, noted: make(chan struct{}, 1)}
	stored := store.NewSessions(d.Store, d.Sessions)
	if d.Keeper == nil {
		d.Keeper = stored
	}
	doubts := newDoubts(d.Store, d.Publisher)
	d.Store.OnDoubt(doubts.posts)
	members := &Members{store: d.Store, access: access, publisher: d.Publisher, clock: d.Clock}
	users := &Users{store: d.Store, hasher: d.Hasher, clock: d.Clock, options: options, mails: mails, members: members}
	d.Store.OnPosted(func(posted []chat.Message) {
		events := make([]chat.Event, len(posted))
		for i := range posted {
			events[i] = currentEvent(posted[i])
		}
		d.Publisher.Announce(events...)
	})
	second := &TwoFactor{store: d.Store, vault: d.Vault, tickets: tickets, issuer: d.Issuer, clock: d.Clock, log: d.Logger}
	sessions := &Sessions{
		store: d.Store, hasher: d.Hasher, tokens: d.Tokens, publisher: d.Publisher, clock: d.Clock, log: d.Logger, users: users,
		second: second, mails: mails, tickets: tickets,
		families: session.NewFamilies(d.Keeper, d.Sessions, d.Clock), revoked: session.NewRevocations(d.Sessions.Remember, d.Clock),
		// Also with another keeper: what the database still has of a time without it goes.
		sweep: func(ctx context.Context, at time.Time) (int64, error) {
			sessions, err := stored.Sweep(ctx, at)
			if err != nil {
				return 0, err
			}
			tickets, err := d.Store.SweepTickets(ctx, at)
			return sessions + tickets, err
		},
	}
	second.sessions = sessions
	people := &People{store: d.Store, clock: d.Clock, sessions: sessions, members: members}
	passkeys := &Passkeys{store: d.Store, sessions: sessions, party: d.Passkeys, tickets: tickets, clock: d.Clock, log: d.Logger}
	identities := &Identities{
		store: d.Store, sessions: sessions, options: options, providers: d.Providers, signUp: d.ProviderSignUp,
		people: people, roles: d.ProviderRoles, tickets: tickets, clock: d.Clock, log: d.Logger,
	}
	sessions.proofs = &Proofs{
		store: d.Store, sessions: sessions, second: second, passkeys: passkeys, identities: identities, after: d.ReauthenticateAfter, clock: d.Clock,
	}
	return &Service{
		Options:   options,
		Users:     users,
		Emails:    &Emails{store: d.Store, users: users, sessions: sessions, mails: mails, tickets: tickets},
		Mails:     mails,
		Sessions:  sessions,
		People:    people,
		Invites:   &Invites{store: d.Store, clock: d.Clock, options: options, access: access, sessions: sessions},
		TwoFactor: second, Passkeys: passkeys, Identities: identities, Proofs: sessions.proofs,
		Notices:  &Notices{store: d.Store},
		Rooms:    &Rooms{store: d.Store, publisher: d.Publisher, clock: d.Clock, members: members, sessions: sessions},
		Members:  members,
		Messages: &Messages{store: d.Store, access: access, publisher: d.Publisher, doubts: doubts, clock: d.Clock},
		Doubts:   doubts,
		History:  d.Store.History(),
	}
}

// now is the clock's time as the store keeps it.
func now(c chat.Clock) time.Time { return chat.Truncate(c()) }

// name brings a name into the one form in which it is stored and compared (Unicode NFC, no space around it).
func name(s string) string { return trim(norm.NFC.String(s)) }

// live drops a caller's cancellation: what is half done for a person who hung up is finished all the same.
func live(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

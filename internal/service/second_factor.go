package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"parley/internal/chat"
)

const (
	ticketSignIn chat.TicketKind = "sign_in.second_factor"
	signInLife                   = 5 * time.Minute
)

// Opened is what a right password gets: a session, or a challenge to show a second factor first.
type Opened struct {
	Session
	Challenge *Challenge
}

// Challenge is a sign-in that waits for its second factor. It is bound to the account and to the password that was right.
type Challenge struct {
	Ticket  string
	Methods []string
	Expires time.Time
}

// challenge asks for a second factor; nil when the account has none.
func (s *Sessions) challenge(ctx context.Context, user chat.User, hash string) (*Challenge, error) {
	key, err := s.store.TOTPKey(ctx, user.ID)
	if errors.Is(err, chat.ErrTwoFactorOff) {
		return nil, nil //nolint:nilnil // nothing to ask for is no failure
	}
	if err != nil {
		return nil, err
	}
	passkeys, err := s.store.ListPasskeys(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	methods := []string{chat.MethodTOTP}
	if key.CodesLeft > 0 {
		methods = append(methods, chat.MethodRecoveryCode)
	}
	if len(passkeys) > 0 {
		methods = append(methods, chat.MethodPasskey)
	}
	ticket, err := s.tickets.issue(ctx, chat.Ticket{Kind: ticketSignIn, User: user.ID, Data: ofPassword(hash)}, signInLife)
	if err != nil {
		return nil, err
	}
	return &Challenge{Ticket: ticket, Methods: methods, Expires: now(s.clock).Add(signInLife)}, nil
}

// ofPassword marks a ticket with the password that it was given for, without keeping another copy of its hash.
func ofPassword(hash string) string {
	sum := sha256.Sum256([]byte(hash))
	return hex.EncodeToString(sum[:])
}

// Waiting returns the name of the account whose sign-in a ticket stands for, or chat.ErrTicketOver.
func (s *Sessions) Waiting(ctx context.Context, ticket string) (string, error) {
	t, err := s.tickets.look(ctx, ticketSignIn, ticket)
	if err != nil {
		return "", err
	}
	user, _, err := s.waiting(ctx, t)
	return user.Username, err
}

// waiting returns the account of a ticket with the hash of its password. An account that is gone, or has another password now, is
// chat.ErrTicketOver.
func (s *Sessions) waiting(ctx context.Context, t chat.Ticket) (chat.User, string, error) {
	user, err := s.store.UserByID(ctx, t.User)
	if err == nil {
		var hash string
		if user, hash, err = s.store.UserByUsername(ctx, user.Username); err == nil && ofPassword(hash) == t.Data {
			return user, hash, nil
		}
	}
	if err == nil || errors.Is(err, chat.ErrUserNotFound) {
		err = chat.ErrTicketOver
	}
	return chat.User{}, "", err
}

// OpenWith finishes a sign-in that waits for a second factor. A ticket that is spent, or whose account has another password or no second
// step any more, is chat.ErrTicketOver.
func (s *Sessions) OpenWith(ctx context.Context, ticket string, shown chat.SecondFactor, d chat.Device) (Session, error) {
	if err := shown.Check(); err != nil {
		return Session{}, err
	}
	t, err := s.tickets.try(ctx, ticketSignIn, ticket, maxCodeTries)
	if err != nil {
		return Session{}, err
	}
	user, hash, err := s.waiting(ctx, t)
	if err != nil {
		return Session{}, err
	}
	if err := s.second.check(ctx, user.ID, shown); err != nil {
		if errors.Is(err, chat.ErrTwoFactorOff) {
			err = chat.ErrTicketOver
		}
		return Session{}, err
	}
	if _, err := s.tickets.take(ctx, ticketSignIn, ticket); err != nil {
		return Session{}, err
	}
	var notices []chat.Notice
	if shown.RecoveryCode != "" {
		s.recordLate(live(ctx), d, []chat.AuditEntry{{Action: chat.AuditRecoveryUsed, Actor: user.ID, User: user.ID}}, nil)
		notices = []chat.Notice{{Kind: chat.NoticeRecoveryUsed}}
	}
	opened, err := s.open(ctx, user, d, notices...)
	if err != nil {
		return Session{}, err
	}
	return opened, s.stillGood(ctx, opened, hash, "")
}

// open starts the session of somebody who has proved who they are, and tells them of it when the device is a new one, and of whatever else
// the caller has for them.
func (s *Sessions) open(ctx context.Context, user chat.User, d chat.Device, notices ...chat.Notice) (Session, error) {
	seen, err := s.store.DeviceSeen(ctx, user.ID, chat.AuditSessionOpened, d, now(s.clock).Add(-deviceMemory))
	if err != nil {
		return Session{}, fmt.Errorf("open session: %w", err)
	}
	if !seen {
		notices = append(notices, chat.Notice{Kind: chat.NoticeSessionOpened})
	}
	return s.start(ctx, user, d, notices)
}

// checkPassword asks somebody who is signed in for their password. A wrong one is chat.ErrWrongPassword.
func (s *Sessions) checkPassword(ctx context.Context, actor chat.Actor, password string) (chat.User, error) {
	user, err := s.users.Me(ctx, actor)
	if err != nil {
		return chat.User{}, err
	}
	_, hash, err := s.store.UserByUsername(ctx, user.Username)
	if err != nil {
		return chat.User{}, fmt.Errorf("check password: %w", err)
	}
	if len(password) > maxPasswordBytes {
		return chat.User{}, chat.ErrWrongPassword
	}
	ok, _, err := s.hasher.Verify(ctx, hash, password)
	if err != nil {
		return chat.User{}, fmt.Errorf("check password: %w", err)
	}
	if !ok {
		return chat.User{}, chat.ErrWrongPassword
	}
	return user, nil
}

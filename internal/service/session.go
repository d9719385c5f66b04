package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/session"
	"parley/internal/store"
)

// Sessions are sign-ins: a short access token that is kept in memory, and a refresh token that rotates.
type Sessions struct {
	store     *store.Store
	hasher    *auth.Hasher
	tokens    *auth.Tokens
	families  *session.Families
	revoked   *session.Revocations
	publisher Publisher
	clock     chat.Clock
	log       *slog.Logger
	users     *Users
	second    *TwoFactor
	proofs    *Proofs
	mails     *Mails
	tickets   *tickets
	sweep     func(context.Context, time.Time) (int64, error)

	owed       owed
	catchingUp sync.Mutex
	caughtUp   time.Time // what ended before this is in revoked
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

// deviceMemory is how long a device is not new any more after a sign-in from it.
const deviceMemory = 90 * 24 * time.Hour

// SignUp creates an account and signs it in.
func (s *Sessions) SignUp(ctx context.Context, in chat.SignUp, d chat.Device) (Session, error) {
	done, err := s.users.SignUp(ctx, in)
	if err != nil {
		return Session{}, err
	}
	if user := done.User; done.Invite != 0 {
		s.recordLate(live(ctx), d, []chat.AuditEntry{
			{Action: chat.AuditInviteUsed, Actor: user.ID, User: user.ID, Detail: inviteDetail(done.Invite, user.Role)},
		}, nil)
	}
	return s.start(ctx, done.User, d, nil)
}

// Open signs a person in, or asks for a second factor where the account has one. An unknown name and a wrong password are the same
// chat.ErrBadCredentials and take the same time. The person is told when the device is a new one.
func (s *Sessions) Open(ctx context.Context, username, password string, d chat.Device) (Opened, error) {
	user, hash, err := s.lookUp(ctx, username)
	if err != nil && !errors.Is(err, chat.ErrUserNotFound) {
		return Opened{}, fmt.Errorf("open session: %w", err)
	}
	if err != nil || len(password) > maxPasswordBytes {
		if err := s.hasher.VerifyDummy(ctx, password[:min(len(password), maxPasswordBytes)]); err != nil {
			return Opened{}, fmt.Errorf("open session: %w", err)
		}
		return Opened{}, chat.ErrBadCredentials
	}
	ok, rehash, err := s.hasher.Verify(ctx, hash, password)
	switch {
	case err != nil:
		return Opened{}, fmt.Errorf("open session: %w", err)
	case !ok:
		return Opened{}, chat.ErrBadCredentials
	case user.Deactivated(): // told to whoever knows the password, and to nobody else
		return Opened{}, chat.ErrDeactivated
	case rehash:
		hash = s.rehash(live(ctx), user, hash, password)
	}
	challenge, err := s.challenge(ctx, user, hash)
	if err != nil || challenge != nil {
		return Opened{Challenge: challenge}, err
	}
	opened, err := s.open(ctx, user, d)
	if err != nil {
		return Opened{}, err
	}
	return Opened{Session: opened}, s.stillGood(ctx, opened, hash, password)
}

// stillGood takes a sign-in back whose password was changed while it was being checked: the change has ended every session that it saw, and
// did not see this one. With the password at hand, another hash of the same one is no change.
func (s *Sessions) stillGood(ctx context.Context, opened Session, hash, password string) error {
	_, after, err := s.store.UserByUsername(ctx, opened.User.Username)
	good := err == nil && after == hash
	if err == nil && !good && password != "" {
		good, _, err = s.hasher.Verify(ctx, after, password)
	}
	if good {
		return nil
	}
	if closeErr := s.Close(live(ctx), opened.RefreshToken, chat.Device{}); closeErr != nil || err != nil {
		return fmt.Errorf("open session: %w", errors.Join(err, closeErr))
	}
	return chat.ErrBadCredentials
}

// lookUp finds an account by name; a text that cannot be a name is not looked for.
func (s *Sessions) lookUp(ctx context.Context, username string) (chat.User, string, error) {
	if chat.Encoding(username).Code != "" || len(username) > chat.MaxUsername {
		return chat.User{}, "", chat.ErrUserNotFound
	}
	return s.store.UserByUsername(ctx, username)
}

// rehash stores the password under today's parameters and returns the hash of it that is stored now: another one when another
// sign-in was first. Failing is no reason to refuse the sign-in: the next one tries again.
func (s *Sessions) rehash(ctx context.Context, user chat.User, old, password string) string {
	hash, err := s.hasher.Hash(ctx, password)
	replaced := false
	if err == nil {
		replaced, err = s.store.UpdatePasswordHash(ctx, user.ID, old, hash)
	}
	good := replaced
	if err == nil && !replaced {
		if _, hash, err = s.store.UserByUsername(ctx, user.Username); err == nil {
			good, _, err = s.hasher.Verify(ctx, hash, password)
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "password not rehashed", slog.Int64("user_id", int64(user.ID)), slog.Any("error", err))
	}
	if !good {
		return old
	}
	return hash
}

// Refresh trades a refresh token for a new pair. A token of no living session is chat.ErrSessionOver. So is one that was used before, and
// then its session ends, its owner is told, and it is in the audit.
func (s *Sessions) Refresh(ctx context.Context, refreshToken string, d chat.Device) (Session, error) {
	kept, next, err := s.families.Rotate(ctx, refreshToken, session.Device(d))
	switch {
	case errors.Is(err, session.ErrReused):
		s.reused(live(ctx), kept, d)
		return Session{}, chat.ErrSessionOver
	case err != nil:
		return Session{}, fmt.Errorf("refresh session: %w", sessionError(err))
	}
	user, err := s.store.UserByID(ctx, chat.UserID(kept.User))
	if errors.Is(err, chat.ErrUserNotFound) {
		return Session{}, chat.ErrSessionOver
	}
	if err != nil {
		return Session{}, fmt.Errorf("refresh session: %w", err)
	}
	if user.Deactivated() { // its sessions have ended, but for one that could not be ended then
		return Session{}, errors.Join(chat.ErrSessionOver, s.endAll(live(ctx), chat.Actor{}, user.ID, d))
	}
	return s.issue(user, kept, next)
}

// reused has a session's access stopped everywhere and its owner told. The session itself has ended already, so nothing that fails here lets
// the thief go on for longer than an access token lives.
func (s *Sessions) reused(ctx context.Context, kept session.Session, d chat.Device) {
	s.revoke(kept)
	user := chat.UserID(kept.User)
	s.log.WarnContext(ctx, "refresh token reused; the session has ended",
		slog.Int64("user_id", kept.User), slog.String("session_id", kept.ID), slog.String("place", d.Place))
	s.recordLate(ctx, d,
		[]chat.AuditEntry{{Action: chat.AuditSessionReused, User: user, Session: chat.SessionID(kept.ID)}},
		[]chat.Notice{{Kind: chat.NoticeSessionReused, User: user, Session: chat.SessionID(kept.ID)}})
}

// Close ends the session of a refresh token. Ending one that is over is no error.
func (s *Sessions) Close(ctx context.Context, refreshToken string, d chat.Device) error {
	ended, ok, err := s.families.Close(ctx, refreshToken)
	if err != nil {
		return sessionError(err)
	}
	if ok {
		s.ended(live(ctx), chat.UserID(ended.User), d, ended)
	}
	return nil
}

// Leave ends the session that a browser was in when it signed in anew. Its cookie is replaced, so its owner would not use it again, and whoever has a
// copy could go on without being noticed by a second use.
func (s *Sessions) Leave(ctx context.Context, refreshToken string, d chat.Device) {
	if former, ok := s.families.Of(refreshToken); ok {
		s.leave(ctx, former, d)
	}
}

func (s *Sessions) leave(ctx context.Context, former session.Ref, d chat.Device) {
	ctx = live(ctx)
	ended, ok, err := s.families.End(ctx, former.User, former.ID)
	if err != nil {
		s.log.WarnContext(ctx, "the session that a browser was in before was not ended", slog.String("session_id", former.ID), slog.Any("error", err))
	}
	if ok {
		s.ended(ctx, chat.UserID(ended.User), d, ended)
	}
}

// Authenticate returns who an access token speaks for and until when, or chat.ErrUnauthenticated. A token of a session that has ended is
// refused as soon as this node knows of it.
func (s *Sessions) Authenticate(token string) (chat.Actor, time.Time, error) {
	claims, err := s.tokens.Verify(token)
	if err != nil {
		return chat.Actor{}, time.Time{}, chat.ErrUnauthenticated.Because(err)
	}
	if s.revoked.Has(claims.SessionID) {
		return chat.Actor{}, time.Time{}, chat.ErrUnauthenticated
	}
	return chat.Actor{User: chat.UserID(claims.UserID), Session: chat.SessionID(claims.SessionID)}, claims.ExpiresAt, nil
}

// Sweep removes what is kept of sessions and tickets that are over, and returns how much that was.
func (s *Sessions) Sweep(ctx context.Context) (int64, error) { return s.sweep(ctx, now(s.clock)) }

func (s *Sessions) start(ctx context.Context, user chat.User, d chat.Device, notices []chat.Notice) (Session, error) {
	kept, token, evicted, err := s.families.Begin(ctx, int64(user.ID), session.Device(d))
	if err != nil {
		return Session{}, fmt.Errorf("start session: %w", sessionError(err))
	}
	s.revoke(evicted...)
	// Whoever deactivates an account ends the sessions that they find after it; this one may have begun after that.
	if user, err = s.store.UserByID(ctx, user.ID); err == nil && user.Deactivated() {
		err = chat.ErrDeactivated
	}
	if err != nil {
		_, _, undo := s.families.End(live(ctx), kept.User, kept.ID)
		return Session{}, errors.Join(fmt.Errorf("start session: %w", err), undo)
	}
	id := chat.SessionID(kept.ID)
	entries := []chat.AuditEntry{{Action: chat.AuditSessionOpened, Actor: user.ID, User: user.ID, Session: id}}
	for _, e := range evicted {
		entries = append(entries, chat.AuditEntry{Action: chat.AuditSessionEvicted, User: user.ID, Session: chat.SessionID(e.ID)})
	}
	for i := range notices {
		notices[i].User, notices[i].Session = user.ID, id
	}
	// A sign-in that is not in the audit must not be: the session has been told to nobody yet.
	if err := s.record(ctx, d, entries, notices); err != nil {
		_, _, undo := s.families.End(live(ctx), kept.User, kept.ID)
		return Session{}, errors.Join(fmt.Errorf("start session: %w", err), undo)
	}
	return s.issue(user, kept, token)
}

func (s *Sessions) issue(user chat.User, kept session.Session, refreshToken string) (Session, error) {
	access, expires, err := s.tokens.Issue(int64(user.ID), kept.ID)
	if err != nil {
		return Session{}, fmt.Errorf("issue access token: %w", err)
	}
	return Session{
		User: user, AccessToken: access, AccessExpires: expires, RefreshToken: refreshToken, RefreshExpires: kept.Ends(s.families.Policy()),
	}, nil
}

// sessionError gives the engine's errors their kind: a store that is away is no reason to sign in again.
func sessionError(err error) error {
	switch {
	case errors.Is(err, session.ErrOver):
		return chat.ErrSessionOver
	case errors.Is(err, session.ErrUnavailable):
		return chat.ErrUnavailable.Because(err)
	}
	return err
}

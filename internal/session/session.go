package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors of Families. Whatever else comes out of it is a Keeper's error and says nothing about the session.
var (
	// ErrOver says that a token belongs to no living session: unknown, ended, unused for too long, or past its end.
	ErrOver = errors.New("session: over")
	// ErrReused says that a token was used before, so somebody has a copy. The session has ended.
	ErrReused = errors.New("session: refresh token reused")
	// ErrUnavailable says that the sessions cannot be asked now. It never means that a session is over.
	ErrUnavailable = errors.New("session: store unavailable")
)

// Policy is how long sessions live and how many there may be.
type Policy struct {
	Idle, Absolute time.Duration // unused, and from the beginning
	Grace          time.Duration // how long the previous token still gets its successor
	PerUser        int           // one more ends the one that was unused longest
	Remember       time.Duration // how long it is known that a session ended: longer than any access token lives
}

// The policy's numbers that are no settings.
const (
	DefaultGrace   = 10 * time.Second
	DefaultPerUser = 20
)

// Device is what is known of who used a session last: a program and a place in the network, both as a person may read them.
type Device struct{ Agent, Place string }

// Session is a sign-in on one device. UsedAt and Device are those of its latest refresh, ProvedAt is when the user last proved who they are.
type Session struct {
	ID                                     string
	User                                   int64
	Device                                 Device
	CreatedAt, UsedAt, ExpiresAt, ProvedAt time.Time
}

// Ends is when the session ends if it is not used again.
func (s Session) Ends(p Policy) time.Time {
	if idle := s.UsedAt.Add(p.Idle); idle.Before(s.ExpiresAt) {
		return idle
	}
	return s.ExpiresAt
}

// Ref names a session and its user.
type Ref struct {
	ID   string
	User int64
}

// Change is what presenting a token asks of a Keeper. Hashes and the sealed successor are opaque to it.
type Change struct {
	Ref
	Presented, Next string // hashes
	Sealed          string // the successor, to be given to whoever presents the same token again
	Device          Device
	Now             time.Time
}

// Verdict is what presenting a token came to.
type Verdict uint8

// The verdicts, as the package comment tells them.
const (
	Over Verdict = iota
	Rotated
	Graced
	Reused
)

// Keeper stores sessions. All times come from the caller.
//
// Every method is atomic, also against other processes: of any number of Rotate with the same current token exactly one is Rotated, and
// until Grace has passed the others are Graced with the Sealed of that one. A method that returns nil has taken effect for every later
// call of anybody. A method that cannot ask its storage returns an error and no verdict: being away is never Over.
//
// What ends a session before its time (Insert over the limit, a Rotate that is Reused, Delete) is in Ended from that moment on for
// Policy.Remember. Sessions that run out are not: their access tokens run out with them.
type Keeper interface {
	// Insert stores a new session whose current token has this hash. When the user would have more than PerUser living ones, those unused
	// longest end, and are returned.
	Insert(ctx context.Context, s Session, hash string) (ended []Session, err error)
	// Rotate judges a token. The session is returned for every verdict but Over, after the change for Rotated and as it was for the others;
	// sealed is returned for Graced.
	Rotate(ctx context.Context, c Change) (v Verdict, s Session, sealed string, err error)
	// List returns a user's living sessions, the latest used first.
	List(ctx context.Context, user int64, now time.Time) ([]Session, error)
	// Prove notes that the user of a living session has proved who they are, and leaves a later proof as it is. ok is false when there is no
	// such session.
	Prove(ctx context.Context, r Ref, now time.Time) (ok bool, err error)
	// Delete ends one session of a user, or with an empty only all of them but one. It returns those that it ended.
	Delete(ctx context.Context, user int64, only, except string, now time.Time) ([]Session, error)
	// Ended returns the sessions that were ended since a time.
	Ended(ctx context.Context, since time.Time) ([]Ref, error)
}

// Families begins sessions and rotates their tokens. It is safe for concurrent use.
type Families struct {
	keeper Keeper
	policy Policy
	now    func() time.Time
}

// NewFamilies keeps sessions in keeper. now is the clock.
func NewFamilies(keeper Keeper, policy Policy, now func() time.Time) *Families {
	return &Families{keeper: keeper, policy: policy, now: func() time.Time { return now().UTC().Truncate(time.Millisecond) }}
}

// Policy returns how long sessions live.
func (f *Families) Policy() Policy { return f.policy }

// Begin starts a session and returns it with its first refresh token, and the sessions that ended to make room for it.
func (f *Families) Begin(ctx context.Context, user int64, d Device) (s Session, refreshToken string, ended []Session, err error) {
	t, now := newToken(user), f.now()
	s = Session{ID: t.id(), User: user, Device: d, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(f.policy.Absolute), ProvedAt: now}
	if ended, err = f.keeper.Insert(ctx, s, t.hash()); err != nil {
		return Session{}, "", nil, fmt.Errorf("begin session: %w", err)
	}
	return s, t.String(), ended, nil
}

// Rotate trades a refresh token for its successor. With ErrReused the session that has ended is returned too.
func (f *Families) Rotate(ctx context.Context, refreshToken string, d Device) (Session, string, error) {
	t, ok := parse(refreshToken)
	if !ok {
		return Session{}, "", ErrOver
	}
	next := t.successor()
	sealed, err := t.seal(next)
	if err != nil {
		return Session{}, "", fmt.Errorf("rotate session: %w", err)
	}
	verdict, s, kept, err := f.keeper.Rotate(ctx, Change{
		Ref: Ref{ID: t.id(), User: t.user()}, Presented: t.hash(), Next: next.hash(), Sealed: sealed, Device: d, Now: f.now(),
	})
	if err != nil {
		return Session{}, "", fmt.Errorf("rotate session: %w", err)
	}
	switch verdict {
	case Rotated:
		return s, next.String(), nil
	case Graced:
		if next, err = t.open(kept); err != nil {
			return Session{}, "", fmt.Errorf("rotate session: %w", err)
		}
		return s, next.String(), nil
	case Reused:
		return s, "", ErrReused
	default:
		return Session{}, "", ErrOver
	}
}

// Of names the session of a refresh token, whichever of its tokens it is and whether the session lives or not; ok is false for what is no token.
func (f *Families) Of(refreshToken string) (r Ref, ok bool) {
	t, ok := parse(refreshToken)
	if !ok {
		return Ref{}, false
	}
	return Ref{ID: t.id(), User: t.user()}, true
}

// Close ends the session of a refresh token, whichever of its tokens it is: only its holder had any of them. ok is false when there is no
// such session.
func (f *Families) Close(ctx context.Context, refreshToken string) (s Session, ok bool, err error) {
	r, ok := f.Of(refreshToken)
	if !ok {
		return Session{}, false, nil
	}
	return f.End(ctx, r.User, r.ID)
}

// End ends one session of a user. ok is false when there is no such session.
func (f *Families) End(ctx context.Context, user int64, id string) (s Session, ok bool, err error) {
	if id == "" { // to the Keeper that would be all of them
		return Session{}, false, nil
	}
	ended, err := f.keeper.Delete(ctx, user, id, "", f.now())
	if err != nil {
		return Session{}, false, fmt.Errorf("end session: %w", err)
	}
	if len(ended) == 0 {
		return Session{}, false, nil
	}
	return ended[0], true, nil
}

// EndAll ends every session of a user but one, which may be empty, and returns those that ended.
func (f *Families) EndAll(ctx context.Context, user int64, except string) ([]Session, error) {
	ended, err := f.keeper.Delete(ctx, user, "", except, f.now())
	if err != nil {
		return nil, fmt.Errorf("end sessions: %w", err)
	}
	return ended, nil
}

// List returns a user's living sessions, the latest used first.
func (f *Families) List(ctx context.Context, user int64) ([]Session, error) {
	list, err := f.keeper.List(ctx, user, f.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// Prove notes that the user of a session has just proved who they are. A session that is over is ErrOver.
func (f *Families) Prove(ctx context.Context, user int64, id string) error {
	ok, err := f.keeper.Prove(ctx, Ref{ID: id, User: user}, f.now())
	if err == nil && !ok {
		err = ErrOver
	}
	if err != nil {
		return fmt.Errorf("prove session: %w", err)
	}
	return nil
}

// Ended returns the sessions that were ended before their time since a moment.
func (f *Families) Ended(ctx context.Context, since time.Time) ([]Ref, error) {
	list, err := f.keeper.Ended(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("list ended sessions: %w", err)
	}
	return list, nil
}

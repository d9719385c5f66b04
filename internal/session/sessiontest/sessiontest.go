// Package sessiontest is the suite that every session.Keeper passes. It knows the engine and no implementation.
package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/session"
)

// Policy is what the Keeper under test is made with.
var Policy = session.Policy{
	Idle: 7 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour, Grace: session.DefaultGrace, PerUser: session.DefaultPerUser, Remember: 17 * time.Minute,
}

// Epoch is when the suite's clocks begin.
var Epoch = time.Date(2027, 1, 15, 8, 0, 0, 0, time.UTC)

// Bench is a Keeper under test. NewUser returns a user that has no session and is not used by any other test.
type Bench struct {
	Keeper  session.Keeper
	NewUser func(tb testing.TB) int64
}

// clock is a clock that only the test moves.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.set(Epoch)
	return c
}

func (c *clock) set(t time.Time)         { c.at.Store(t.UnixMilli()) }
func (c *clock) now() time.Time          { return time.UnixMilli(c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Milliseconds()) }

var (
	laptop = session.Device{Agent: "Firefox on Linux", Place: "203.0.113.0/24"}
	phone  = session.Device{Agent: "Safari on iPhone", Place: "2001:db8:1::/48"}
)

// Run holds a Keeper to what session.Keeper promises. Each test gets a Bench of its own, because each moves a clock of its own: a Keeper that
// forgets by the time of its callers must not be shared.
func Run(t *testing.T, bench func(tb testing.TB) Bench) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Bench){
		"life": life, "replay": replay, "limits of a life": limits, "nonsense": nonsense, "one too many": tooMany, "proofs": proofs, "end": end, "end all": endAll, "ended since": endedSince,
		"a stampede of tabs": stampede, "at most so many under concurrency": crowd, "what a dump holds": dump, "model": model, "mutants": mutants,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bench(t))
		})
	}
}

func begin(tb testing.TB, f *session.Families, user int64) (session.Session, string) {
	tb.Helper()
	s, token, _, err := f.Begin(context.Background(), user, laptop)
	if err != nil {
		tb.Fatal(err)
	}
	return s, token
}

func rotate(tb testing.TB, f *session.Families, token string) string {
	tb.Helper()
	_, next, err := f.Rotate(context.Background(), token, laptop)
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

// refused fails the test when the token is good or refused for another reason.
func refused(tb testing.TB, f *session.Families, token string, want error) session.Session {
	tb.Helper()
	s, next, err := f.Rotate(context.Background(), token, laptop)
	if !errors.Is(err, want) || next != "" {
		tb.Fatalf("token %q, %v; want %v", next, err, want)
	}
	return s
}

func ids(tb testing.TB, f *session.Families, user int64) []string {
	tb.Helper()
	list, err := f.List(context.Background(), user)
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.ID
	}
	return out
}

func life(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	first, token := begin(t, f, user)
	want := session.Session{ID: first.ID, User: user, Device: laptop, CreatedAt: Epoch, UsedAt: Epoch, ExpiresAt: Epoch.Add(Policy.Absolute), ProvedAt: Epoch}
	if first != want {
		t.Errorf("begun %+v, want %+v", first, want)
	}
	c.advance(time.Hour)
	s, next, err := f.Rotate(context.Background(), token, phone)
	want.UsedAt, want.Device = Epoch.Add(time.Hour), phone
	if err != nil || s != want || next == token {
		t.Errorf("rotated %+v, %v; want %+v", s, err, want)
	}
	second, _ := begin(t, f, user)
	list, err := f.List(context.Background(), user)
	if err != nil || len(list) != 2 {
		t.Fatalf("list %+v, %v", list, err)
	}
	for _, s := range list {
		if s != want && s != second {
			t.Errorf("listed %+v", s)
		}
	}
	if got := ids(t, f, b.NewUser(t)); len(got) != 0 {
		t.Errorf("somebody else's sessions: %v", got)
	}
}

func replay(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	first, one := begin(t, f, user)
	two := rotate(t, f, one)
	c.advance(Policy.Grace - time.Millisecond)
	if again := rotate(t, f, one); again != two {
		t.Error("within the grace there was another successor")
	}
	c.advance(time.Millisecond)
	other, _ := begin(t, f, user)
	if s := refused(t, f, one, session.ErrReused); s.ID != first.ID || s.User != user {
		t.Errorf("reuse is said of %+v", s)
	}
	refused(t, f, one, session.ErrOver)
	refused(t, f, two, session.ErrOver)
	if got := ids(t, f, user); fmt.Sprint(got) != fmt.Sprint([]string{other.ID}) {
		t.Errorf("left are %v; the other session is not concerned", got)
	}
	ended(t, f, first.ID)

	// A grandparent has no grace, however young it is.
	_, one = begin(t, f, user)
	two = rotate(t, f, one)
	three := rotate(t, f, two)
	refused(t, f, one, session.ErrReused)
	refused(t, f, three, session.ErrOver)
}

// ended fails the test when a session is not among those that ended since the Epoch.
func ended(tb testing.TB, f *session.Families, id string) {
	tb.Helper()
	refs, err := f.Ended(context.Background(), Epoch)
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range refs {
		if r.ID == id {
			return
		}
	}
	tb.Errorf("session %s is not among those that ended", id)
}

func limits(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	_, token := begin(t, f, user)
	c.advance(Policy.Idle - time.Millisecond)
	token = rotate(t, f, token)
	c.advance(Policy.Idle)
	if got := ids(t, f, user); len(got) != 0 {
		t.Errorf("idle for too long and still listed: %v", got)
	}
	refused(t, f, token, session.ErrOver)

	_, token = begin(t, f, user)
	for range 5 {
		c.advance(Policy.Idle - time.Millisecond)
		s, next, err := f.Rotate(context.Background(), token, laptop)
		if err != nil {
			if !errors.Is(err, session.ErrOver) || len(ids(t, f, user)) != 0 {
				t.Errorf("past its end: %v", err)
			}
			return
		}
		if s.Ends(Policy).After(s.ExpiresAt) {
			t.Errorf("a session of %+v would end at %v", s, s.Ends(Policy))
		}
		token = next
	}
	t.Error("a session that is used lives for ever")
}

func nonsense(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	_, token := begin(t, f, user)
	_, foreign := begin(t, f, b.NewUser(t))
	for name, text := range map[string]string{
		"empty": "", "short": token[:75], "long": token + "A", "padded": token[:75] + "=", "line break": token[:75] + "\n",
		"other version": "B" + token[1:], "another's user": foreign[:12] + token[12:],
	} {
		if _, _, err := f.Rotate(context.Background(), text, laptop); !errors.Is(err, session.ErrOver) {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok, err := f.Close(context.Background(), text); ok || err != nil {
			t.Errorf("close %s: %v, %v", name, ok, err)
		}
	}
	if _, ok, err := f.End(context.Background(), user, ""); ok || err != nil {
		t.Errorf("end the session without a name: %v, %v", ok, err)
	}
	rotate(t, f, token) // none of that did it harm
}

func tooMany(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	var begun []session.Session
	var tokens []string
	for range Policy.PerUser {
		s, token := begin(t, f, user)
		begun, tokens = append(begun, s), append(tokens, token)
		c.advance(time.Second)
	}
	tokens[0] = rotate(t, f, tokens[0]) // the oldest is in use, so the next one goes
	s, _, gone, err := f.Begin(context.Background(), user, phone)
	if err != nil || len(gone) != 1 || gone[0] != begun[1] {
		t.Fatalf("one too many: %+v, %v; want %s to go", gone, err, begun[1].ID)
	}
	refused(t, f, tokens[1], session.ErrOver)
	rotate(t, f, tokens[0])
	ended(t, f, begun[1].ID)
	if got := ids(t, f, user); len(got) != Policy.PerUser {
		t.Errorf("%d sessions", len(got))
	}
	if _, ok, err := f.End(context.Background(), user, s.ID); !ok || err != nil {
		t.Errorf("end the newest: %v, %v", ok, err)
	}
	if _, _, gone, err := f.Begin(context.Background(), user, phone); len(gone) != 0 || err != nil {
		t.Errorf("there was room, and %v went (%v)", gone, err)
	}
}

// proofs are this session's alone, survive its rotations, and never go back.
func proofs(t *testing.T, b Bench) {
	ctx := context.Background()
	c, user, other := newClock(), b.NewUser(t), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	one, token := begin(t, f, user)
	two, _ := begin(t, f, user)
	provedAt := func(id string) time.Time {
		list, err := f.List(ctx, user)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.ID == id {
				return s.ProvedAt
			}
		}
		t.Fatalf("there is no session %s", id)
		return time.Time{}
	}
	c.advance(time.Hour)
	token = rotate(t, f, token)
	if at := provedAt(one.ID); !at.Equal(Epoch) {
		t.Errorf("a refresh counts as a proof: %v", at)
	}
	if err := f.Prove(ctx, user, one.ID); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour)
	token = rotate(t, f, token)
	if at := provedAt(one.ID); !at.Equal(Epoch.Add(time.Hour)) {
		t.Errorf("proved after an hour, and it says %v", at)
	}
	if at := provedAt(two.ID); !at.Equal(Epoch) {
		t.Errorf("the proof of one session counts in another: %v", at)
	}
	if ok, err := b.Keeper.Prove(ctx, session.Ref{ID: one.ID, User: user}, Epoch.Add(time.Minute)); !ok || err != nil {
		t.Errorf("prove late: %v, %v", ok, err)
	}
	if at := provedAt(one.ID); !at.Equal(Epoch.Add(time.Hour)) {
		t.Errorf("a proof was taken back to %v", at)
	}
	if err := f.Prove(ctx, other, one.ID); !errors.Is(err, session.ErrOver) {
		t.Errorf("somebody else's session: %v", err)
	}
	rotate(t, f, token) // proving leaves the tokens alone
	c.advance(Policy.Idle)
	if err := f.Prove(ctx, user, one.ID); !errors.Is(err, session.ErrOver) {
		t.Errorf("a session that is over: %v", err)
	}
}

func end(t *testing.T, b Bench) {
	ctx := context.Background()
	c, user, other := newClock(), b.NewUser(t), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	one, token := begin(t, f, user)
	if _, ok, err := f.End(ctx, other, one.ID); ok || err != nil {
		t.Errorf("somebody else's: %v, %v", ok, err)
	}
	next := rotate(t, f, token)
	if s, ok, err := f.Close(ctx, token); !ok || err != nil || s.ID != one.ID {
		t.Errorf("close with the token of before: %+v, %v, %v", s, ok, err)
	}
	refused(t, f, next, session.ErrOver)
	if _, ok, err := f.Close(ctx, next); ok || err != nil {
		t.Errorf("close twice: %v, %v", ok, err)
	}
	ended(t, f, one.ID)
}

func endAll(t *testing.T, b Bench) {
	ctx := context.Background()
	c, user, other := newClock(), b.NewUser(t), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	kept, _ := begin(t, f, user)
	two, _ := begin(t, f, user)
	three, _ := begin(t, f, user)
	theirs, _ := begin(t, f, other)
	gone, err := f.EndAll(ctx, user, kept.ID)
	if err != nil || len(gone) != 2 {
		t.Fatalf("all but one: %+v, %v", gone, err)
	}
	ended(t, f, two.ID)
	ended(t, f, three.ID)
	if got := ids(t, f, user); fmt.Sprint(got) != fmt.Sprint([]string{kept.ID}) {
		t.Errorf("kept %v, want %s", got, kept.ID)
	}
	if gone, err = f.EndAll(ctx, user, ""); err != nil || len(gone) != 1 {
		t.Errorf("all: %+v, %v", gone, err)
	}
	if got := ids(t, f, other); fmt.Sprint(got) != fmt.Sprint([]string{theirs.ID}) {
		t.Errorf("somebody else's sessions: %v", got)
	}
}

func endedSince(t *testing.T, b Bench) {
	ctx := context.Background()
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	one, _ := begin(t, f, user)
	if _, ok, err := f.End(ctx, user, one.ID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	c.advance(time.Minute)
	late, _ := begin(t, f, user)
	if _, ok, err := f.End(ctx, user, late.ID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	refs, err := f.Ended(ctx, c.now())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range refs {
		found = found || r == session.Ref{ID: late.ID, User: user}
		if r.ID == one.ID {
			t.Error("what ended a minute ago is told as if it had ended now")
		}
	}
	if !found {
		t.Errorf("ended since now: %v, without %s", refs, late.ID)
	}
}

// stampede is 50 tabs that present one token at once, twenty times: each round has exactly one successor and nobody is thrown out.
func stampede(t *testing.T, b Bench) {
	const tabs, rounds = 50, 20
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	_, token := begin(t, f, user)
	for round := range rounds {
		var mu sync.Mutex
		got := map[string]int{}
		var wg sync.WaitGroup
		for range tabs {
			wg.Go(func() {
				_, next, err := f.Rotate(context.Background(), token, laptop)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				got[next]++
			})
		}
		wg.Wait()
		if len(got) != 1 {
			t.Fatalf("round %d: %d different successors", round, len(got))
		}
		for next := range got {
			token = next
		}
		c.advance(time.Second)
	}
}

func crowd(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	f := session.NewFamilies(b.Keeper, Policy, c.now)
	var wg sync.WaitGroup
	for range Policy.PerUser + 10 {
		wg.Go(func() {
			if _, _, _, err := f.Begin(context.Background(), user, laptop); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := ids(t, f, user); len(got) != Policy.PerUser {
		t.Errorf("%d sessions, want %d", len(got), Policy.PerUser)
	}
}

// dump sees what a Keeper is given: neither a token nor a part of one that could be presented.
func dump(t *testing.T, b Bench) {
	c, user := newClock(), b.NewUser(t)
	seen := &eavesdropper{Keeper: b.Keeper}
	f := session.NewFamilies(seen, Policy, c.now)
	_, one := begin(t, f, user)
	two := rotate(t, f, one)
	rotate(t, f, two)
	for _, token := range []string{one, two} {
		// The user and the version are no secret; from there on no eight characters may be found.
		for at := 12; at+8 <= len(token); at++ {
			if seen.holds(token[at : at+8]) {
				t.Fatalf("the store is told %q of a token", token[at:at+8])
			}
		}
	}
}

package sessiontest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/internal/session"
)

// model compares a Keeper with the rule in its shortest form: a token is good if it is the current one, or the one before within the grace;
// anything older that was once ours ends the session.
func model(t *testing.T, b Bench) {
	judge(t, t, b.Keeper, b.NewUser)
}

func judge(tb testing.TB, r rapid.TB, keeper session.Keeper, newUser func(testing.TB) int64) {
	tb.Helper()
	user := newUser(tb) // one for all cases: what is left of one is only a session more
	rapid.Check(r, func(r *rapid.T) { history(r, keeper, user) })
}

func history(r *rapid.T, keeper session.Keeper, user int64) {
	ctx, c := context.Background(), newClock()
	f := session.NewFamilies(keeper, Policy, c.now)
	s, token, _, err := f.Begin(ctx, user, laptop)
	if err != nil {
		r.Fatal(err)
	}
	tokens, rotated, dead := []string{token}, c.now(), false
	over := func() bool { return dead || !c.now().Before(s.ExpiresAt) || c.now().Sub(rotated) >= Policy.Idle }
	r.Repeat(map[string]func(*rapid.T){
		"moment": func(r *rapid.T) {
			c.advance(time.Duration(rapid.IntRange(1, 15_000).Draw(r, "ms")) * time.Millisecond)
		},
		"days": func(r *rapid.T) { c.advance(time.Duration(rapid.IntRange(1, 5).Draw(r, "days")) * 24 * time.Hour) },
		"present": func(r *rapid.T) {
			age := rapid.IntRange(0, min(3, len(tokens)-1)).Draw(r, "age")
			at := len(tokens) - 1 - age
			_, next, err := f.Rotate(ctx, tokens[at], laptop)
			switch {
			case over():
				if !errors.Is(err, session.ErrOver) {
					r.Fatalf("a session that is over answers %v", err)
				}
				dead = true
			case age == 0:
				if err != nil {
					r.Fatalf("the current token: %v", err)
				}
				tokens, rotated = append(tokens, next), c.now()
			case age == 1 && c.now().Sub(rotated) < Policy.Grace:
				if err != nil || next != tokens[len(tokens)-1] {
					r.Fatalf("the previous token within the grace: %v, the same successor: %v", err, next == tokens[len(tokens)-1])
				}
			default:
				if !errors.Is(err, session.ErrReused) {
					r.Fatalf("a token %d rotations old: %v", age, err)
				}
				dead = true
			}
		},
	})
	if _, _, err := f.End(ctx, user, s.ID); err != nil {
		r.Fatal(err)
	}
}

// The mutants fail on purpose: without this each would leave a file in testdata that says how, and the next run would begin with it. Set
// before any test runs, because the tests read it side by side.
var _ = flag.Set("rapid.nofailfile", "true")

// mutants are Keepers that break the promise in one place each. The model has to catch every one of them, or it proves nothing.
func mutants(t *testing.T, b Bench) {
	const rounds = 20 // one random history in four shows a mutant, and a round has twenty with -short
	for name, mutant := range map[string]session.Keeper{
		"accepts an older token": &mutant{Keeper: b.Keeper, sealed: map[string]string{}, older: true},
		"grace without end":      &mutant{Keeper: b.Keeper, sealed: map[string]string{}, endless: true},
		"forgets the grace":      &mutant{Keeper: b.Keeper, graceless: true},
		"spares a reused one":    &mutant{Keeper: b.Keeper, sparing: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !caught(rounds, func(r rapid.TB) { judge(t, r, mutant, b.NewUser) }) {
				t.Error("the model does not see it")
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if caught(1, func(r rapid.TB) { judge(t, r, b.Keeper, b.NewUser) }) {
			t.Error("the model sees a fault where there is none")
		}
	})
}

type mutant struct {
	session.Keeper
	mu                                 sync.Mutex
	sealed                             map[string]string // by the hash that was presented
	older, endless, graceless, sparing bool
}

func (m *mutant) Rotate(ctx context.Context, c session.Change) (session.Verdict, session.Session, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sealed, used := m.sealed[c.Presented]; used && (m.older || m.endless) {
		list, err := m.List(ctx, c.User, c.Now)
		for _, s := range list {
			if s.ID == c.ID && (m.older || c.Now.Sub(s.UsedAt) >= Policy.Grace) {
				return session.Graced, s, sealed, err
			}
		}
	}
	v, s, sealed, err := m.Keeper.Rotate(ctx, c)
	switch {
	case v == session.Rotated && m.sealed != nil:
		m.sealed[c.Presented] = c.Sealed
	case v == session.Graced && m.graceless:
		_, err := m.Delete(ctx, c.User, c.ID, "", c.Now)
		return session.Reused, s, "", err
	case v == session.Reused && m.sparing:
		return session.Over, session.Session{}, "", err
	}
	return v, s, sealed, err
}

// caught reports whether a property fails, tried so many times. It runs on a goroutine of its own, because failing ends the goroutine.
func caught(rounds int, property func(rapid.TB)) bool {
	v := &verdict{}
	for range rounds {
		var wg sync.WaitGroup
		wg.Go(func() { property(v) })
		wg.Wait()
		if v.Failed() {
			break
		}
	}
	return v.Failed()
}

// verdict is a test that only notes whether it failed.
type verdict struct {
	mu     sync.Mutex
	failed bool
}

func (*verdict) Helper()                 {}
func (*verdict) Name() string            { return "mutant" }
func (*verdict) Logf(string, ...any)     {}
func (*verdict) Log(...any)              {}
func (*verdict) Skipf(string, ...any)    { runtime.Goexit() }
func (*verdict) Skip(...any)             { runtime.Goexit() }
func (*verdict) SkipNow()                { runtime.Goexit() }
func (v *verdict) Errorf(string, ...any) { v.Fail() }
func (v *verdict) Error(...any)          { v.Fail() }
func (v *verdict) Fatalf(string, ...any) { v.FailNow() }
func (v *verdict) Fatal(...any)          { v.FailNow() }

func (v *verdict) FailNow() {
	v.Fail()
	runtime.Goexit()
}

func (v *verdict) Fail() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failed = true
}

func (v *verdict) Failed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failed
}

// eavesdropper remembers everything that a Keeper is given.
type eavesdropper struct {
	session.Keeper
	mu   sync.Mutex
	text strings.Builder
}

func (e *eavesdropper) Insert(ctx context.Context, s session.Session, hash string) ([]session.Session, error) {
	e.hear(s, hash)
	return e.Keeper.Insert(ctx, s, hash)
}

func (e *eavesdropper) Rotate(ctx context.Context, c session.Change) (session.Verdict, session.Session, string, error) {
	e.hear(c)
	return e.Keeper.Rotate(ctx, c)
}

func (e *eavesdropper) hear(what ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, _ = fmt.Fprintf(&e.text, "%+v\n", what)
}

func (e *eavesdropper) holds(part string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Contains(e.text.String(), part)
}

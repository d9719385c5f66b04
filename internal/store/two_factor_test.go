package store_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// one runs a change many times at once and fails unless it took place once.
func one(t *testing.T, change func() (bool, error)) {
	t.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ok, err := change()
			if err != nil {
				t.Error(err)
			} else if ok {
				done.Add(1)
			}
		})
	}
	all.Wait()
	if done.Load() != 1 {
		t.Errorf("it took place %d times, want once", done.Load())
	}
}

func TestTOTPKey(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, theo := newUser(t, s, "maya"), newUser(t, s, "theo")
		if _, err := s.TOTPKey(ctx, maya); !errors.Is(err, chat.ErrTwoFactorOff) {
			t.Errorf("without one: %v", err)
		}
		key := chat.TOTPKey{User: maya, Sealed: "k:one", LastStep: 100, CreatedAt: at}
		if err := s.InsertTOTPKey(ctx, key, []string{"a", "b"}); err != nil {
			t.Fatal(err)
		}
		if err := s.InsertTOTPKey(ctx, chat.TOTPKey{User: maya, Sealed: "k:two", CreatedAt: at}, []string{"c"}); !errors.Is(err, chat.ErrTwoFactorOn) {
			t.Errorf("a second one: %v", err)
		}
		key.CodesLeft = 2
		if got, err := s.TOTPKey(ctx, maya); err != nil || got != key {
			t.Errorf("key %+v, %v; want %+v", got, err, key)
		}
		one(t, func() (bool, error) { return s.AdvanceTOTPKey(ctx, key, 101) })
		for step, want := range map[int64]bool{99: false, 100: false, 101: false} {
			if ok, err := s.AdvanceTOTPKey(ctx, key, step); err != nil || ok != want {
				t.Errorf("step %d after 101: %v, %v", step, ok, err)
			}
		}
		one(t, func() (bool, error) { return s.TakeRecoveryCode(ctx, maya, "a") })
		if ok, err := s.TakeRecoveryCode(ctx, theo, "b"); ok || err != nil {
			t.Errorf("somebody else's code: %v, %v", ok, err)
		}
		one(t, func() (bool, error) { return s.ReplaceSealedTOTPKey(ctx, maya, "k:one", "n:one") })
		if ok, err := s.AdvanceTOTPKey(ctx, key, 102); ok || err != nil { // what was read is not what is there
			t.Errorf("under another seal: %v, %v", ok, err)
		}
		if list, err := s.ListSealedTOTPKeys(ctx, 0, 10); err != nil || len(list) != 1 || list[0].Sealed != "n:one" {
			t.Errorf("list %+v, %v", list, err)
		}
		if list, err := s.ListSealedTOTPKeys(ctx, maya, 10); err != nil || len(list) != 0 {
			t.Errorf("list after the last %+v, %v", list, err)
		}
		var all sync.WaitGroup
		for _, hashes := range [][]string{{"d", "e", "f"}, {"g", "h", "i"}} {
			all.Go(func() {
				if err := s.ReplaceRecoveryCodes(ctx, maya, hashes); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got, err := s.TOTPKey(ctx, maya); err != nil || got.CodesLeft != 3 {
			t.Errorf("two replaced the codes at once: %+v, %v; want the 3 of one of them", got, err)
		}
		if err := s.ReplaceRecoveryCodes(ctx, theo, []string{"x"}); !errors.Is(err, chat.ErrTwoFactorOff) {
			t.Errorf("codes without a key: %v", err)
		}
		if err := s.DeleteTOTPKey(ctx, maya); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteTOTPKey(ctx, maya); !errors.Is(err, chat.ErrTwoFactorOff) {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, theo := newUser(t, s, "maya"), newUser(t, s, "theo")
		insert := func(p chat.Passkey) chat.Passkey {
			t.Helper()
			p, err := s.InsertPasskey(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		counts := insert(chat.Passkey{
			User: maya, Credential: []byte{0, 1, 255}, PublicKey: []byte{2}, Transports: []string{"internal", "hybrid"}, SignCount: 4_000_000_000,
			BackupEligible: true, Name: "Phone", CreatedAt: at,
		})
		synced := insert(chat.Passkey{User: maya, Credential: []byte{3}, PublicKey: []byte{4}, Name: "Key", CreatedAt: at})
		if _, err := s.InsertPasskey(ctx, chat.Passkey{User: theo, Credential: []byte{3}, CreatedAt: at}); !errors.Is(err, chat.ErrPasskeyKnown) {
			t.Errorf("the same credential: %v", err)
		}
		got, err := s.PasskeyByCredential(ctx, counts.Credential)
		if err != nil || got.ID != counts.ID || got.SignCount != counts.SignCount || !slices.Equal(got.Transports, counts.Transports) ||
			!got.BackupEligible || got.BackedUp || !got.UsedAt.IsZero() || string(got.PublicKey) != "\x02" {
			t.Errorf("passkey %+v, %v; want %+v", got, err, counts)
		}
		if _, err := s.PasskeyByCredential(ctx, []byte("x")); !errors.Is(err, chat.ErrPasskeyNotFound) {
			t.Errorf("unknown: %v", err)
		}
		counts.SignCount++
		one(t, func() (bool, error) { return s.UsePasskey(ctx, counts, at) })
		counts.SignCount = 0
		if ok, err := s.UsePasskey(ctx, counts, at); ok || err != nil { // who counted does not stop
			t.Errorf("back to 0: %v, %v", ok, err)
		}
		for range 2 { // who does not count says 0 each time
			if ok, err := s.UsePasskey(ctx, synced, at); !ok || err != nil {
				t.Errorf("0 again: %v, %v", ok, err)
			}
		}
		for range chat.MaxPasskeys - 2 {
			insert(chat.Passkey{User: maya, Credential: []byte(t.Name() + string(rune('a'+len(mustList(t, s, maya))))), Name: "n", CreatedAt: at})
		}
		if _, err := s.InsertPasskey(ctx, chat.Passkey{User: maya, Credential: []byte("over"), CreatedAt: at}); !errors.Is(err, chat.ErrTooManyPasskeys) {
			t.Errorf("one too many: %v", err)
		}
		if err := s.RenamePasskey(ctx, theo, synced.ID, "Mine"); !errors.Is(err, chat.ErrPasskeyNotFound) {
			t.Errorf("renamed by somebody else: %v", err)
		}
		if err := s.DeletePasskey(ctx, theo, synced.ID, chat.WaysOpen{Passkeys: true}); !errors.Is(err, chat.ErrPasskeyNotFound) {
			t.Errorf("deleted by somebody else: %v", err)
		}
		if err := errors.Join(s.RenamePasskey(ctx, maya, synced.ID, "鍵"), s.DeletePasskey(ctx, maya, counts.ID, chat.WaysOpen{Passkeys: true})); err != nil {
			t.Error(err)
		}
		if list := mustList(t, s, maya); len(list) != chat.MaxPasskeys-1 || list[0].Name != "鍵" || !list[0].UsedAt.Equal(at) {
			t.Errorf("list %+v", list)
		}
	})
}

func mustList(t *testing.T, s *store.Store, user chat.UserID) []chat.Passkey {
	t.Helper()
	list, err := s.ListPasskeys(context.Background(), user)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

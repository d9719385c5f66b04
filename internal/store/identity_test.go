package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestIdentities(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya := newUser(t, s, "maya")
		at := chat.Truncate(time.Unix(1_700_000_000, 0).UTC())
		const issuer = "https://login.example.org/"
		linked, err := s.InsertIdentity(ctx, chat.Identity{User: maya, Issuer: issuer, Subject: "Sub|1", Label: "maya@x", LinkedAt: at, UsedAt: at})
		if err != nil {
			t.Fatal(err)
		}
		// Subjects are compared letter by letter.
		if _, err := s.UseIdentity(ctx, chat.Identity{Issuer: issuer, Subject: "sub|1"}); !errors.Is(err, chat.ErrIdentityNotFound) {
			t.Errorf("another subject: %v", err)
		}
		if _, err := s.UseIdentity(ctx, chat.Identity{Issuer: issuer + "x", Subject: "Sub|1"}); !errors.Is(err, chat.ErrIdentityNotFound) {
			t.Errorf("another issuer: %v", err)
		}
		used, err := s.UseIdentity(ctx, chat.Identity{Issuer: issuer, Subject: "Sub|1", Label: "maya@y", UsedAt: at.Add(time.Hour)})
		if err != nil || used.User != maya || used.ID != linked.ID || used.Label != "maya@y" || !used.UsedAt.Equal(at.Add(time.Hour)) || !used.LinkedAt.Equal(at) {
			t.Errorf("used: %+v, %v", used, err)
		}
		if _, err := s.InsertIdentity(ctx, chat.Identity{User: newUser(t, s, "theo"), Issuer: issuer, Subject: "Sub|1"}); !errors.Is(err, chat.ErrIdentityTaken) {
			t.Errorf("somebody else's: %v", err)
		}
		if _, err := s.InsertIdentity(ctx, chat.Identity{User: maya, Issuer: issuer, Subject: "other"}); !errors.Is(err, chat.ErrIssuerTaken) {
			t.Errorf("a second one of the issuer: %v", err)
		}
		ways, err := s.WaysIn(ctx, maya)
		if err != nil || len(ways.Identities) != 1 || !ways.Password {
			t.Errorf("ways in: %+v, %v", ways, err)
		}
		if gone, err := s.DeleteIdentity(ctx, maya, linked.ID, chat.WaysOpen{}); err != nil || gone.Issuer != issuer {
			t.Errorf("delete: %+v, %v", gone, err)
		}
	})
}

var anybody = chat.Admission{Policy: chat.SignUpOpen}

// Of the ways in that somebody has, whichever kind goes last stays.
func TestDelete_last_way_in(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, err := s.InsertUserWithIdentity(ctx, chat.User{Username: "maya", DisplayName: "Maya"}, chat.Identity{Issuer: "https://x.example", Subject: "1"}, anybody)
		if err != nil {
			t.Fatal(err)
		}
		key, err := s.InsertPasskey(ctx, chat.Passkey{User: maya.ID, Credential: []byte("c"), PublicKey: []byte("k"), Name: "phone"})
		if err != nil {
			t.Fatal(err)
		}
		ways, err := s.WaysIn(ctx, maya.ID)
		if err != nil {
			t.Fatal(err)
		}
		open := chat.WaysOpen{Issuers: []string{"https://x.example"}, Passkeys: true}
		if _, err := s.DeleteIdentity(ctx, maya.ID, ways.Identities[0].ID, open); err != nil {
			t.Errorf("with a passkey left: %v", err)
		}
		if err := s.DeletePasskey(ctx, maya.ID, key.ID, open); !errors.Is(err, chat.ErrLastWayIn) {
			t.Errorf("the passkey was the last way in: %v", err)
		}
		if replaced, err := s.UpdatePasswordHash(ctx, maya.ID, "", "hash"); err != nil || !replaced {
			t.Errorf("a first password: %v, %v", replaced, err)
		}
		if err := s.DeletePasskey(ctx, maya.ID, key.ID, open); err != nil {
			t.Errorf("with a password left: %v", err)
		}
	})
}

func TestInsertUserWithIdentity(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		in := chat.Identity{Issuer: "https://login.example.org", Subject: "1"}
		maya, err := s.InsertUserWithIdentity(ctx, chat.User{Username: "maya", DisplayName: "Maya"}, in, anybody)
		if err != nil {
			t.Fatal(err)
		}
		// Of an account that cannot be made nothing is left, neither for its name nor for its identity.
		if _, err := s.InsertUserWithIdentity(ctx, chat.User{Username: "Maya", DisplayName: "x"}, chat.Identity{Issuer: "i", Subject: "2"}, anybody); !errors.Is(err, chat.ErrUsernameTaken) {
			t.Errorf("a name that is taken: %v", err)
		}
		if _, err := s.InsertUserWithIdentity(ctx, chat.User{Username: "theo", DisplayName: "x"}, in, anybody); !errors.Is(err, chat.ErrIdentityTaken) {
			t.Errorf("an identity that is taken: %v", err)
		}
		if _, _, err := s.UserByUsername(ctx, "theo"); !errors.Is(err, chat.ErrUserNotFound) {
			t.Errorf("half an account is there: %v", err)
		}
		ways, err := s.WaysIn(ctx, maya.ID)
		if err != nil || len(ways.Identities) != 1 || ways.Password {
			t.Fatalf("ways in: %+v, %v", ways, err)
		}
		open := chat.WaysOpen{Issuers: []string{ways.Identities[0].Issuer}}
		if _, err := s.DeleteIdentity(ctx, maya.ID, ways.Identities[0].ID, open); !errors.Is(err, chat.ErrLastWayIn) {
			t.Errorf("the last way in went: %v", err)
		}
		if _, err := s.DeleteIdentity(ctx, maya.ID+1, ways.Identities[0].ID, open); !errors.Is(err, chat.ErrIdentityNotFound) {
			t.Errorf("somebody else took it: %v", err)
		}
		if ways, err := s.WaysIn(ctx, maya.ID); err != nil || len(ways.Identities) != 1 {
			t.Errorf("it is gone all the same: %+v, %v", ways, err)
		}
	})
}

// What the settings do not open any more is no way in: neither does it count, nor is it kept.
func TestDelete_last_way_in_that_is_open(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		const known, gone = "https://known.example", "https://gone.example"
		theo, err := s.InsertUserWithIdentity(ctx, chat.User{Username: "theo", DisplayName: "Theo"}, chat.Identity{Issuer: known, Subject: "1"}, anybody)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.InsertIdentity(ctx, chat.Identity{User: theo.ID, Issuer: gone, Subject: "2"}); err != nil {
			t.Fatal(err)
		}
		key, err := s.InsertPasskey(ctx, chat.Passkey{User: theo.ID, Credential: []byte("t"), PublicKey: []byte("k"), Name: "phone"})
		if err != nil {
			t.Fatal(err)
		}
		ways, err := s.WaysIn(ctx, theo.ID)
		if err != nil {
			t.Fatal(err)
		}
		id := map[string]chat.IdentityID{}
		for _, i := range ways.Identities {
			id[i.Issuer] = i.ID
		}
		open := chat.WaysOpen{Issuers: []string{known}} // no passkeys: the server's address has no name
		if _, err := s.DeleteIdentity(ctx, theo.ID, id[known], open); !errors.Is(err, chat.ErrLastWayIn) {
			t.Errorf("the provider that is left is the last way in: %v", err)
		}
		if err := s.SetPendingEmail(ctx, theo.ID, "theo@x.org"); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveEmail(ctx, theo.ID, chat.WaysOpen{}); !errors.Is(err, chat.ErrLastWayIn) {
			t.Errorf("the address is how to get a password, and nothing else opens the account: %v", err)
		}
		if err := s.RemoveEmail(ctx, theo.ID, open); err != nil {
			t.Errorf("remove the address: %v", err)
		}
		if err := s.DeletePasskey(ctx, theo.ID, key.ID, open); err != nil {
			t.Errorf("a passkey that opens nothing: %v", err)
		}
		if _, err := s.DeleteIdentity(ctx, theo.ID, id[gone], open); err != nil {
			t.Errorf("a provider that is not there any more: %v", err)
		}
	})
}

package service_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// A sign-in that is half done when the account is deactivated does not outlive it, though the deactivation has seen no session of it.
func TestSessionsOpen_while_the_account_is_deactivated(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		slow := &slowKeeper{Keeper: store.NewSessions(s, policy), meanwhile: func() {}}
		n := nodes(t, s, slow, &told{})[0]
		if _, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.InsertUser(ctx, chat.User{Username: "theo", DisplayName: "Theo"}, "hash"); err != nil {
			t.Fatal(err)
		}
		theo, err := n.People.ByUsername(ctx, "theo")
		if err != nil {
			t.Fatal(err)
		}
		host := chat.Actor{User: chat.HostID}
		secret, err := n.People.ResetPassword(ctx, host, "theo")
		if err != nil {
			t.Fatal(err)
		}
		yes := true
		slow.meanwhile = func() {
			if _, err := n.People.Update(ctx, host, theo.ID, chat.PersonChange{Deactivated: &yes}, chat.Device{}); err != nil {
				t.Error(err)
			}
		}
		if _, err := n.Sessions.Open(ctx, "theo", secret, chat.Device{}); !errors.Is(err, chat.ErrDeactivated) {
			t.Errorf("signed in to a deactivated account: %v", err)
		}
		if list, err := n.Sessions.List(ctx, chat.Actor{User: theo.ID}); err != nil || len(list) != 0 {
			t.Errorf("sessions %+v, %v", list, err)
		}
	})
}

// A new password from the host ends the links to another one: whoever reads the person's mail may be why the host was asked.
func TestPeopleResetPassword_ends_links(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		n := nodes(t, s, nil, &told{})[0]
		theo, err := s.InsertUser(ctx, chat.User{Username: "theo", DisplayName: "Theo", Email: "theo@x.org"}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		const secret = "of a link"
		sum := sha256.Sum256([]byte(secret))
		err = s.InsertTicket(ctx, hex.EncodeToString(sum[:]), chat.Ticket{
			Kind: chat.TicketReset, User: theo.ID, Data: theo.Email, Expires: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.People.ResetPassword(ctx, chat.Actor{User: chat.HostID}, "theo"); err != nil {
			t.Fatal(err)
		}
		if err := n.Sessions.ResetPassword(ctx, secret, password, chat.Device{}); !errors.Is(err, chat.ErrTicketOver) {
			t.Errorf("a link of before is followed: %v", err)
		}
	})
}

// Whose sessions could not be ended when their account was deactivated, Redis being away, has an access token for some minutes yet. It is good for
// nothing that an admin may do.
func TestRoomsDelete_of_a_deactivated_admin(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		n := nodes(t, s, nil, &told{})[0]
		owner, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		if err != nil {
			t.Fatal(err)
		}
		theo, err := s.InsertUser(ctx, chat.User{Username: "theo", DisplayName: "Theo"}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		room, _, err := s.InsertRoom(ctx, chat.Room{Name: "kitchen", Kind: chat.RoomPublic, CreatedBy: owner.User.ID}, "")
		if err != nil {
			t.Fatal(err)
		}
		role, yes := chat.ServerAdmin, true
		change := chat.PersonChange{Role: &role, Deactivated: &yes}
		if _, _, err := s.UpdatePerson(ctx, owner.User.ID, theo.ID, change, time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := n.Rooms.Delete(ctx, chat.Actor{User: theo.ID}, room.ID, chat.Device{}); !errors.Is(err, chat.ErrForbidden) {
			t.Errorf("a deactivated admin deletes a room: %v", err)
		}
	})
}

// What is done with accounts and invites is in the audit: by whom, to whom, and what it was.
func TestPeople_audit(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		n := nodes(t, s, nil, &told{})[0]
		opened, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		if err != nil {
			t.Fatal(err)
		}
		theo, err := s.InsertUser(ctx, chat.User{Username: "theo", DisplayName: "Theo"}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		maya := chat.Actor{User: opened.User.ID}
		admin, yes, no := chat.ServerAdmin, true, false
		for _, change := range []chat.PersonChange{{Role: &admin}, {Role: &admin}, {Deactivated: &yes}, {Deactivated: &no}} {
			if _, err := n.People.Update(ctx, maya, theo.ID, change, chat.Device{}); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := s.ListAuditEntries(ctx, theo.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			if e.Actor != maya.User {
				t.Errorf("%s was done by %d", e.Action, e.Actor)
			}
			got = append(got, string(e.Action)+" "+e.Detail)
		}
		if want := []string{"role.changed member to admin", "account.deactivated ", "account.reactivated "}; !slices.Equal(got, want) {
			t.Errorf("the audit says %q, want %q", got, want)
		}
		// Nobody without an account is the host.
		if _, err := n.People.Update(ctx, chat.Actor{}, theo.ID, chat.PersonChange{Deactivated: &yes}, chat.Device{}); !errors.Is(err, chat.ErrUnauthenticated) {
			t.Errorf("the zero actor: %v", err)
		}
		if _, err := n.People.ResetPassword(ctx, maya, "theo"); !errors.Is(err, chat.ErrForbidden) {
			t.Errorf("an owner reads somebody's password: %v", err)
		}
	})
}

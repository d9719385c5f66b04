package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// together runs f as often as said, all at once, and returns what each returned.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			errs[i] = f(i)
		})
	}
	start.Done()
	done.Wait()
	return errs
}

func count(errs []error, of error) (n int) {
	for _, err := range errs {
		if errors.Is(err, of) || err == nil && of == nil {
			n++
		}
	}
	return n
}

func owners(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	people, err := s.ListPeople(t.Context(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range people {
		if u.Role == chat.ServerOwner {
			n++
		}
	}
	return n
}

// warm has every server open its connections and take its identifiers, by people who are refused, so that those who come next meet.
func warm(t *testing.T, nodes ...*store.Store) {
	t.Helper()
	errs := together(8, func(i int) error {
		_, err := nodes[i%len(nodes)].AdmitUser(t.Context(), chat.User{Username: fmt.Sprint("warm", i), CreatedAt: at}, "", chat.Admission{Setup: true})
		return err
	})
	if n := count(errs, chat.ErrSetupNeeded); n != len(errs) {
		t.Fatalf("not refused: %v", errs)
	}
}

// Of all who make the first account at once, one owns the server.
func TestAdmitUser_first_together(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		warm(t, s)
		errs := together(8, func(i int) error {
			_, err := s.InsertUser(t.Context(), chat.User{Username: fmt.Sprint("user", i), DisplayName: "x", CreatedAt: at}, "hash")
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if n := owners(t, s); n != 1 {
			t.Errorf("%d owners", n)
		}
	})
}

// The same through two servers on one Postgres, each of which remembers for itself whether there is an account.
func TestAdmitUser_first_on_two_nodes(t *testing.T) {
	t.Parallel()
	place := storetest.URL(t, store.Postgres)
	nodes := []*store.Store{storetest.Open(t, place), storetest.Open(t, place)}
	warm(t, nodes...)
	errs := together(8, func(i int) error {
		_, err := nodes[i%2].InsertUser(t.Context(), chat.User{Username: fmt.Sprint("user", i), DisplayName: "x", CreatedAt: at}, "hash")
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := owners(t, nodes[0]); n != 1 {
		t.Errorf("%d owners", n)
	}
}

func newInvite(t *testing.T, s *store.Store, i chat.Invite, hash string) chat.Invite {
	t.Helper()
	i.CreatedAt, i.MaxUses = at, max(i.MaxUses, 1)
	if i.ExpiresAt.IsZero() {
		i.ExpiresAt = at.Add(time.Hour)
	}
	if i.Role == "" {
		i.Role = chat.ServerMember
	}
	i, err := s.InsertInvite(t.Context(), i, hash)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// Of all who want what is left of an invite, as many get in as it is good for; the others leave nothing behind.
func TestAdmitUser_last_use_together(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		maya := newUser(t, s, "maya")
		invite := newInvite(t, s, chat.Invite{CreatedBy: maya, MaxUses: 3}, "h")
		errs := together(10, func(i int) error {
			_, err := s.AdmitUser(t.Context(), chat.User{Username: fmt.Sprint("user", i), DisplayName: "x", CreatedAt: at}, "hash",
				chat.Admission{Policy: chat.SignUpInvite, Invite: "h", At: at})
			return err
		})
		if in, out := count(errs, nil), count(errs, chat.ErrInviteSpent); in != 3 || out != 7 {
			t.Errorf("%d came in and %d were told that it is spent: %v", in, out, errs)
		}
		people, err := s.ListPeople(t.Context(), "", "", 100)
		if err != nil || len(people) != 4 {
			t.Errorf("there are %d people, %v", len(people), err)
		}
		if got, err := s.InviteByID(t.Context(), invite.ID); err != nil || got.Uses != 3 {
			t.Errorf("the invite says %+v, %v", got, err)
		}
		if faults, err := s.Invariants(t.Context()); err != nil || len(faults) > 0 {
			t.Errorf("%+v, %v", faults, err)
		}
	})
}

func TestAdmitUser_by_invite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya := newUser(t, s, "maya")
		public, _, err := s.InsertRoom(ctx, chat.Room{Name: "hall", Kind: chat.RoomPublic, CreatedBy: maya, CreatedAt: at}, "")
		private, _, err2 := s.InsertRoom(ctx, chat.Room{Name: "den", Kind: chat.RoomPrivate, CreatedBy: maya, CreatedAt: at}, "")
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		admit := func(name, hash string) (store.Admitted, error) {
			return s.AdmitUser(ctx, chat.User{Username: name, DisplayName: name, CreatedAt: at}, "hash",
				chat.Admission{Policy: chat.SignUpInvite, Invite: hash, At: at})
		}
		admin := newInvite(t, s, chat.Invite{CreatedBy: maya, Role: chat.ServerAdmin, Room: public.ID}, "admin")
		if a, err := admit("theo", "admin"); err != nil || a.User.Role != chat.ServerAdmin || a.Room != public.ID || a.Invite != admin.ID {
			t.Errorf("admitted %+v, %v", a, err)
		}
		if v, err := s.RoomForUser(ctx, public.ID, maya); err != nil || v.MemberCount != 2 {
			t.Errorf("the room has %d members, %v", v.MemberCount, err)
		}

		newInvite(t, s, chat.Invite{CreatedBy: maya, Room: private.ID, MaxUses: 2}, "den")
		if a, err := admit("ada", "den"); err != nil || a.Room != private.ID {
			t.Errorf("into a private room: %+v, %v", a, err)
		}
		// Whoever made the invite has left: it is not theirs to lead into the room any more.
		if _, err := s.DeleteMember(ctx, private.ID, maya); err != nil {
			t.Fatal(err)
		}
		if a, err := admit("bea", "den"); err != nil || a.Room != 0 {
			t.Errorf("into a room its inviter has left: %+v, %v", a, err)
		}

		newInvite(t, s, chat.Invite{CreatedBy: maya, ExpiresAt: at}, "old")
		over := newInvite(t, s, chat.Invite{CreatedBy: maya}, "over")
		for range 2 {
			if _, err := s.RevokeInvite(ctx, over.ID, at); err != nil {
				t.Fatal(err)
			}
		}
		setup := chat.Invite{Role: chat.ServerOwner}
		newInvite(t, s, setup, "setup")
		for hash, want := range map[string]error{
			"none": chat.ErrInviteNotFound, "old": chat.ErrInviteExpired, "over": chat.ErrInviteRevoked, "admin": chat.ErrInviteSpent,
			"setup": chat.ErrInviteSpent, "": chat.ErrInviteNeeded,
		} {
			if _, err := admit("nobody", hash); !errors.Is(err, want) {
				t.Errorf("%q: %v, want %v", hash, err, want)
			}
		}
		// A name that is taken costs no use.
		last := newInvite(t, s, chat.Invite{CreatedBy: maya}, "last")
		if _, err := admit("THEO", "last"); !errors.Is(err, chat.ErrUsernameTaken) {
			t.Errorf("a name that is taken: %v", err)
		}
		if got, err := s.InviteByID(ctx, last.ID); err != nil || got.Uses != 0 {
			t.Errorf("it cost a use: %+v, %v", got, err)
		}
	})
}

// The first account takes the other setup links' worth.
func TestAdmitUser_setup(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		used, other := newInvite(t, s, chat.Invite{Role: chat.ServerOwner}, "used"), newInvite(t, s, chat.Invite{Role: chat.ServerOwner}, "other")
		admit := func(name, hash string) (store.Admitted, error) {
			return s.AdmitUser(ctx, chat.User{Username: name, DisplayName: name, CreatedAt: at}, "hash",
				chat.Admission{Policy: chat.SignUpOpen, Setup: true, Invite: hash, At: at})
		}
		if _, err := admit("eve", ""); !errors.Is(err, chat.ErrSetupNeeded) {
			t.Errorf("without the link: %v", err)
		}
		if a, err := admit("maya", "used"); err != nil || a.User.Role != chat.ServerOwner || a.Invite != used.ID {
			t.Errorf("with it: %+v, %v", a, err)
		}
		if got, err := s.InviteByID(ctx, other.ID); err != nil || got.RevokedAt.IsZero() {
			t.Errorf("the other link is %+v, %v", got, err)
		}
		if a, err := admit("theo", ""); err != nil || a.User.Role != chat.ServerMember {
			t.Errorf("the second: %+v, %v", a, err)
		}
	})
}

// Two owners who take each other's role at once: one of them keeps it.
func TestUpdatePerson_last_owner_together(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		maya, theo := newUser(t, s, "maya"), newUser(t, s, "theo")
		owner, member, yes := chat.ServerOwner, chat.ServerMember, true
		pair := []chat.UserID{maya, theo}
		for range 20 { // they seldom meet in the one moment that counts
			for _, id := range pair {
				if _, _, err := s.UpdatePerson(t.Context(), chat.HostID, id, chat.PersonChange{Role: &owner}, at); err != nil {
					t.Fatal(err)
				}
			}
			errs := together(2, func(i int) error {
				_, _, err := s.UpdatePerson(t.Context(), pair[i], pair[i], chat.PersonChange{Role: &member}, at)
				return err
			})
			if count(errs, nil) != 1 || count(errs, chat.ErrLastOwner) != 1 {
				t.Fatalf("stepping down together: %v", errs)
			}
		}
		// The host may do everything but leave the server without one.
		for _, id := range pair {
			u, err := s.UserByID(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = s.UpdatePerson(t.Context(), chat.HostID, id, chat.PersonChange{Deactivated: &yes}, at)
			if u.Role == chat.ServerOwner && !errors.Is(err, chat.ErrLastOwner) || u.Role != chat.ServerOwner && err != nil {
				t.Errorf("deactivate an %s: %v", u.Role, err)
			}
		}
	})
}

// What somebody gave out and could not give out any more is taken back with their right.
func TestUpdatePerson_revokes_invites(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		maya, theo := newUser(t, s, "maya"), newUser(t, s, "theo")
		role := func(r chat.ServerRole) {
			t.Helper()
			if _, _, err := s.UpdatePerson(t.Context(), maya, theo, chat.PersonChange{Role: &r}, at); err != nil {
				t.Fatal(err)
			}
		}
		role(chat.ServerOwner)
		admins := newInvite(t, s, chat.Invite{CreatedBy: theo, Role: chat.ServerAdmin}, "a")
		members := newInvite(t, s, chat.Invite{CreatedBy: theo}, "m")
		revoked := func(i chat.Invite) bool {
			t.Helper()
			got, err := s.InviteByID(t.Context(), i.ID)
			if err != nil {
				t.Fatal(err)
			}
			return !got.RevokedAt.IsZero()
		}
		role(chat.ServerAdmin)
		if !revoked(admins) || revoked(members) {
			t.Errorf("an admin: for admins %v, for members %v", revoked(admins), revoked(members))
		}
		role(chat.ServerMember)
		if !revoked(members) {
			t.Error("a member's invite still works")
		}
		if _, err := s.InsertInvite(t.Context(), chat.Invite{CreatedBy: theo, Role: chat.ServerMember, MaxUses: 1}, "late"); !errors.Is(err, chat.ErrForbidden) {
			t.Errorf("a member invites: %v", err)
		}
	})
}

package store_test

import (
	"errors"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestConfirmEmail(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var ids []chat.UserID
		for i, name := range []string{"maya", "theo"} {
			u, err := s.InsertUser(ctx, chat.User{Username: name, DisplayName: name, PendingEmail: []string{"Maya@x.org", "MAYA@X.org"}[i], CreatedAt: at}, "hash")
			if err != nil {
				t.Fatal(err) // two may say that an address is theirs
			}
			ids = append(ids, u.ID)
		}
		maya, theo := ids[0], ids[1]
		ticket := func(hash string, user chat.UserID, address string) {
			insertTicket(t, s, hash, chat.Ticket{Kind: chat.TicketVerify, User: user, Data: address, Expires: at.Add(time.Hour)})
		}
		ticket("other address", maya, "else@x.org")
		ticket("late", maya, "maya@x.org")
		ticket("good", maya, "maya@x.org")
		ticket("second", theo, "maya@x.org")
		insertTicket(t, s, "other kind", chat.Ticket{Kind: chat.TicketReset, User: maya, Data: "maya@x.org", Expires: at.Add(time.Hour)})
		for hash, now := range map[string]time.Time{"other address": at, "late": at.Add(time.Hour), "other kind": at, "none": at} {
			if _, err := s.ConfirmEmail(ctx, hash, now); !errors.Is(err, chat.ErrTicketOver) {
				t.Errorf("%s: %v", hash, err)
			}
		}
		if _, err := s.UserByEmail(ctx, "maya@x.org"); !errors.Is(err, chat.ErrUserNotFound) {
			t.Errorf("a pending address is somebody's: %v", err)
		}
		if got, err := s.ConfirmEmail(ctx, "good", at); err != nil || got.User != maya {
			t.Errorf("confirmed %+v, %v", got, err)
		}
		if _, err := s.ConfirmEmail(ctx, "good", at); !errors.Is(err, chat.ErrTicketOver) {
			t.Errorf("twice: %v", err)
		}
		if _, err := s.ConfirmEmail(ctx, "second", at); !errors.Is(err, chat.ErrEmailTaken) {
			t.Errorf("an address that is somebody's: %v", err)
		}
		u, err := s.UserByEmail(ctx, "mAYA@x.org")
		if err != nil || u.ID != maya || u.Email != "Maya@x.org" || u.PendingEmail != "" {
			t.Errorf("the address is of %+v, %v", u, err)
		}
		if u, err = s.UserByID(ctx, theo); err != nil || u.Email != "" || u.PendingEmail != "MAYA@X.org" {
			t.Errorf("the other one has %+v, %v", u, err)
		}
	})
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		maya, err := s.InsertUser(ctx, chat.User{Username: "maya", DisplayName: "Maya", Email: "Maya@x.org", CreatedAt: at}, "old")
		if err != nil {
			t.Fatal(err)
		}
		link := func(hash string, kind chat.TicketKind, user chat.UserID, address string) {
			insertTicket(t, s, hash, chat.Ticket{Kind: kind, User: user, Data: address, Expires: at.Add(time.Hour)})
		}
		link("good", chat.TicketReset, maya.ID, "maya@x.org")
		link("other kind", chat.TicketVerify, maya.ID, "maya@x.org")
		link("nobody's", chat.TicketReset, 0, "maya@x.org")
		link("address of before", chat.TicketReset, maya.ID, "old@x.org") // sent while another one was being confirmed
		for _, hash := range []string{"other kind", "nobody's", "address of before", "none"} {
			if _, err := s.ResetPassword(ctx, hash, "new", at); !errors.Is(err, chat.ErrTicketOver) {
				t.Errorf("%s: %v", hash, err)
			}
		}
		if got, err := s.ResetPassword(ctx, "good", "new", at); err != nil || got.User != maya.ID {
			t.Errorf("reset %+v, %v", got, err)
		}
		if _, err := s.ResetPassword(ctx, "good", "newer", at); !errors.Is(err, chat.ErrTicketOver) {
			t.Errorf("twice: %v", err)
		}
		if _, hash, err := s.UserByUsername(ctx, "maya"); err != nil || hash != "new" {
			t.Errorf("the hash is %q, %v", hash, err)
		}
	})
}

package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

// at is the time of everything in these tests: a fixed one, with the milliseconds that the store keeps.
var at = time.Date(2026, 11, 20, 9, 26, 0, 123e6, time.UTC)

func newUser(t testing.TB, s *store.Store, name string) chat.UserID {
	t.Helper()
	u, err := s.InsertUser(context.Background(), chat.User{Username: name, DisplayName: name, CreatedAt: at}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func newRoom(t testing.TB, s *store.Store, owner chat.UserID, name string) chat.RoomID {
	t.Helper()
	r, created, err := s.InsertRoom(context.Background(), chat.Room{Name: name, Kind: chat.RoomPublic, CreatedBy: owner, CreatedAt: at}, "")
	if err != nil || !created {
		t.Fatalf("InsertRoom: created %v, %v", created, err)
	}
	return r.ID
}

func post(t testing.TB, s *store.Store, room chat.RoomID, author chat.UserID, body, key string) chat.Message {
	t.Helper()
	m, created, err := s.InsertMessage(context.Background(), chat.Message{Room: room, Author: author, Body: body, ClientKey: key, CreatedAt: at})
	if err != nil || !created {
		t.Fatalf("InsertMessage %q: created %v, %v", key, created, err)
	}
	return m
}

func key(parts ...any) string { return fmt.Sprint(parts...) }

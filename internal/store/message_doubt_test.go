package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// A message whose answer was lost on the way may be stored: that is said. Whatever is sent again is told of again: nobody knows who was told before.
func TestInsertMessage_answer_lost_on_the_way(t *testing.T) {
	t.Parallel()
	proxy, place := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: place, Timeout: 5 * time.Second}) // which a slow machine keeps to when nothing is held
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.MigrateUp(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	author := newUser(t, s, "maya")
	room := newRoom(t, s, author, "releases")
	var mu sync.Mutex
	told, doubted := map[string]int{}, map[string]int{}
	count := func(counts map[string]int) func([]chat.Message) {
		return func(list []chat.Message) {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range list {
				counts[m.ClientKey]++
			}
		}
	}
	s.OnPosted(count(told))
	s.OnDoubt(count(doubted))
	send := func(key string) (bool, error) {
		_, created, err := s.InsertMessage(ctx, chat.Message{Room: room, Author: author, Body: key, ClientKey: key, CreatedAt: at})
		return created, err
	}
	if _, err := send("a"); err != nil { // the identifiers are there and the connection is known to be good
		t.Fatal(err)
	}
	proxy.HoldReplies()
	if _, err := send("b"); !errors.Is(err, chat.ErrUnavailable) {
		t.Fatalf("while answers are lost: %v", err)
	}
	proxy.Mend(t)
	servertest.Eventually(t, func() error {
		created, err := send("b")
		if created {
			t.Error("it was not stored the first time; this proves nothing")
		}
		return err
	})
	if created, err := send("a"); created || err != nil {
		t.Errorf("a retry: %t %v", created, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if told["a"] != 2 || told["b"] != 1 || doubted["a"] != 0 || doubted["b"] == 0 {
		t.Errorf("told of %v, in doubt about %v", told, doubted)
	}
}

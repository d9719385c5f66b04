package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/store"
	"parley/internal/store/archive"
	"parley/internal/store/storetest"
)

// historyOf is the history that everything a client asks is answered with.
func historyOf(t *testing.T, s *parleytest.Server, who *parleytest.Person, room contract.ID) string {
	t.Helper()
	who = s.As(t, who)
	client := centrifuge.NewJsonClient(s.Socket, centrifuge.Config{Token: who.Token})
	defer client.Close()
	greeted := make(chan []byte, 1)
	client.OnConnected(func(e centrifuge.ConnectedEvent) { greeted <- e.Data })
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	var greeting contract.Greeting
	select {
	case data := <-greeted:
		if err := greeting.UnmarshalJSON(data); err != nil {
			t.Fatalf("%v in %q", err, data)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("not connected in time")
	}
	var rooms contract.RoomList
	who.Do(http.MethodGet, "/api/v1/rooms", nil).Want(http.StatusOK).Decode(&rooms)
	said := []contract.History{greeting.History, rooms.History, who.History(room, "").History, who.Changes(room, 0, "").History}
	for _, h := range said {
		if h == "" || h != said[0] {
			t.Fatalf("histories %q", said)
		}
	}
	return string(said[0])
}

// A restart is the same history, for each of its nodes; a restored backup is another one.
func TestHistory(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			key := parleytest.With("PARLEY_PUBLIC_URL=http://127.0.0.1:8080", "PARLEY_AUTH_SIGNING_KEYS=test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
			places := [2]string{storetest.URL(t, engine), storetest.URL(t, engine)}
			first := parleytest.Start(t, parleytest.At(places[0]), key)
			maya := first.SignUp(t, "maya")
			room := maya.CreateRoom("Releases", contract.RoomKindPublic).ID
			was := historyOf(t, first, maya, room)
			if err := first.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			again := parleytest.Start(t, parleytest.At(places[0]), key)
			if is := historyOf(t, again, maya, room); is != was {
				t.Errorf("%q after a restart, %q before", is, was)
			}
			if err := again.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			// The target was served before, while it was empty.
			empty := parleytest.Start(t, parleytest.At(places[1]), key)
			if err := empty.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			unused, err := named(ctx, places[1])
			if err != nil {
				t.Fatal(err)
			}
			if err := restored(ctx, places[0], places[1]); err != nil {
				t.Fatal(err)
			}
			second := parleytest.Start(t, parleytest.At(places[1]), key)
			if is := historyOf(t, second, maya, room); is == was || is == unused {
				t.Errorf("%q after a restore too", is)
			}
			if id := second.As(t, maya).CreateRoom("Later", contract.RoomKindPublic).ID; id < room+1_000_000 {
				t.Errorf("room %d may be one that was lost", id)
			}
		})
	}
}

// named reads the name of a database's history.
func named(ctx context.Context, place string) (string, error) {
	s, err := store.Open(ctx, store.Options{URL: place, Purpose: "test"})
	if err != nil {
		return "", err
	}
	defer func() { _ = s.Close() }()
	if err := s.Prepare(ctx); err != nil {
		return "", err
	}
	err = s.BeginHistory(ctx)
	return s.History(), err
}

// restored puts a backup of one database into another.
func restored(ctx context.Context, from, to string) error {
	source, err := store.Open(ctx, store.Options{URL: from})
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	var file bytes.Buffer
	summary, err := archive.Backup(ctx, source, &file, archive.Options{Parley: "test"})
	if err != nil {
		return err
	}
	target, err := store.Open(ctx, store.Options{URL: to, Purpose: "restore"})
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	if _, err := archive.Restore(ctx, target, &file, summary.Header); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

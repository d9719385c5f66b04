package app_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// A server that is asked to stop while a post is under way acknowledges it first. Somebody else has locked the room's row, until it is known
// that the stop has begun.
func TestStop_finishes_posts(t *testing.T) {
	t.Parallel()
	for name, post := range map[string]func(*parleytest.Person, *parleytest.Socket, contract.ID) contract.Message{
		"over_http": func(p *parleytest.Person, _ *parleytest.Socket, room contract.ID) contract.Message {
			return p.Post(room, "Late", "late")
		},
		"over_the_socket": func(_ *parleytest.Person, s *parleytest.Socket, room contract.ID) contract.Message {
			return s.Post(room, "Late", "late")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := storetest.URL(t, store.Postgres)
			s := parleytest.Start(t, parleytest.At(target))
			maya := s.SignUp(t, "maya")
			room := maya.CreateRoom("Releases", contract.RoomKindPublic).ID
			socket := maya.Connect()
			away := make(chan centrifuge.ConnectingEvent, 10)
			socket.Client.OnConnecting(func(e centrifuge.ConnectingEvent) { away <- e })

			raw := storetest.Raw(t, target)
			lock, err := raw.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := lock.ExecContext(t.Context(), "SELECT id FROM rooms FOR UPDATE"); err != nil {
				t.Fatal(err)
			}
			posted := make(chan contract.Message, 1)
			go func() {
				defer close(posted) // also when the test has failed in post
				posted <- post(maya, socket, room)
			}()
			servertest.Eventually(t, func() error {
				var n int
				err := raw.QueryRowContext(t.Context(),
					"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
				if err == nil && n == 0 {
					err = errors.New("nobody waits for the row")
				}
				return err
			})
			stopped := make(chan error, 1)
			go func() { stopped <- s.Stop(context.Background()) }()
			servertest.Eventually(t, func() error {
				c, err := net.Dial("tcp", s.Addr())
				if err == nil {
					_ = c.Close()
					return errors.New("still accepting")
				}
				return nil
			})
			if err := lock.Rollback(); err != nil {
				t.Fatal(err)
			}
			if m := <-posted; m.Body != "Late" || m.Number != 1 {
				t.Errorf("posted %+v", m)
			}
			if err := <-stopped; err != nil {
				t.Error(err)
			}
			select {
			case e := <-away:
				if e.Code != 3001 {
					t.Errorf("the socket was closed with %d %s, which is not the code that makes clients come back", e.Code, e.Reason)
				}
			case <-time.After(30 * time.Second):
				t.Error("the socket is still open")
			}
			if log := s.Log.String(); !strings.Contains(log, "msg=draining sockets=1 ") || !strings.Contains(log, "sockets=1 sockets_cut=0 requests_cut=false") {
				t.Error("the log does not say how it went")
			}
		})
	}
}

package wsapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/centrifugal/centrifuge-go"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

// The official Go SDK, unmodified, connects, subscribes, posts and hears; what others do over HTTP arrives the same way.
func TestTalk(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		room := maya.CreateRoom("Releases", contract.RoomKindPublic)
		theo.Join(room.ID)
		socket, own := maya.Connect(), theo.Connect()
		socket.Subscribe(room.ID)
		own.Subscribe(room.ID)

		posted := own.Post(room.ID, "Did it ship?", "t1")
		if posted.Number != 1 || posted.AuthorID != theo.Me.ID {
			t.Errorf("posted %+v", posted)
		}
		if again := own.Post(room.ID, "other", "t1"); again != posted {
			t.Errorf("a retry: %+v, want %+v", again, posted)
		}
		for _, listener := range []*parleytest.Socket{socket, own} {
			for range 2 { // what is sent again is told again
				e := afterJoining(listener)
				if e.Type != contract.MessagePostedEventEvent || e.MessagePostedEvent.Data.Message != posted || e.MessagePostedEvent.Revision != 1 {
					t.Errorf("event %+v, want the message %+v", e, posted)
				}
			}
		}
		path := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
		maya.Post(room.ID, "It did", "m1")
		maya.Do(http.MethodPatch, path+"/messages/2", map[string]string{"body": "It shipped"}).Want(200)
		maya.Do(http.MethodDelete, path+"/messages/2", nil).Want(200)
		maya.Do(http.MethodPatch, path, map[string]string{"topic": "What ships"}).Want(200)
		if _, err := socket.Call("typing.start", map[string]any{"room_id": room.ID}); err != nil {
			t.Error(err)
		}
		if _, err := own.Call("read.mark", map[string]any{"room_id": room.ID, "number": 2}); err != nil {
			t.Error(err)
		}
		var got []string
		var revisions []contract.Revision
		for range 6 {
			e := afterJoining(own)
			got = append(got, string(e.Type))
			switch e.Type {
			case contract.MessagePostedEventEvent:
				revisions = append(revisions, e.MessagePostedEvent.Revision)
			case contract.MessageEditedEventEvent:
				revisions = append(revisions, e.MessageEditedEvent.Revision)
			case contract.MessageDeletedEventEvent:
				revisions = append(revisions, e.MessageDeletedEvent.Revision)
			case contract.RoomUpdatedEventEvent:
				revisions = append(revisions, e.RoomUpdatedEvent.Revision)
			case contract.TypingStartedEventEvent:
				if e.TypingStartedEvent.Data.UserID != maya.Me.ID {
					t.Errorf("typing: %+v", e.TypingStartedEvent)
				}
			case contract.ReadMarkedEventEvent:
				if e.ReadMarkedEvent.Data.LastReadNumber != 2 {
					t.Errorf("read: %+v", e.ReadMarkedEvent)
				}
			}
		}
		// The own channel and the room's are two queues, so the mark may come anywhere.
		if n := len(got); n != 6 || !strings.Contains(fmt.Sprint(got), "read.marked") {
			t.Errorf("events %v", got)
		}
		if fmt.Sprint(revisions) != "[2 3 4 5]" {
			t.Errorf("revisions %v, want 2 to 5 in order", revisions)
		}
		own.Quiet()
	})
}

// afterJoining is the next event that tells of something else than of somebody's joining, which may come late.
func afterJoining(s *parleytest.Socket) contract.Event {
	e := s.Next()
	for e.Type == contract.MemberJoinedEventEvent {
		e = s.Next()
	}
	return e
}

func TestBadCommands(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		room := maya.CreateRoom("Releases", contract.RoomKindPublic)
		secret := theo.CreateRoom("Founders", contract.RoomKindPrivate)
		public := theo.CreateRoom("Random", contract.RoomKindPublic)
		socket := maya.Connect()
		socket.Subscribe(room.ID)

		post := func(id contract.ID, body, key string) string {
			b, err := json.Marshal(map[string]any{"room_id": id, "body": body, "client_key": key})
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		for name, tt := range map[string]struct {
			command, data string
			status        int
			code          string
			fields        []string
		}{
			"empty":               {"message.post", post(room.ID, "", "k"), 400, "invalid", []string{"body"}},
			"over-long":           {"message.post", post(room.ID, strings.Repeat("ä", 8001), "k"), 400, "invalid", []string{"body"}},
			"nul":                 {"message.post", post(room.ID, "a\x00b", "k"), 400, "invalid", []string{"body"}},
			"wrong type":          {"message.post", `{"room_id":"1","body":"x","client_key":"k"}`, 400, "invalid", []string{"room_id"}},
			"nothing":             {"message.post", `{}`, 400, "invalid", []string{"room_id", "body", "client_key"}},
			"null":                {"message.post", `null`, 400, "malformed", nil},
			"an array":            {"message.post", `[]`, 400, "malformed", nil},
			"a name twice":        {"read.mark", fmt.Sprintf(`{"room_id":%d,"number":1,"room_id":%d}`, room.ID, public.ID), 400, "ambiguous", nil},
			"no such room":        {"message.post", post(99999, "x", "k"), 404, "room_not_found", nil},
			"a private room":      {"message.post", post(secret.ID, "x", "k"), 404, "room_not_found", nil},
			"a room of others":    {"message.post", post(public.ID, "x", "k"), 403, "not_a_member", nil},
			"typing of others":    {"typing.start", fmt.Sprintf(`{"room_id":%d}`, public.ID), 403, "not_a_member", nil},
			"reading of others":   {"read.mark", fmt.Sprintf(`{"room_id":%d,"number":1}`, public.ID), 403, "not_a_member", nil},
			"a negative number":   {"read.mark", fmt.Sprintf(`{"room_id":%d,"number":-1}`, room.ID), 400, "invalid", []string{"number"}},
			"no such command":     {"message.shout", `{}`, 404, "unknown_command", nil},
			"a command of nobody": {"", `{}`, 404, "unknown_command", nil},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := socket.Call(tt.command, tt.data)
				socket.WantProblem(err, tt.status, tt.code, tt.fields...)
			})
		}
		for channel, want := range map[string]struct {
			status int
			code   string
		}{
			fmt.Sprintf("room:%d", secret.ID):  {404, "room_not_found"},
			fmt.Sprintf("room:%d", public.ID):  {403, "not_a_member"},
			"room:99999":                       {404, "room_not_found"},
			fmt.Sprintf("room:0%d", room.ID):   {404, "unknown_channel"},
			"room:":                            {404, "unknown_channel"},
			"room:-1":                          {404, "unknown_channel"},
			fmt.Sprintf("user:%d", theo.Me.ID): {404, "unknown_channel"},
			"everything":                       {404, "unknown_channel"},
		} {
			_, err := socket.TrySubscribe(channel)
			var refused centrifuge.SubscriptionSubscribeError
			if errors.As(err, &refused) {
				err = refused.Err
			}
			socket.WantProblem(err, want.status, want.code)
		}
		if m := socket.Post(room.ID, "still here", "k"); m.Number != 1 {
			t.Errorf("after all refusals the first message has number %d", m.Number)
		}
	})
}

// Nobody hears a private room after they were taken out of it.
func TestRemovedMemberHearsNothing(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		room := maya.CreateRoom("Founders", contract.RoomKindPrivate)
		path := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
		his, hers := theo.Connect(), maya.Connect()
		hers.Subscribe(room.ID)
		maya.Do(http.MethodPost, path+"/members", map[string]string{"username": "theo"}).Want(200)
		if e := his.Next(); e.Type != contract.MemberJoinedEventEvent || e.MemberJoinedEvent.RoomID != room.ID {
			t.Errorf("theo's own channel: %+v", e)
		}
		sub := his.Subscribe(room.ID)
		gone := make(chan struct{})
		sub.OnUnsubscribed(func(centrifuge.UnsubscribedEvent) { close(gone) })
		maya.Post(room.ID, "welcome", "m1")
		if m := next(t, his); m.Body != "welcome" { // the room's own word of his joining may come before it
			t.Errorf("theo hears %q", m.Body)
		}
		maya.Do(http.MethodDelete, fmt.Sprintf("%s/members/%d", path, theo.Me.ID), nil).Want(204)
		maya.Post(room.ID, "a secret", "m2")
		<-gone
		if e := his.Next(); e.Type != contract.MemberLeftEventEvent || e.MemberLeftEvent.Data.UserID != theo.Me.ID {
			t.Errorf("theo's own channel: %+v", e)
		}
		_, err := his.Call("message.post", map[string]any{"room_id": room.ID, "body": "x", "client_key": "t1"})
		his.WantProblem(err, 404, "room_not_found")
		// The answer to his command came after everything that was sent to him before it.
		his.Quiet()
	})
}

// Everybody posts at once; every listener hears everything once, in the order of history.
func TestOneOrderForAll(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		const people, each = 6, 40
		maya := s.SignUp(t, "maya")
		room := maya.CreateRoom("Releases", contract.RoomKindPublic)
		var sockets []*parleytest.Socket
		for i := range people {
			p := s.SignUp(t, fmt.Sprint("person-", i))
			p.Join(room.ID)
			socket := p.Connect()
			socket.Subscribe(room.ID)
			sockets = append(sockets, socket)
		}
		var wg sync.WaitGroup
		for i, socket := range sockets {
			wg.Go(func() {
				for j := range each {
					socket.Post(room.ID, fmt.Sprint(i, " says ", j), fmt.Sprint("k", j))
				}
			})
		}
		wg.Wait()
		var history []contract.Message
		for len(history) < people*each {
			page := maya.History(room.ID, fmt.Sprintf("?after=%d&limit=200", len(history)))
			history = append(history, page.Items...)
			if !page.HasMore {
				break
			}
		}
		if len(history) != people*each {
			t.Fatalf("history has %d messages, want %d", len(history), people*each)
		}
		for i, socket := range sockets {
			for n := 0; n < len(history); {
				e := socket.Next()
				if e.Type != contract.MessagePostedEventEvent {
					continue // somebody who joined later
				}
				if e.MessagePostedEvent.Data.Message != history[n] {
					t.Fatalf("listener %d: message %d is %+v, history has %+v", i, n+1, e.MessagePostedEvent.Data.Message, history[n])
				}
				n++
			}
		}
	})
}

// dial opens a bare WebSocket and authenticates, for frames that no SDK would send.
func dial(t *testing.T, s *parleytest.Server, p *parleytest.Person, header http.Header) net.Conn {
	t.Helper()
	bare, early, _, err := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header)}.Dial(context.Background(), s.Socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bare.Close() })
	conn := bare
	if early != nil { // the server said something before the handshake was read
		conn = buffered{bare, early}
	}
	if p != nil {
		send(t, conn, fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, p.Token))
		if reply, err := wsutil.ReadServerText(conn); err != nil || !strings.Contains(string(reply), `"client"`) {
			t.Fatalf("connect: %s, %v", reply, err)
		}
	}
	return conn
}

// buffered is a connection of which something was read already.
type buffered struct {
	net.Conn
	early io.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.early.Read(p) }

func send(t *testing.T, conn net.Conn, frame string) {
	t.Helper()
	if err := wsutil.WriteClientText(conn, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

// closed reads until the server closes and returns its code.
func closed(t *testing.T, conn net.Conn) ws.StatusCode {
	t.Helper()
	for {
		header, err := ws.ReadHeader(conn)
		if err != nil {
			t.Fatalf("ended without a code: %v", err)
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatalf("ended within a frame: %v", err)
		}
		if header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(payload)
			return code
		}
	}
}

func TestHostileFrames(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	maya := s.SignUp(t, "maya")
	neighbour := maya.Connect()
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	neighbour.Next() // her own joining, of which the room may still tell her too
	neighbour.Subscribe(room.ID)
	for name, tt := range map[string]struct {
		frame string
		want  ws.StatusCode
	}{
		"no JSON":              {`hello`, 3501},
		"cut off":              {`{"id":2,"rpc":{"method":`, 3501},
		"an unknown command":   {`{"id":2,"shout":{}}`, 3501},
		"deep":                 {`{"id":2,"rpc":{"method":"message.post","data":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`, 0},
		"connect again":        {`{"id":2,"connect":{}}`, 3501},
		"a publication of his": {fmt.Sprintf(`{"id":2,"publish":{"channel":"room:%d","data":{}}}`, room.ID), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s, maya, nil)
			send(t, conn, tt.frame)
			if tt.want != 0 {
				if code := closed(t, conn); code != tt.want {
					t.Errorf("closed with %d, want %d", code, tt.want)
				}
				return
			}
			if reply, err := wsutil.ReadServerText(conn); err != nil || !strings.Contains(string(reply), `"error"`) {
				t.Errorf("reply %s, %v; want an error and the connection kept", reply, err)
			}
		})
	}
	t.Run("invalid UTF-8", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s, maya, nil)
		send(t, conn, fmt.Sprintf("{\"id\":2,\"rpc\":{\"method\":\"message.post\",\"data\":{\"room_id\":%d,\"body\":\"a\xffb\",\"client_key\":\"k\"}}}", room.ID))
		data, _, err := wsutil.ReadServerData(conn)
		var end wsutil.ClosedError
		if (err != nil || !strings.Contains(string(data), "invalid_utf8")) && !errors.As(err, &end) {
			t.Errorf("reply %s, %v; want a refusal", data, err)
		}
	})
	t.Run("over 64 KiB", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s, maya, nil)
		// Only the header: with the rest on its way, the connection's reset could overtake the code.
		if err := ws.WriteHeader(conn, ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Length: 64<<10 + 1}); err != nil {
			t.Fatal(err)
		}
		if code := closed(t, conn); code != 1009 {
			t.Errorf("closed with %d, want 1009", code)
		}
	})
	t.Run("nothing sent", func(t *testing.T) {
		t.Parallel()
		hurried := parleytest.Start(t, parleytest.With("PARLEY_SOCKET_CONNECT_TIMEOUT=1s"))
		if code := closed(t, dial(t, hurried, nil, nil)); code != 3502 {
			t.Errorf("closed with %d, want 3502 (stale)", code)
		}
	})
	t.Run("a bad token", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, s, nil, nil)
		send(t, conn, `{"id":1,"connect":{"token":"nonsense"}}`)
		if reply, err := wsutil.ReadServerText(conn); err != nil || !strings.Contains(string(reply), `"code":109`) {
			t.Errorf("reply %s, %v; want error 109", reply, err)
		}
	})
	t.Run("another site's page", func(t *testing.T) {
		t.Parallel()
		_, _, _, err := ws.Dialer{Header: ws.HandshakeHeaderHTTP(http.Header{"Origin": {"https://evil.example"}})}.Dial(context.Background(), s.Socket)
		var status ws.StatusError
		if !errors.As(err, &status) || status != http.StatusForbidden {
			t.Errorf("dial: %v, want status 403", err)
		}
		dial(t, s, maya, http.Header{"Origin": {s.URL}})
	})
	t.Cleanup(func() { // after all of them
		if page := maya.History(room.ID, ""); len(page.Items) != 0 {
			t.Errorf("hostile frames wrote %d messages", len(page.Items))
		}
		neighbour.Post(room.ID, "still here", "n1")
		if m := next(t, neighbour); m.Body != "still here" {
			t.Errorf("the neighbour heard %q", m.Body)
		}
		neighbour.Quiet()
	})
}

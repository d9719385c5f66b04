package wsapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge-go"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

// wantRateLimited checks a refusal: its code, and when to try again.
func wantRateLimited(t *testing.T, socket *parleytest.Socket, err error) {
	t.Helper()
	var subscribing centrifuge.SubscriptionSubscribeError
	if errors.As(err, &subscribing) {
		err = subscribing.Err
	}
	socket.WantProblem(err, 429, "rate_limited")
	var refused *centrifuge.Error
	var p contract.Problem
	if !errors.As(err, &refused) || p.UnmarshalJSON([]byte(refused.Message)) != nil || p.RetryAfterMs.Value < 1 || !refused.Temporary {
		t.Errorf("%+v does not say when to try again", err)
	}
}

func metrics(t testing.TB, s *parleytest.Server) string {
	t.Helper()
	resp, err := http.Get("http://" + s.OpsAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each command has a budget of the person's, a refusal says when to come back, and the connection stays.
func TestCommandLimits(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(
		"PARLEY_LIMIT_POST=2/1h", "PARLEY_LIMIT_TYPING=1/1h", "PARLEY_LIMIT_READ_MARK=1/1h", "PARLEY_LIMIT_SUBSCRIBE=2/1h",
		"PARLEY_LIMIT_PRESENCE_WATCH=1/1h", "PARLEY_LIMIT_COMMAND=1/1h"))
	maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	theo.Join(room.ID)
	first, second := maya.Connect(), maya.Connect() // two tabs, one person
	post := map[string]any{"room_id": room.ID, "body": "x", "client_key": "m3"}
	typing, mark := map[string]any{"room_id": room.ID}, map[string]any{"room_id": room.ID, "number": 1}

	first.Subscribe(room.ID)
	second.Subscribe(room.ID)
	_, err := first.TrySubscribe("room:99999")
	wantRateLimited(t, first, err)

	first.Post(room.ID, "one", "m1")
	second.Post(room.ID, "two", "m2")
	for _, socket := range []*parleytest.Socket{first, second} {
		_, err := socket.Call("message.post", post)
		wantRateLimited(t, socket, err)
	}
	watch := map[string]any{"user_ids": []any{}}
	for command, data := range map[string]any{"typing.start": typing, "read.mark": mark, "presence.watch": watch} {
		if _, err := first.Call(command, data); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		_, err := second.Call(command, data)
		wantRateLimited(t, second, err)
	}
	_, err = first.Call("made.up", map[string]any{})
	first.WantProblem(err, 404, "unknown_command")
	_, err = first.Call("made.up.again", map[string]any{})
	wantRateLimited(t, first, err)
	if m := theo.Connect().Post(room.ID, "mine", "t1"); m.Number != 3 {
		t.Errorf("theo's message has number %d, want 3", m.Number)
	}
	for range 3 { // still connected, and still hearing
		first.Next()
	}
	text := metrics(t, s)
	if !strings.Contains(text, `parley_limit_refused_total{what="subscribe"} `) { // how often: the SDK goes on trying
		t.Error("refused subscriptions are not counted")
	}
	for what, n := range map[string]int{"post": 2, "typing": 1, "read_mark": 1, "presence_watch": 1, "command": 1} {
		if line := fmt.Sprintf("parley_limit_refused_total{what=%q} %d\n", what, n); !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	if !strings.Contains(text, "parley_limit_redis_away 0\n") {
		t.Error("metrics lack the gauge of Redis")
	}
}

// typeUntilClosed sends one command after the other, whatever the answers are, and returns the code that ends it.
func typeUntilClosed(t *testing.T, conn net.Conn, room contract.ID) ws.StatusCode {
	t.Helper()
	for id := 2; id < 100; id++ {
		send(t, conn, fmt.Sprintf(`{"id":%d,"rpc":{"method":"typing.start","data":{"room_id":%d}}}`, id, room))
		// One at a time: what is unread when the server closes would reset the connection before the code arrives.
		header, err := ws.ReadHeader(conn)
		if err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, min(header.Length, 1<<16))
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatal(err)
		}
		if header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(payload)
			return code
		}
	}
	t.Fatal("never closed")
	return 0
}

// Whoever does not heed refusals is sent away for a while, and then for good. Others are not.
func TestCommandLimits_escalate(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With(
		"PARLEY_LIMIT_TYPING=1/1h", "PARLEY_LIMIT_SOCKET_REFUSALS=3/1h", "PARLEY_LIMIT_SOCKET_CLOSURES=2/1h"))
	maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	theo.Join(room.ID)
	quiet, other := maya.Connect(), theo.Connect()
	for i, want := range []ws.StatusCode{4029, 4029, 4529, 4529} {
		if code := typeUntilClosed(t, dial(t, s, maya, nil), room.ID); code != want {
			t.Errorf("connection %d was closed with %d, want %d", i, code, want)
		}
	}
	if n := strings.Count(s.Log.String(), fmt.Sprintf(`does not heed refusals" user_id=%d limit=typing`, maya.Me.ID)); n != 2 {
		t.Errorf("the log names her %d times, want 2", n)
	}
	quiet.Post(room.ID, "my other tab", "m1")
	if _, err := other.Call("typing.start", map[string]any{"room_id": room.ID}); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if text := metrics(t, s); !strings.Contains(text, `parley_limit_refused_total{what="socket_closures"} 2`) {
		t.Error("closures for good are not counted")
	}
}

// Opening sockets without end is refused too, on all of somebody's devices together; who has one keeps it.
func TestCommandLimits_connect(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_CONNECT=2/1h"))
	maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	kept := maya.Connect()
	dial(t, s, maya, nil)
	conn := dial(t, s, nil, nil)
	send(t, conn, fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, maya.Token))
	payload, err := wsutil.ReadServerText(conn)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Error struct {
			Code      int
			Message   string
			Temporary bool
		}
	}
	var p contract.Problem
	if err := json.Unmarshal(payload, &reply); err != nil || p.UnmarshalJSON([]byte(reply.Error.Message)) != nil ||
		reply.Error.Code != 429 || !reply.Error.Temporary || p.Code != "rate_limited" || p.RetryAfterMs.Value < 1 {
		t.Errorf("the third socket was answered %s, %v", payload, err)
	}
	kept.Post(room.ID, "still here", "m1")
	theo.Connect()
}

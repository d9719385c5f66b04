package wsapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws/wsutil"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

// What a person has used up at one node is used up at the other, for each kind of command by itself.
func TestCommandLimits_across_nodes(t *testing.T) {
	t.Parallel()
	nodes := parleytest.Nodes(t, 2, nil, parleytest.With(
		"PARLEY_LIMIT_POST=1/1h", "PARLEY_LIMIT_TYPING=1/1h", "PARLEY_LIMIT_READ_MARK=1/1h", "PARLEY_LIMIT_PRESENCE_WATCH=1/1h", "PARLEY_LIMIT_COMMAND=1/1h",
		"PARLEY_LIMIT_SUBSCRIBE=1/1h", "PARLEY_LIMIT_CONNECT=2/1h"))
	maya := nodes[0].SignUp(t, "maya")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic)
	first, second := maya.Connect(), nodes[1].As(t, maya).Connect()
	for what, command := range map[string]struct {
		name string
		data any
	}{
		"post":           {"message.post", map[string]any{"room_id": room.ID, "body": "x", "client_key": "m1"}},
		"typing":         {"typing.start", map[string]any{"room_id": room.ID}},
		"read_mark":      {"read.mark", map[string]any{"room_id": room.ID, "number": 0}},
		"presence_watch": {"presence.watch", map[string]any{"user_ids": []contract.ID{maya.Me.ID}}},
	} {
		if _, err := first.Call(command.name, command.data); err != nil {
			t.Errorf("%s: %v", command.name, err)
		}
		_, err := second.Call(command.name, command.data)
		wantRateLimited(t, second, err)
		if line := fmt.Sprintf("parley_limit_refused_total{what=%q} 1\n", what); !strings.Contains(metrics(t, nodes[1]), line) {
			t.Errorf("the second node's metrics lack %s", line)
		}
	}
	first.Subscribe(room.ID)
	_, err := second.TrySubscribe(fmt.Sprintf("room:%d", room.ID))
	wantRateLimited(t, second, err)
	third := dial(t, nodes[1], nil, nil)
	send(t, third, fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, maya.Token))
	if reply, err := wsutil.ReadServerText(third); err != nil || !strings.Contains(string(reply), "rate_limited") {
		t.Errorf("a third socket was answered %s, %v", reply, err)
	}
	_, err = first.Call("made.up", map[string]any{})
	first.WantProblem(err, 404, "unknown_command")
	_, err = second.Call("made.up.again", map[string]any{})
	wantRateLimited(t, second, err)
}

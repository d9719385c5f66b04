package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

func TestPostMessage(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		room, other := maya.CreateRoom("Releases", contract.RoomKindPublic), maya.CreateRoom("Random", contract.RoomKindPublic)
		secret := maya.CreateRoom("Founders", contract.RoomKindPrivate)
		path := func(id contract.ID) string { return fmt.Sprintf("/api/v1/rooms/%d/messages", id) }

		first := maya.Post(room.ID, "hello *you* 日本語 🙂", "k1")
		if first.Number != 1 || first.Revision != 1 || first.AuthorID != maya.Me.ID || first.ClientKey != "k1" {
			t.Errorf("first: %+v", first)
		}
		var again contract.Message
		maya.Do(http.MethodPost, path(room.ID), map[string]string{"body": "other", "client_key": "k1"}).Want(http.StatusOK).Decode(&again)
		if again != first {
			t.Errorf("a retry: %+v, want %+v", again, first)
		}
		maya.Do(http.MethodPost, path(other.ID), map[string]string{"body": "other", "client_key": "k1"}).WantProblem(409, "client_key_reused", "client_key")
		long := maya.Post(room.ID, strings.Repeat("ä", 8000), "k2")
		if long.Number != 2 {
			t.Errorf("8,000 characters: %+v", long)
		}

		for name, tt := range map[string]struct {
			body   any
			code   string
			fields []string
		}{
			"empty":         {map[string]string{"body": "", "client_key": "x"}, "invalid", []string{"body"}},
			"white space":   {map[string]string{"body": " \n\t", "client_key": "x"}, "invalid", []string{"body"}},
			"over-long":     {map[string]string{"body": strings.Repeat("ä", 8001), "client_key": "x"}, "invalid", []string{"body"}},
			"nul":           {map[string]string{"body": "a\x00b", "client_key": "x"}, "invalid", []string{"body"}},
			"invalid UTF-8": {"{\"body\":\"a\xffb\",\"client_key\":\"x\"}", "invalid", []string{"body"}},
			"wrong types":   {`{"body":{},"client_key":"x"}`, "invalid", []string{"body"}},
			"a key's type":  {`{"body":"x","client_key":5}`, "invalid", []string{"client_key"}},
			"an odd key":    {map[string]string{"body": "x", "client_key": "a b"}, "invalid", []string{"client_key"}},
			"a long key":    {map[string]string{"body": "x", "client_key": strings.Repeat("k", 65)}, "invalid", []string{"client_key"}},
			"nothing":       {`{}`, "invalid", []string{"body", "client_key"}},
			"no JSON":       {`hello`, "malformed", nil},
			"cut off":       {`{"body":"x`, "invalid", []string{"body"}},
			"an array":      {`[1]`, "malformed", nil},
		} {
			t.Run(name, func(t *testing.T) {
				maya.Do(http.MethodPost, path(room.ID), tt.body).WantProblem(400, tt.code, tt.fields...)
			})
		}
		good := map[string]string{"body": "x", "client_key": "x"}
		maya.Do(http.MethodPost, path(room.ID), good, "Content-Type", "text/plain").WantProblem(415, "unsupported_media_type")
		maya.Do(http.MethodPost, path(room.ID), `{"body":"`+strings.Repeat("x", 1<<20)+`"}`).WantProblem(413, "body_too_large")
		maya.Do(http.MethodPost, path(999), good).WantProblem(404, "room_not_found")
		maya.Do(http.MethodPost, "/api/v1/rooms/abc/messages", good).WantProblem(404, "room_not_found", "room_id")
		theo.Do(http.MethodPost, path(room.ID), good).WantProblem(403, "not_a_member")
		theo.Do(http.MethodPost, path(secret.ID), good).WantProblem(404, "room_not_found")
		s.Anonymous(t).Do(http.MethodPost, path(room.ID), good).WantProblem(401, "unauthenticated")

		if page := maya.History(room.ID, ""); len(page.Items) != 2 || page.Revision != 2 || page.HasMore {
			t.Errorf("after all refusals the room has %d messages at revision %d, want 2 at 2", len(page.Items), page.Revision)
		}
	})
}

func TestHistoryAndChanges(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		maya, theo := s.SignUp(t, "maya"), s.SignUp(t, "theo")
		room := maya.CreateRoom("Releases", contract.RoomKindPublic)
		for i := range 7 {
			maya.Post(room.ID, fmt.Sprint("message ", i+1), fmt.Sprint("k", i))
		}
		numbers := func(list []contract.Message) string {
			var n []string
			for _, m := range list {
				n = append(n, fmt.Sprint(m.Number))
			}
			return strings.Join(n, " ")
		}
		for query, want := range map[string]string{
			"":                    "1 2 3 4 5 6 7 false",
			"?limit=3":            "5 6 7 true",
			"?before=5&limit=2":   "3 4 true",
			"?before=3&limit=2":   "1 2 false",
			"?after=2&limit=3":    "3 4 5 true",
			"?after=5&limit=2":    "6 7 false",
			"?after=7":            " false",
			"?before=1":           " false",
			"?after=0&limit=2":    "1 2 true",
			"?before=99&limit=1":  "7 true",
			"?before=8&limit=200": "1 2 3 4 5 6 7 false",
		} {
			page := maya.History(room.ID, query)
			if got := fmt.Sprint(numbers(page.Items), " ", page.HasMore); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
		base := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
		for query, field := range map[string]string{"?limit=0": "limit", "?limit=201": "limit", "?limit=x": "limit", "?before=0": "before", "?after=-1": "after"} {
			maya.Do(http.MethodGet, base+"/messages"+query, nil).WantProblem(400, "invalid", field)
		}
		maya.Do(http.MethodGet, base+"/messages?before=5&after=2", nil).WantProblem(400, "invalid", "after")
		maya.Do(http.MethodGet, base+"/changes", nil).WantProblem(400, "invalid", "since")
		theo.Do(http.MethodGet, base+"/messages", nil).WantProblem(403, "not_a_member")
		theo.Do(http.MethodGet, base+"/changes?since=0", nil).WantProblem(403, "not_a_member")

		var edited, deleted contract.Message
		maya.Do(http.MethodPatch, base+"/messages/2", map[string]string{"body": "changed"}).Want(200).Decode(&edited)
		maya.Do(http.MethodDelete, base+"/messages/3", nil).Want(200).Decode(&deleted)
		if edited.Revision != 8 || edited.Body != "changed" || !edited.EditedAt.IsSet() || deleted.Revision != 9 || deleted.Body != "" || !deleted.DeletedAt.IsSet() {
			t.Errorf("edited %+v, deleted %+v", edited, deleted)
		}
		maya.Do(http.MethodPatch, base+"/messages/2", map[string]string{"body": "changed"}).Want(200).Decode(&edited)
		if edited.Revision != 8 {
			t.Errorf("an edit that changes nothing spent revision %d", edited.Revision)
		}
		var twice contract.Message
		maya.Do(http.MethodDelete, base+"/messages/3", nil).Want(200).Decode(&twice)
		if twice != deleted {
			t.Errorf("deleted twice: %+v, want %+v", twice, deleted)
		}
		maya.Do(http.MethodPatch, base+"/messages/3", map[string]string{"body": "x"}).WantProblem(409, "message_deleted")
		maya.Do(http.MethodPatch, base+"/messages/99", map[string]string{"body": "x"}).WantProblem(404, "message_not_found")
		maya.Do(http.MethodPatch, base+"/messages/2", map[string]string{"body": " "}).WantProblem(400, "invalid", "body")

		theo.Join(room.ID)
		theo.Do(http.MethodPatch, base+"/messages/2", map[string]string{"body": "x"}).WantProblem(403, "forbidden")
		theo.Do(http.MethodDelete, base+"/messages/2", nil).WantProblem(403, "forbidden")
		theo.Post(room.ID, "mine", "t1")
		maya.Do(http.MethodPatch, base+"/messages/8", map[string]string{"body": "x"}).WantProblem(403, "forbidden")
		maya.Do(http.MethodDelete, base+"/messages/8", nil).Want(200) // an owner may

		c := maya.Changes(room.ID, 6, "")
		if got := numbers(c.Items); got != "7 2 3 8" || c.Revision != 11 || c.HasMore || c.Room.LastNumber != 8 {
			t.Errorf("changes since 6: %q, revision %d, more %v, room %+v", got, c.Revision, c.HasMore, c.Room)
		}
		if c = maya.Changes(room.ID, 0, "&limit=3"); numbers(c.Items) != "1 4 5" || c.Revision != 5 || !c.HasMore {
			t.Errorf("three changes since 0: %q, revision %d, more %v", numbers(c.Items), c.Revision, c.HasMore)
		}
		if c = maya.Changes(room.ID, 11, ""); len(c.Items) != 0 || c.Revision != 11 {
			t.Errorf("nothing new: %+v", c)
		}
		if c = maya.Changes(room.ID, 99, ""); len(c.Items) != 0 || c.Revision != 11 {
			t.Errorf("a room older than the client thinks: %+v", c)
		}
	})
}

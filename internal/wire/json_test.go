package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/contract"
	"parley/internal/wire"
)

func TestUnambiguous(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, `"name%d":1,`, i)
	}
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"an object":                      {`{"a":1,"b":{"a":2}}`, nil},
		"the same name in a list":        {`[{"a":1},{"a":1}]`, nil},
		"other cases are other names":    {`{"a":1,"A":2}`, nil},
		"a text that looks like one":     {`{"a":"\"b\":1,\"b\":2"}`, nil},
		"many names":                     {`{` + many.String() + `"z":1}`, nil},
		"broken, for others to say":      {`{"a":1,`, nil},
		"nothing":                        {``, nil},
		"as deep as it goes":             {strings.Repeat(`[`, 100_000), nil},
		"twice":                          {`{"a":1,"a":1}`, wire.ErrAmbiguous},
		"twice, spelled otherwise":       {`{"role":1,"r\u006fle":2}`, wire.ErrAmbiguous},
		"twice inside":                   {`{"x":[{"y":{"a":1,"b":2,"a":3}}]}`, wire.ErrAmbiguous},
		"twice among many":               {`{` + many.String() + `"name4999":1}`, wire.ErrAmbiguous},
		"the first of many twice":        {`{` + many.String() + `"name0":1}`, wire.ErrAmbiguous},
		"twice where nobody looks later": {`{"unknown":{"a":1,"a":2}}`, wire.ErrAmbiguous},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := wire.Unambiguous([]byte(tt.text)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, code string }{
		"right":           {`{"room_id": 7} `, ""},
		"more than known": {`{"room_id": 7, "role": "owner"}`, ""},
		"twice":           {`{"room_id": 7, "room_id": 8}`, "ambiguous"},
		"two values":      {`{"room_id": 7} {"room_id": 8}`, "malformed"},
		"something after": {`{"room_id": 7}x`, "malformed"},
		"out of bounds":   {`{"room_id": 0}`, "invalid"},
		"cut off":         {`{"room_id": 7`, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var in contract.TypingStartCommand
			err := wire.Decode([]byte(tt.text), &in)
			var e *chat.Error
			if errors.As(err, &e); (e == nil) != (tt.code == "") || e != nil && e.Code != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
			if tt.code == "" && in.RoomID != 7 {
				t.Errorf("read %+v", in)
			}
		})
	}
}

func BenchmarkUnambiguous(b *testing.B) {
	text := []byte(`{"room_id": 17, "body": "a message of some length, as people write them", "client_key": "01JC8Z6T3W9Q"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := wire.Unambiguous(text); err != nil {
			b.Fatal(err)
		}
	}
}

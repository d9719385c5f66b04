package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"parley/internal/chat"
)

func TestCheckUsername(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"maya": "", "Maya.O": "", "a-b_c.9": "", strings.Repeat("a", 32): "",
		"": "required", "ab": "too_short", strings.Repeat("a", 33): "too_long", "a b c": "alphabet", "mаya": "alphabet", "ma\u200bya": "alphabet",
		"maya\u202e": "alphabet", "___": "alphabet", "Root": "reserved", "EVERYONE": "reserved", "a\x00bc": "nul", "abc\xff": "invalid_utf8",
	} {
		if got := chat.CheckUsername(name).Code; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "required", "  ": "required", "a": "", "Größe 日本 🙂": "", "a\nb": "control", "a\u2028b": "control", "a\x7f": "control",
		"a\u202eb": "deceptive", "a\u2066b": "deceptive", "a\ufeffb": "deceptive", "ㅤ": "deceptive", strings.Repeat("ä", 10): "", strings.Repeat("ä", 11): "too_long",
	} {
		if got := chat.Line(text, 1, 10).Code; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := chat.Line("", 0, 10); got.Code != "" {
		t.Errorf("nothing where nothing is fine: %+v", got)
	}
}

func TestCheckBody(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"x": "", "\ta\nb": "", strings.Repeat("日", 8000): "", strings.Repeat("日", 8001): "too_long", " \n\u3000": "required", "": "required",
		"a\x00": "nul", "a\xc3": "invalid_utf8",
	} {
		if got := chat.CheckBody(text).Code; got != want {
			t.Errorf("%.20q: %q, want %q", text, got, want)
		}
	}
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"": true, "maya@harbour.example": true, "a+b@x.org": true,
		"maya": false, "Maya <maya@x.org>": false, "maya@x.org, theo@x.org": false, "a@b\n": false, "@": false,
		strings.Repeat("a", 250) + "@x.org": false,
	} {
		if got := chat.CheckEmail(text); (got.Code == "") != ok {
			t.Errorf("%q: %+v, want ok %v", text, got, ok)
		}
	}
}

// What a check lets through can be stored on both engines: it is valid UTF-8 without NUL.
func TestChecksRefuseWhatCannotBeStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		for what, f := range map[string]chat.Fault{
			"username": chat.CheckUsername(s), "line": chat.Line(s, 0, 1000), "body": chat.CheckBody(s), "email": chat.CheckEmail(s),
			"password": chat.CheckPassword(s), "client key": chat.CheckClientKey(s),
		} {
			if f.Code == "" && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
				t.Errorf("%s lets %q through", what, s)
			}
		}
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	public, private := chat.Room{Kind: chat.RoomPublic}, chat.Room{Kind: chat.RoomPrivate}
	owner, member, stranger := chat.Membership{Role: chat.RoleOwner}, chat.Membership{Role: chat.RoleMember}, chat.Membership{}
	for _, tt := range []struct {
		what string
		got  bool
		want bool
	}{
		{"a stranger sees a public room", public.CanSee(stranger), true},
		{"a stranger sees a private room", private.CanSee(stranger), false},
		{"a member sees a private room", private.CanSee(member), true},
		{"anybody joins a public room", public.CanJoin(), true},
		{"anybody joins a private room", private.CanJoin(), false},
		{"an owner updates", owner.CanUpdate(), true},
		{"a member updates", member.CanUpdate(), false},
		{"a member brings somebody into a private room", private.CanAdd(member), true},
		{"a member brings somebody into a public room", public.CanAdd(member), false},
		{"a stranger brings somebody into a private room", private.CanAdd(stranger), false},
		{"a member takes somebody out", member.CanRemove(), false},
		{"an author edits", chat.Message{Author: 1}.CanEdit(1), true},
		{"another edits", chat.Message{Author: 1}.CanEdit(2), false},
		{"an author deletes", chat.Message{Author: 1}.CanDelete(1, member), true},
		{"another deletes", chat.Message{Author: 1}.CanDelete(2, member), false},
		{"an owner deletes another's", chat.Message{Author: 1}.CanDelete(2, owner), true},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v, want %v", tt.what, tt.got, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	err := fmt.Errorf("post message: %w", chat.ErrUnavailable.Because(cause))
	if !errors.Is(err, chat.ErrUnavailable) || !errors.Is(err, cause) || errors.Is(err, chat.ErrDiskFull) {
		t.Errorf("%v does not match what it is", err)
	}
	if chat.KindOf(err) != chat.KindUnavailable || chat.KindOf(cause) != chat.KindInternal {
		t.Errorf("kinds %v, %v", chat.KindOf(err), chat.KindOf(cause))
	}
	if !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("the log loses the cause: %v", err)
	}
}

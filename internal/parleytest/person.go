package parleytest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"

	"parley/internal/contract"
)

// Password is everybody's password.
const Password = "correct horse battery"

// Person is somebody with an account, signed in.
type Person struct {
	Me     contract.Me
	Token  string // the access token
	Cookie string // the refresh token's cookie, name=value
	server *Server
	tb     testing.TB
}

// SignUp makes an account.
func (s *Server) SignUp(tb testing.TB, username string, header ...string) *Person {
	tb.Helper()
	p := &Person{server: s, tb: tb}
	r := p.Do(http.MethodPost, "/api/v1/auth/signup", map[string]string{"username": username, "password": Password}, header...)
	r.Want(http.StatusCreated)
	p.adopt(r)
	return p
}

// SignIn signs somebody in once more, as from another device.
func (s *Server) SignIn(tb testing.TB, username string, header ...string) *Person {
	tb.Helper()
	p := &Person{server: s, tb: tb}
	r := p.Do(http.MethodPost, "/api/v1/auth/login", map[string]string{"username": username, "password": Password}, header...)
	r.Want(http.StatusOK)
	p.adopt(r)
	return p
}

// Refresh presents a refresh cookie, the person's own when it is empty, and returns what was answered.
func (p *Person) Refresh(cookie string) *Response {
	p.tb.Helper()
	return p.Do(http.MethodPost, "/api/v1/auth/refresh", nil, "Cookie", cmp.Or(cookie, p.Cookie), "X-Parley", "1")
}

// Prove proves again who the person is, with their password.
func (p *Person) Prove() {
	p.tb.Helper()
	p.Do(http.MethodPost, "/api/v1/me/reauthenticate", map[string]string{"current_password": Password}).Want(http.StatusNoContent)
}

// Renew refreshes the person's tokens.
func (p *Person) Renew() {
	p.tb.Helper()
	p.adopt(p.Refresh("").Want(http.StatusOK))
}

func (p *Person) adopt(r *Response) {
	p.tb.Helper()
	var session contract.Session
	r.Decode(&session)
	p.Me, p.Token, p.Cookie = session.User, session.AccessToken, r.Cookie()
}

// As is somebody who talks to this server with the tokens another one gave.
func (s *Server) As(tb testing.TB, p *Person) *Person {
	tb.Helper()
	return &Person{Me: p.Me, Token: p.Token, Cookie: p.Cookie, server: s, tb: tb}
}

// Anonymous is somebody without an account.
func (s *Server) Anonymous(tb testing.TB) *Person {
	tb.Helper()
	return &Person{server: s, tb: tb}
}

// Response is what a server answered.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	what   string
	tb     testing.TB
}

// Do sends a request with the person's access token. A body that is a string or bytes goes as it is, any other as JSON.
func (p *Person) Do(method, path string, body any, header ...string) *Response {
	p.tb.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	case []byte:
		reader = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			p.tb.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.server.URL+path, reader)
	if err != nil {
		p.tb.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // no redirects are followed
	if err != nil {
		p.tb.Fatalf("%s %s: %v", method, path, err)
	}
	data, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		p.tb.Error(err)
	}
	if err != nil {
		p.tb.Fatalf("%s %s: %v", method, path, err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: data, what: method + " " + path, tb: p.tb}
}

// Want fails the test when the status is another.
func (r *Response) Want(status int) *Response {
	r.tb.Helper()
	if r.Status != status {
		r.tb.Fatalf("%s: status %d, want %d\n%s", r.what, r.Status, status, r.Body)
	}
	return r
}

// Decode reads the answer as one of the contract's types and checks it against the contract.
func (r *Response) Decode(into interface{ UnmarshalJSON([]byte) error }) {
	r.tb.Helper()
	if err := into.UnmarshalJSON(r.Body); err != nil {
		r.tb.Fatalf("%s: %v\n%s", r.what, err, r.Body)
	}
	if v, ok := into.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			r.tb.Fatalf("%s: %v\n%s", r.what, err, r.Body)
		}
	}
}

// WantProblem fails the test when the answer is not a problem+json of this status and code that names these faulty fields.
func (r *Response) WantProblem(status int, code string, fields ...string) contract.Problem {
	r.tb.Helper()
	r.Want(status)
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		r.tb.Errorf("%s: content type %q\n%s", r.what, got, r.Body)
	}
	var p contract.Problem
	r.Decode(&p)
	if p.Code != code || p.Status != status {
		r.tb.Errorf("%s: problem %s (%d), want %s (%d)\n%s", r.what, p.Code, p.Status, code, status, r.Body)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Field)
	}
	if fmt.Sprint(got) != fmt.Sprint(fields) {
		r.tb.Errorf("%s: faulty fields %v, want %v\n%s", r.what, got, fields, r.Body)
	}
	if p.RequestID.Value != r.Header.Get("X-Request-Id") {
		r.tb.Errorf("%s: request id %q in the problem, %q in the header", r.what, p.RequestID.Value, r.Header.Get("X-Request-Id"))
	}
	return p
}

// Cookie returns the cookie that the answer sets, as name=value.
func (r *Response) Cookie() string {
	resp := http.Response{Header: r.Header}
	for _, c := range resp.Cookies() {
		return c.Name + "=" + c.Value
	}
	return ""
}

// CreateRoom makes a room.
func (p *Person) CreateRoom(name string, kind contract.RoomKind) contract.Room {
	p.tb.Helper()
	var room contract.Room
	p.Do(http.MethodPost, "/api/v1/rooms", map[string]any{"name": name, "kind": kind}).Want(http.StatusCreated).Decode(&room)
	return room
}

// Join joins a public room.
func (p *Person) Join(id contract.ID) contract.Room {
	p.tb.Helper()
	var room contract.Room
	p.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/join", id), nil).Want(http.StatusOK).Decode(&room)
	return room
}

// Post posts a message over HTTP.
func (p *Person) Post(room contract.ID, body, key string) contract.Message {
	p.tb.Helper()
	var m contract.Message
	p.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", room), map[string]string{"body": body, "client_key": key}).
		Want(http.StatusCreated).Decode(&m)
	return m
}

// Sessions lists the person's sessions.
func (p *Person) Sessions() []contract.DeviceSession {
	p.tb.Helper()
	var list contract.SessionList
	p.Do(http.MethodGet, "/api/v1/me/sessions", nil).Want(http.StatusOK).Decode(&list)
	return list.Items
}

// Notices lists the person's notices.
func (p *Person) Notices() []contract.Notice {
	p.tb.Helper()
	var list contract.NoticeList
	p.Do(http.MethodGet, "/api/v1/me/notices", nil).Want(http.StatusOK).Decode(&list)
	return list.Items
}

// Rooms lists the person's rooms.
func (p *Person) Rooms() []contract.Room {
	p.tb.Helper()
	var list contract.RoomList
	p.Do(http.MethodGet, "/api/v1/rooms", nil).Want(http.StatusOK).Decode(&list)
	return list.Items
}

// History returns a page of a room.
func (p *Person) History(room contract.ID, query string) contract.MessagePage {
	p.tb.Helper()
	var page contract.MessagePage
	p.Do(http.MethodGet, fmt.Sprintf("/api/v1/rooms/%d/messages%s", room, query), nil).Want(http.StatusOK).Decode(&page)
	return page
}

// Changes returns what changed in a room since a revision.
func (p *Person) Changes(room contract.ID, since int64, query string) contract.ChangePage {
	p.tb.Helper()
	var page contract.ChangePage
	p.Do(http.MethodGet, fmt.Sprintf("/api/v1/rooms/%d/changes?since=%d%s", room, since, query), nil).Want(http.StatusOK).Decode(&page)
	return page
}

// Invite makes an invite link's secret; the body is what is not to be as usual: for a member, for one account, for an hour.
func (p *Person) Invite(body map[string]any) contract.CreatedInvite {
	p.tb.Helper()
	in := map[string]any{"role": "member", "expires_in": 3600, "max_uses": 1}
	maps.Copy(in, body)
	var made contract.CreatedInvite
	p.Do(http.MethodPost, "/api/v1/admin/invites", in).Want(http.StatusCreated).Decode(&made)
	return made
}

// Invites lists the server's invites.
func (p *Person) Invites() []contract.Invite {
	p.tb.Helper()
	var page contract.InvitePage
	p.Do(http.MethodGet, "/api/v1/admin/invites", nil).Want(http.StatusOK).Decode(&page)
	return page.Items
}

// Govern changes somebody's role or deactivates them.
func (p *Person) Govern(id contract.ID, change map[string]any) *Response {
	p.tb.Helper()
	return p.Do(http.MethodPatch, fmt.Sprintf("/api/v1/admin/people/%d", id), change)
}

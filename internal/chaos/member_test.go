package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"parley/internal/contract"
)

// counters are what happened to all members together.
type counters struct {
	attempts, retries, connections, signIns, renewals, events, heals, pages atomic.Int64

	mu       sync.Mutex
	refusals map[string]int
	waits    []time.Duration // from the first attempt to the acknowledgement
}

func (c *counters) waited(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
}

func (c *counters) refused(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusals == nil {
		c.refusals = map[string]int{}
	}
	c.refusals[what]++
}

// member is a person with a client that does what the web client does: it sends each message until it is acknowledged, under one key, applies
// events, and asks for what it missed.
type member struct {
	name  string
	base  string // http://host:port
	http  *http.Client
	rng   *rand.Rand
	book  *book
	count *counters
	rooms []contract.ID

	session sync.Mutex // renewing a token is done by one at a time
	id      contract.ID
	token   string
	expires time.Time
	cookie  string

	socket *centrifuge.Client
	reader *reader
}

const (
	password = "correct horse battery"
	// attemptTime is how long an attempt may take before the client tries again.
	attemptTime = 3 * time.Second
)

func newMember(name, base string, rng *rand.Rand, b *book, c *counters) *member {
	return &member{
		name: name, base: base, rng: rng, book: b, count: c,
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 2, DisableCompression: true, TLSClientConfig: anyCertificate()}},
	}
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	code   string
	wait   time.Duration
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.code) }

// passes says whether trying again can help.
func passes(err error) bool {
	var r *refusal
	if !errors.As(err, &r) {
		return true // nobody knows what became of it
	}
	return r.status >= 500 || r.status == http.StatusTooManyRequests || r.status == http.StatusUnauthorized || r.status == http.StatusRequestTimeout
}

// request is one request over HTTP.
type request struct {
	method, path, token string
	body                any
	header              map[string]string
}

// do makes a request, decodes its answer and returns the cookies that came with it.
func (m *member) do(ctx context.Context, q request, into any) ([]*http.Cookie, error) {
	var body io.Reader
	if q.body != nil {
		data, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, m.base+q.path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if q.token != "" {
		req.Header.Set("Authorization", "Bearer "+q.token)
	}
	for name, value := range q.header {
		req.Header.Set(name, value)
	}
	resp, err := m.http.Do(req)
	if err != nil {
		m.count.refused("no answer over HTTP")
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		m.count.refused("half an answer over HTTP")
		return nil, err
	}
	if resp.StatusCode >= 300 {
		var p contract.Problem
		_ = p.UnmarshalJSON(data) // without a code it is counted by its status
		r := &refusal{resp.StatusCode, p.Code, time.Duration(p.RetryAfterMs.Value) * time.Millisecond}
		m.count.refused(fmt.Sprintf("%s over HTTP", r))
		return nil, r
	}
	if into == nil {
		return nil, nil
	}
	return resp.Cookies(), json.Unmarshal(data, into)
}

// call makes a request as the member, again and again until it is answered for good.
func (m *member) call(ctx context.Context, method, path string, body, into any) error {
	for attempt := 0; ; attempt++ {
		token, err := m.access(ctx)
		if err == nil {
			_, err = m.do(ctx, request{method: method, path: path, token: token, body: body}, into)
		}
		if err == nil || !passes(err) || ctx.Err() != nil {
			return err
		}
		m.forget(token, err)
		pause(ctx, backoff(attempt, err))
	}
}

// backoff is how long the web client waits after an attempt, made shorter in proportion to a run.
func backoff(attempt int, err error) time.Duration {
	var r *refusal
	if errors.As(err, &r) && r.wait > 0 {
		return r.wait
	}
	limit := min(100*time.Millisecond<<min(attempt, 5), 2*time.Second)
	return limit/2 + rand.N(limit) // one moment for all would be a herd
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (m *member) signUp(ctx context.Context) error {
	var s contract.Session
	cookies, err := m.do(ctx, request{method: http.MethodPost, path: "/api/v1/auth/signup", body: m.credentials()}, &s)
	if err == nil {
		m.adopt(cookies, &s)
	}
	return err
}

func (m *member) credentials() map[string]string {
	return map[string]string{"username": m.name, "password": password}
}

func (m *member) adopt(cookies []*http.Cookie, s *contract.Session) {
	m.id, m.token, m.expires = s.User.ID, s.AccessToken, time.Now().Add(time.Duration(s.ExpiresIn)*time.Second)
	for _, c := range cookies {
		m.cookie = c.Name + "=" + c.Value
	}
}

// forget drops a token that was refused.
func (m *member) forget(token string, err error) {
	var r *refusal
	if !errors.As(err, &r) || r.status != http.StatusUnauthorized {
		return
	}
	m.session.Lock()
	defer m.session.Unlock()
	if m.token == token {
		m.token = ""
	}
}

// access returns a token that is good for a while: the one there is, a renewed one, or that of a new session when the old one has ended, as it
// does when Redis loses it.
func (m *member) access(ctx context.Context) (string, error) {
	m.session.Lock()
	defer m.session.Unlock()
	if m.token != "" && time.Until(m.expires) > 10*time.Second {
		return m.token, nil
	}
	var s contract.Session
	header := map[string]string{"Cookie": m.cookie, "X-Parley": "1"}
	cookies, err := m.do(ctx, request{method: http.MethodPost, path: "/api/v1/auth/refresh", header: header}, &s)
	var r *refusal
	if errors.As(err, &r) && !(r.status >= 500 || r.status == http.StatusTooManyRequests) {
		m.count.signIns.Add(1)
		cookies, err = m.do(ctx, request{method: http.MethodPost, path: "/api/v1/auth/login", body: m.credentials()}, &s)
	} else if err == nil {
		m.count.renewals.Add(1)
	}
	if err != nil {
		return "", err
	}
	m.adopt(cookies, &s)
	return m.token, nil
}

// say sends one message and returns when it is acknowledged, or when the context ends. Now and then somebody closes their browser instead of
// trying again: whether such a message is there is nobody's to promise, only that it is there once at most.
func (m *member) say(ctx context.Context, room contract.ID, body, key string) (*sent, error) {
	s := &sent{Key: key, Room: room, Author: m.id, Bodies: []string{body}}
	m.book.add(s)
	begun := time.Now()
	for attempt := 0; ; attempt++ {
		m.count.attempts.Add(1)
		stored, err := m.post(ctx, s)
		if err == nil {
			m.book.ack(s, stored)
			m.count.waited(time.Since(begun))
			return s, nil
		}
		if !passes(err) || ctx.Err() != nil {
			return s, err
		}
		if m.rng.IntN(50) == 0 {
			return s, nil
		}
		m.count.retries.Add(1)
		pause(ctx, backoff(attempt, err))
	}
}

// post makes one attempt, over HTTP or over the socket.
func (m *member) post(ctx context.Context, s *sent) (contract.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	var reply contract.MessagePostReply
	if m.rng.IntN(2) == 0 {
		token, err := m.access(ctx)
		if err == nil {
			_, err = m.do(ctx, request{
				method: http.MethodPost, path: fmt.Sprintf("/api/v1/rooms/%d/messages", s.Room), token: token,
				body: map[string]string{"body": s.Bodies[0], "client_key": s.Key},
			}, &reply.Message)
		}
		m.forget(token, err)
		return reply.Message, err
	}
	data, err := json.Marshal(map[string]any{"room_id": s.Room, "body": s.Bodies[0], "client_key": s.Key})
	if err != nil {
		return reply.Message, err
	}
	r, err := m.socket.RPC(ctx, "message.post", data)
	if err == nil {
		err = reply.UnmarshalJSON(r.Data)
	}
	var refused *centrifuge.Error
	if errors.As(err, &refused) && refused.Code >= 400 {
		var p contract.Problem
		_ = p.UnmarshalJSON([]byte(refused.Message)) // without a code it is counted by its status
		err = &refusal{int(refused.Code), p.Code, time.Duration(p.RetryAfterMs.Value) * time.Millisecond}
	}
	if err != nil {
		m.count.refused(fmt.Sprintf("%s over the socket", err))
	}
	return reply.Message, err
}

// rework edits or deletes a message of the member's. Each message is edited once at most: a late copy of an edit says the same as the first.
func (m *member) rework(ctx context.Context, s *sent) {
	path := fmt.Sprintf("/api/v1/rooms/%d/messages/%d", s.Room, s.Acked.Number)
	change := func(method, body string, payload any) {
		place := m.book.tried(s, body)
		if m.call(ctx, method, path, payload, nil) == nil {
			m.book.changed(s, place)
		}
	}
	if m.rng.IntN(2) == 0 {
		body := s.Bodies[0] + ", edited"
		change(http.MethodPatch, body, map[string]string{"body": body})
	}
	if m.rng.IntN(3) == 0 {
		change(http.MethodDelete, gone, nil)
	}
}

// chatter says something now and then, in one of the member's rooms, until quiet is closed; what is under way then is finished.
func (m *member) chatter(ctx context.Context, quiet <-chan struct{}, every time.Duration) error {
	for i := 0; ; i++ {
		t := time.NewTimer(time.Duration(m.rng.ExpFloat64() * float64(every)))
		select {
		case <-quiet:
			t.Stop()
			return nil
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		room := m.rooms[m.rng.IntN(len(m.rooms))]
		s, err := m.say(ctx, room, fmt.Sprintf("%s says %d", m.name, i), fmt.Sprintf("%s-%d", m.name, i))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", m.name, s.Key, err)
		}
		if s.acked() && m.rng.IntN(20) == 0 {
			m.rework(ctx, s)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// measure are the arguments of a load so small that a test can wait for it. The server that the bench starts is this test binary too.
func measure(more ...string) []string {
	return append([]string{
		"bench", "--connections=6", "--rooms=2", "--members=3", "--senders=4", "--duration=300ms", "--warmup=50ms", "--json",
	}, more...)
}

type benchReport struct {
	Schema int
	Server struct {
		Own      bool
		Database string
		Nodes    int
	}
	Load       map[string]any
	Posts      int
	NotSent    int     `json:"posts_not_sent"`
	PostsRate  float64 `json:"posts_per_second"`
	Deliveries int
	Rate       float64 `json:"deliveries_per_second"`
	Latency    map[string]struct {
		P50, P95, P99 float64
		Count         int
	} `json:"latency_ms"`
	Ledger     map[string]int
	Reconnects struct {
		Count  int
		Healed struct{ Count int } `json:"healed_ms"`
	}
	Refusals    map[string]int
	Cost        map[string]float64
	Interrupted bool
	Faults      []string
}

// reported reads the JSON that a bench printed.
func (p *process) reported(t *testing.T) (r benchReport) {
	t.Helper()
	said := p.said()
	from, to := strings.Index(said, "{"), strings.LastIndex(said, "}")
	if from < 0 {
		t.Fatalf("no JSON in:\n%s", said)
	}
	if err := json.Unmarshal([]byte(said[from:to+1]), &r); err != nil {
		t.Fatalf("%v in:\n%s", err, said)
	}
	return r
}

func TestBench_server_of_its_own(t *testing.T) {
	t.Parallel()
	places := t.TempDir()
	for _, via := range []string{"http", "socket", "both"} {
		p := start(t, []string{"TMPDIR=" + places}, measure("--rate=0", "--via="+via, "--set="+asParley)...)
		p.exits(t, 0)
		r := p.reported(t)
		if r.Schema != 1 || !r.Server.Own || r.Server.Database != "sqlite" || r.Server.Nodes != 1 || r.Load["connections"] != 6.0 {
			t.Errorf("%s: not what was asked for: %+v", via, r)
		}
		if r.Posts < 4 || r.Deliveries != 3*r.Posts || r.PostsRate <= 0 || r.Rate <= 0 {
			t.Errorf("%s: %d posts and %d deliveries, of which each post has three", via, r.Posts, r.Deliveries)
		}
		for what, n := range map[string]int{"acknowledged": r.Posts, "received": r.Deliveries, "last_receiver": r.Posts} {
			if l := r.Latency[what]; l.Count != n || l.P50 <= 0 || l.P95 < l.P50 || l.P99 < l.P95 {
				t.Errorf("%s: %s: %+v, want %d of them", via, what, l, n)
			}
		}
		for _, what := range []string{"lost", "doubled", "out_of_order", "altered"} {
			if n, there := r.Ledger[what]; !there || n != 0 {
				t.Errorf("%s: %d %s", via, n, what)
			}
		}
	}
	left, err := os.ReadDir(places)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// At a rate as many posts are due as should be, and no more are sent. A machine that stands still meanwhile sends some of them too late to count.
func TestBench_rate(t *testing.T) {
	t.Parallel()
	p := start(t, nil, measure("--rate=40", "--duration=500ms", "--set="+asParley)...)
	p.exits(t, 0)
	if r := p.reported(t); r.Posts+r.NotSent != 20 || r.Deliveries != 3*r.Posts {
		t.Errorf("%d posts, %d not sent and %d deliveries in half a second at 40 a second", r.Posts, r.NotSent, r.Deliveries)
	}
}

// Everybody whose socket is cut comes back and has read what was said meanwhile.
func TestBench_cut(t *testing.T) {
	t.Parallel()
	p := start(t, nil, measure("--rate=40", "--duration=500ms", "--cut-after=100ms", "--via=both", "--set="+asParley)...)
	p.exits(t, 0)
	if r := p.reported(t); r.Reconnects.Count != 6 || r.Reconnects.Healed.Count != 6 {
		t.Errorf("%+v, want 6 back", r.Reconnects)
	}
}

var whereIs = regexp.MustCompile(` is at http://([0-9.:]+)\s`)

// measured is a server that somebody runs, with its owner.
type measured struct {
	url, token string
}

func runMeasured(t *testing.T, more ...string) *measured {
	t.Helper()
	p := start(t, settings(t.TempDir(), more...), "serve")
	p.serving(t)
	p.says(t, whereIs.String())
	m := &measured{url: "http://" + whereIs.FindStringSubmatch(p.said())[1]}
	m.token = m.account(t, "the.owner")
	return m
}

func (m *measured) account(t *testing.T, name string) (token string) {
	t.Helper()
	var session struct {
		AccessToken string `json:"access_token"`
	}
	m.ask(t, "POST", "/auth/signup", `{"username":"`+name+`","password":"correct horse battery"}`, &session)
	return session.AccessToken
}

func (m *measured) ask(t *testing.T, method, path, in string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, m.url+"/api/v1"+path, strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	if in != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

// tokenFile is a file with a token in it.
func tokenFile(t *testing.T, token string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// bare fails the test unless nothing but the owner is there, and no invite that works.
func (m *measured) bare(t *testing.T) {
	t.Helper()
	var people, rooms, invites struct{ Items []map[string]any }
	m.ask(t, "GET", "/admin/people", "", &people)
	m.ask(t, "GET", "/rooms/browse", "", &rooms)
	m.ask(t, "GET", "/admin/invites", "", &invites)
	if len(people.Items) != 1 || len(rooms.Items) != 0 {
		t.Errorf("left behind: people %v, rooms %v", people.Items, rooms.Items)
	}
	for _, i := range invites.Items {
		if i["state"] != "revoked" {
			t.Errorf("an invite still makes accounts: %v", i)
		}
	}
}

// On a server that somebody runs, everything is made by invitation and removed again.
func TestBench_running_server(t *testing.T) {
	t.Parallel()
	m := runMeasured(t)
	p := start(t, nil, measure("--url="+m.url, "--admin-token-file="+tokenFile(t, m.token))...)
	p.exits(t, 0)
	r := p.reported(t)
	if r.Server.Own || r.Cost != nil || r.Posts == 0 || r.Deliveries != 3*r.Posts {
		t.Errorf("%+v", r)
	}
	m.bare(t)
}

// An interrupt ends the load; what there is until then is told, and nothing stays.
func TestBench_interrupted(t *testing.T) {
	t.Parallel()
	m := runMeasured(t, "PARLEY_LIMIT_READ=off", "PARLEY_LIMIT_SEARCH=off") // talk asks as often as it has to
	p := start(t, nil, measure("--duration=5m", "--url="+m.url, "--admin-token-file="+tokenFile(t, m.token))...)
	m.talk(t)
	p.interrupt(t)
	p.exits(t, 1, "interrupted")
	if r := p.reported(t); !r.Interrupted || r.Ledger["lost"] != 0 || len(r.Faults) > 0 {
		t.Errorf("%+v", r)
	}
	m.bare(t)
}

// talk returns when there is something to read in a public room.
func (m *measured) talk(t *testing.T) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	joined := false
	for end := time.Now().Add(patience); time.Now().Before(end); <-again.C {
		var rooms, messages struct{ Items []struct{ ID int64 } }
		m.ask(t, "GET", "/rooms/browse", "", &rooms)
		if len(rooms.Items) == 0 {
			continue
		}
		path := fmt.Sprintf("/rooms/%d", rooms.Items[0].ID)
		if !joined {
			m.ask(t, "POST", path+"/join", "", &struct{}{})
			joined = true
		}
		if m.ask(t, "GET", path+"/messages", "", &messages); len(messages.Items) > 0 {
			return
		}
	}
	t.Fatal("nobody talks")
}

// What is in the way is named, with what to do, and what was made until then is removed.
func TestBench_refused(t *testing.T) {
	t.Parallel()
	m := runMeasured(t, "PARLEY_LIMIT_SIGN_UP=5/1h")
	member := m.account(t, "a.member")
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	good := tokenFile(t, m.token)
	for _, c := range []struct {
		url, file string
		says      []string
	}{
		{m.url, tokenFile(t, "not.a.token"), []string{"does not accept the access token"}},
		{m.url, tokenFile(t, member), []string{"a.member, who is no admin"}},
		{m.url, tokenFile(t, ""), []string{"no access token in it"}},
		{m.url, "/nowhere", []string{"--admin-token-file"}},
		{other.URL, good, []string{"does not answer as a Parley does"}},
		{m.url + "/chat", good, []string{"without a path"}},
		{m.url, good, []string{"make an account", "PARLEY_LIMIT_SIGN_UP=off"}},
	} {
		start(t, nil, measure("--url="+c.url, "--admin-token-file="+c.file)...).exits(t, 1, c.says...)
	}
	var people struct{ Items []map[string]any }
	if m.ask(t, "GET", "/admin/people", "", &people); len(people.Items) != 2 {
		t.Errorf("left behind: %v", people.Items)
	}
	for _, arguments := range [][]string{
		{"--url=" + m.url},
		{"--admin-token-file=x"},
		{"--members=7"},
		{"--body-bytes=1"},
		{"--nodes=2"},
		{"--database=file.db"},
		{"--via=pigeon"},
		{"--rate=-1"},
		{"--url=" + m.url, "--admin-token-file=x", "--database=postgres://x"},
	} {
		start(t, nil, measure(arguments...)...).exits(t, 2)
	}
}

// What a limit refuses is counted and its setting is named; nothing of it is lost.
func TestBench_limited(t *testing.T) {
	t.Parallel()
	m := runMeasured(t, "PARLEY_LIMIT_POST=2/1m")
	for _, via := range []string{"http", "socket"} {
		// Long enough for somebody's third post on any machine. Whoever is refused waits until the end.
		p := start(t, nil, measure("--via="+via, "--rate=0", "--duration=5s", "--url="+m.url, "--admin-token-file="+tokenFile(t, m.token))...)
		p.exits(t, 0, "PARLEY_LIMIT_POST=off")
		if r := p.reported(t); r.Refusals["rate_limited"] == 0 || r.Posts > 8 || r.Deliveries != 3*r.Posts {
			t.Errorf("%s: %+v", via, r)
		}
		m.bare(t)
	}
}

// A server that lies is found out: what it says once in other words is altered, what it does not say is lost.
func TestBench_lying_server(t *testing.T) {
	t.Parallel()
	for fault, words := range map[string][2]string{
		"altered":      {" words ", " wards "},
		"lost":         {"message.posted", "message.pasted"},
		"out_of_order": {`"number":2,`, `"number":9,`},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			m := runMeasured(t)
			between := tell(t, m.url, words[0], words[1])
			// Long enough for a few posts in each room on any machine; what is lost is waited for in vain.
			p := start(t, nil, measure("--rate=40", "--duration=2s", "--drain=5s", "--url="+between, "--admin-token-file="+tokenFile(t, m.token))...)
			p.exits(t, 1, "the ledger is not clean")
			if r := p.reported(t); r.Ledger[fault] == 0 {
				t.Errorf("%+v", r.Ledger)
			}
			m.bare(t)
		})
	}
}

// tell stands before a server and says one thing, once, in other words, which are as long.
func tell(t *testing.T, url, from, to string) (between string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var told atomic.Bool
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				_ = near.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(far, near)
				_ = far.Close()
			}()
			go func() {
				defer func() { _ = near.Close() }()
				chunk := make([]byte, 64<<10)
				for {
					n, err := far.Read(chunk)
					if at := inPush(chunk[:n], from); at >= 0 && told.CompareAndSwap(false, true) {
						copy(chunk[at:], to)
					}
					if _, wrong := near.Write(chunk[:n]); err != nil || wrong != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// inPush finds words in what the server says unasked, or returns -1. An author's own answer has them too, and may have come in the same chunk.
func inPush(chunk []byte, words string) int {
	for from := 0; ; {
		at := bytes.Index(chunk[from:], []byte(words))
		if at < 0 {
			return -1
		}
		at += from
		if bytes.LastIndex(chunk[:at], []byte(`"push":{`)) > bytes.LastIndex(chunk[:at], []byte(`"rpc":{`)) {
			return at
		}
		from = at + 1
	}
}

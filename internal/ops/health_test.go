package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func answers(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func get(t *testing.T, h http.Handler) (int, health) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	var body health
	decoder := json.NewDecoder(w.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		t.Fatal(err)
	}
	return w.Code, body
}

func TestHealthReady(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		checks []Check
		code   int
		status string
		want   map[string]string
	}{
		"no_checks": {nil, 200, "ok", nil},
		"all_fine": {
			[]Check{{Name: "db", Probe: answers(nil)}, {Name: "redis", Probe: answers(nil)}},
			200, "ok",
			map[string]string{"db": "ok ", "redis": "ok "},
		},
		"one_does_without": {
			[]Check{{Name: "db", Probe: answers(nil)}, {Name: "redis"}},
			200, "ok",
			map[string]string{"db": "ok ", "redis": "not_configured "},
		},
		"one_fails": {
			[]Check{{Name: "db", Probe: answers(syscall.ECONNREFUSED)}, {Name: "redis", Probe: answers(nil)}},
			503, "unavailable",
			map[string]string{"db": "failed refused", "redis": "ok "},
		},
		"one_panics": {
			[]Check{{Name: "db", Probe: func(context.Context) error { panic("postgres://u:secret@h") }}},
			503, "unavailable",
			map[string]string{"db": "failed failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, body := get(t, NewHealth(tt.checks, time.Now).Ready())
			if code != tt.code || body.Status != tt.status || len(body.Checks) != len(tt.want) {
				t.Errorf("%d %+v; want %d %s", code, body, tt.code, tt.status)
			}
			for check, want := range tt.want {
				got := body.Checks[check]
				if got.Status+" "+got.Error != want || (got.LatencyMS == nil) != (got.Status == "not_configured") {
					t.Errorf("%s is %+v; want %q", check, got, want)
				}
			}
		})
	}
}

func TestHealthReady_checks_run_together_and_tell_latency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context) error { time.Sleep(time.Second); return nil }
		h := NewHealth([]Check{{Name: "a", Probe: slow}, {Name: "b", Probe: slow}, {Name: "c", Probe: answers(nil)}}, time.Now)
		started := time.Now()
		code, body := get(t, h.Ready())
		if took := time.Since(started); took != time.Second || code != 200 {
			t.Errorf("%d after %s; want 200 after 1s", code, took)
		}
		if a, c := *body.Checks["a"].LatencyMS, *body.Checks["c"].LatencyMS; a != 1000 || c != 0 {
			t.Errorf("latencies %v and %v ms; want 1000 and 0", a, c)
		}
	})
}

func TestHealthReady_each_check_has_its_own_timeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		obedient := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		h := NewHealth([]Check{
			{Name: "short", Timeout: 100 * time.Millisecond, Probe: obedient},
			{Name: "default", Probe: obedient},
		}, time.Now)
		started := time.Now()
		code, body := get(t, h.Ready())
		if took := time.Since(started); took != DefaultTimeout || code != 503 {
			t.Errorf("%d after %s; want 503 after %s", code, took, DefaultTimeout)
		}
		for name, want := range map[string]float64{"short": 100, "default": 2000} {
			if got := body.Checks[name]; got.Error != "timed out" || *got.LatencyMS != want {
				t.Errorf("%s: %s after %v ms; want timed out after %v", name, got.Error, *got.LatencyMS, want)
			}
		}
	})
}

// A driver that hangs in a system call ignores its context. Each request used to be able to leave one more goroutine
// behind; now there is one for each check however long it hangs and however often somebody asks.
func TestHealthReady_stuck_probe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		release := make(chan struct{})
		stuck := func(context.Context) error { started.Add(1); <-release; return nil }
		h := NewHealth([]Check{{Name: "db", Timeout: time.Second, Probe: stuck}, {Name: "redis", Probe: answers(nil)}}, time.Now)

		for round, wait := range []time.Duration{time.Second, 0, 0} {
			asked := time.Now()
			code, body := get(t, h.Ready())
			if took := time.Since(asked); took != wait || code != 503 {
				t.Errorf("round %d: %d after %s; want 503 after %s", round, code, took, wait)
			}
			if db := body.Checks["db"]; db.Error != "timed out" || body.Checks["redis"].Status != "ok" {
				t.Errorf("round %d: %+v", round, body)
			}
		}
		if n := started.Load(); n != 1 {
			t.Errorf("%d probes started while the first was stuck; want 1", n)
		}

		close(release)
		synctest.Wait()
		if code, _ := get(t, h.Ready()); code != 200 || started.Load() != 2 {
			t.Errorf("after it came back: %d with %d probes; want 200 with 2", code, started.Load())
		}
	})
}

func TestHealthReady_requests_share_a_probe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		release := make(chan struct{})
		h := NewHealth([]Check{{Name: "db", Probe: func(context.Context) error {
			started.Add(1)
			<-release
			return nil
		}}}, time.Now)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if code, _ := get(t, h.Ready()); code != 200 {
					t.Errorf("code %d; want 200", code)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := started.Load(); n != 1 {
			t.Errorf("%d probes for 50 requests; want 1", n)
		}
	})
}

// The one who asked first may go; those who joined must still get the answer.
func TestHealthReady_leaving_client_ends_no_probe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := NewHealth([]Check{{Name: "db", Probe: func(ctx context.Context) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}}, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var first, second sync.WaitGroup
		first.Go(func() {
			h.Ready().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
		})
		synctest.Wait()
		second.Go(func() {
			if code, body := get(t, h.Ready()); code != 200 {
				t.Errorf("%d %+v; want 200", code, body)
			}
		})
		synctest.Wait()
		cancel()
		first.Wait()
		synctest.Wait()
		close(release)
		second.Wait()
	})
}

func TestHealthReady_draining(t *testing.T) {
	t.Parallel()
	asked := false
	h := NewHealth([]Check{{Name: "db", Probe: func(context.Context) error { asked = true; return nil }}}, time.Now)
	h.SetDraining(true)
	if code, body := get(t, h.Ready()); code != 503 || body.Status != "draining" || asked {
		t.Errorf("%d %+v, asked %v; want 503 draining without asking", code, body, asked)
	}
	if code, body := get(t, h.Live()); code != 200 || body.Status != "ok" {
		t.Errorf("live: %d %+v; want 200", code, body)
	}
	h.SetDraining(false)
	if code, _ := get(t, h.Ready()); code != 200 {
		t.Errorf("after draining: %d; want 200", code)
	}
}

// Readiness is public: no error text of a driver may reach it.
func TestClassify(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 5432}, Err: err}
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{context.DeadlineExceeded, "timed out"},
		{fmt.Errorf("ping: %w", os.ErrDeadlineExceeded), "timed out"},
		{&net.DNSError{Err: "i/o timeout", Name: "db.internal", IsTimeout: true}, "timed out"},
		{dial(os.NewSyscallError("connect", syscall.ETIMEDOUT)), "timed out"},
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "refused"},
		{dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "unreachable"},
		{dial(os.NewSyscallError("connect", syscall.ENOENT)), "unreachable"},
		{&net.DNSError{Err: "no such host", Name: "db.internal", IsNotFound: true}, "unreachable"},
		{syscall.ENETUNREACH, "unreachable"},
		{errors.New(`password authentication failed for user "parley" at postgres://u:secret@10.1.2.3`), "failed"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "failed"},
		{context.Canceled, "failed"},
	} {
		if got := classify(tt.err); got != tt.want {
			t.Errorf("%v is %q; want %q", tt.err, got, tt.want)
		}
	}
}

func TestResult_latency_is_never_negative(t *testing.T) {
	t.Parallel()
	if got := result(nil, -time.Hour); *got.LatencyMS != 0 {
		t.Errorf("latency %v ms; want 0", *got.LatencyMS)
	}
	if got := result(nil, 1234567*time.Nanosecond); *got.LatencyMS != 1.235 {
		t.Errorf("latency %v ms; want 1.235", *got.LatencyMS)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("parley_up 1\n")) })
	health := NewHealth([]Check{{Name: "db", Probe: answers(nil)}}, time.Now)
	whole, bare := NewHandler(health, metrics, true), NewHandler(health, nil, false)
	const jsonType, problemType = "application/json", "application/problem+json"
	for _, tt := range []struct {
		name         string
		handler      http.Handler
		method, path string
		code         int
		mediaType    string
		body         string
	}{
		{"live", whole, "GET", "/health/live", 200, jsonType, `"status":"ok"`},
		{"ready", whole, "GET", "/health/ready", 200, jsonType, `"db":{"status":"ok"`},
		{"metrics", whole, "GET", "/metrics", 200, "text/plain", "parley_up 1"},
		{"profiles", whole, "GET", "/debug/pprof/", 200, "text/html", "goroutine"},
		{"one_profile", whole, "GET", "/debug/pprof/goroutine?debug=1", 200, "text/plain", "goroutine profile"},
		{"command_line", whole, "GET", "/debug/pprof/cmdline", 200, "text/plain", "test"},
		{"no_metrics", bare, "GET", "/metrics", 404, problemType, `"code":"not_found"`},
		{"no_profiles", bare, "GET", "/debug/pprof/", 404, problemType, `"code":"not_found"`},
		{"unknown", whole, "GET", "/", 404, problemType, `"code":"not_found"`},
		{"below_live", whole, "GET", "/health/live/x", 404, problemType, `"code":"not_found"`},
		{"post_live", whole, "POST", "/health/live", 405, problemType, `"code":"method_not_allowed"`},
		{"delete_ready", whole, "DELETE", "/health/ready", 405, problemType, `"type":"about:blank"`},
		{"options_ready", whole, "OPTIONS", "/health/ready", 405, problemType, `"status":405`},
		{"post_metrics", whole, "POST", "/metrics", 405, problemType, `"title":"Method Not Allowed"`},
		{"post_profile", whole, "POST", "/debug/pprof/profile", 405, problemType, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			tt.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil))
			if w.Code != tt.code || !strings.HasPrefix(w.Header().Get("Content-Type"), tt.mediaType) || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
			if allow := w.Header().Get("Allow"); (allow == "GET, HEAD") != (tt.code == 405) {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
}

// Through a real server, which is what leaves the body of a HEAD out.
func TestHandler_head(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(NewHandler(NewHealth([]Check{{Name: "db", Probe: answers(errors.New("x"))}}, time.Now), nil, false))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/health/ready", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != 503 || answer.ContentLength <= 0 || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
}

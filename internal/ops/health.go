package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultTimeout is the timeout of a Check that brings none.
const DefaultTimeout = 2 * time.Second

// Check is one dependency that must answer for the node to be ready. A nil Probe means that this installation does
// without it; that is shown and counts as fine.
type Check struct {
	Name    string
	Timeout time.Duration
	Probe   func(context.Context) error
}

// Health answers whether the process lives and whether it can serve. It is safe for concurrent use.
type Health struct {
	probes   []*probe
	draining atomic.Bool
}

// NewHealth returns a Health over checks, whose names must differ. now measures latencies.
func NewHealth(checks []Check, now func() time.Time) *Health {
	h := &Health{probes: make([]*probe, len(checks))}
	for i, check := range checks {
		if check.Timeout <= 0 {
			check.Timeout = DefaultTimeout
		}
		h.probes[i] = &probe{check: check, now: now}
	}
	return h
}

// SetDraining says whether the node is about to stop. A draining node is not ready, and says so without asking its
// dependencies, which may be closing already.
func (h *Health) SetDraining(draining bool) { h.draining.Store(draining) }

// Live answers 200 as long as the process answers at all. It asks nothing else on purpose: a supervisor restarts
// what is not alive, and restarting a node does not bring its database back.
func (h *Health) Live() http.Handler {
	return readOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", health{Status: statusOK})
	}))
}

// Ready answers 200 when every check is fine and the node is not draining, 503 otherwise.
func (h *Health) Ready() http.Handler {
	return readOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := h.ask(r.Context())
		status := http.StatusOK
		if answer.Status != statusOK {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, "application/json", answer)
	}))
}

// The statuses of the contract's Health and HealthCheck.
const (
	statusOK            = "ok"
	statusUnavailable   = "unavailable"
	statusDraining      = "draining"
	statusFailed        = "failed"
	statusNotConfigured = "not_configured"
)

type health struct {
	Status string                 `json:"status"`
	Checks map[string]healthCheck `json:"checks,omitempty"`
}

type healthCheck struct {
	Status    string   `json:"status"`
	LatencyMS *float64 `json:"latency_ms,omitempty"`
	Error     string   `json:"error,omitempty"`
}

func (h *Health) ask(ctx context.Context) health {
	if h.draining.Load() {
		return health{Status: statusDraining}
	}
	results := make([]healthCheck, len(h.probes))
	var wg sync.WaitGroup
	for i, p := range h.probes {
		wg.Go(func() { results[i] = p.ask(ctx) })
	}
	wg.Wait()
	answer := health{Status: statusOK, Checks: make(map[string]healthCheck, len(results))}
	for i, result := range results {
		answer.Checks[h.probes[i].check.Name] = result
		if result.Status == statusFailed {
			answer.Status = statusUnavailable
		}
	}
	return answer
}

// readOnly lets GET and HEAD through and sets what every answer of this door has in common.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeProblem(w, http.StatusMethodNotAllowed, "method_not_allowed")
			return
		}
		next.ServeHTTP(w, r)
	})
}

type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

func writeProblem(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, "application/problem+json", problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code,
	})
}

func writeJSON(w http.ResponseWriter, status int, mediaType string, body any) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(body); err != nil {
		// Only plain structures of this package come here; an answer without a body is still an answer.
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client may have gone; net/http leaves the body of a HEAD out
}

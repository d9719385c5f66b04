package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"parley/internal/telemetry"
)

// SocketPath is where the realtime door is.
const SocketPath = "/api/v1/socket"

func splitSocket(socket http.Handler) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == SocketPath && r.Header.Get("Upgrade") != "" {
				socket.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// withRequestID names every request anew: a name from outside could be made to collide or to fill the log.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(telemetry.WithRequestID(r.Context(), id)))
	})
}

type turnedAwayKey struct{}

// turnAway notes that a request was told to come back later and did not fail: that is counted, and thousands of lines in the log at once would
// hide what did.
func turnAway(ctx context.Context) {
	if away, ok := ctx.Value(turnedAwayKey{}).(*atomic.Bool); ok {
		away.Store(true)
	}
}

func isTurnedAway(ctx context.Context) bool {
	away, ok := ctx.Value(turnedAwayKey{}).(*atomic.Bool)
	return ok && away.Load()
}

// polled serves what is asked every few seconds, where no is an answer: why and since when is in the log already, once.
func polled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turnAway(r.Context())
		next.ServeHTTP(w, r)
	})
}

// logRequests writes one line a request: our failures as errors, the rest for debugging. The query is left out: it is the client's text.
func logRequests(log *slog.Logger) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			started := time.Now() //nolint:forbidigo // a duration for the log needs the monotonic clock, not the injected one
			rec := record(w)
			ctx := context.WithValue(r.Context(), turnedAwayKey{}, &atomic.Bool{})
			next.ServeHTTP(rec, r.WithContext(ctx))
			rec.finish()
			level := slog.LevelDebug
			// A client that hung up is no failure of ours.
			if rec.status >= http.StatusInternalServerError && ctx.Err() == nil && !isTurnedAway(ctx) {
				level = slog.LevelError
			}
			if !log.Enabled(ctx, level) {
				return
			}
			log.LogAttrs(ctx, level, "request",
				slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", rec.status),
				slog.Duration("took", time.Since(started))) //nolint:forbidigo // as above
		})
	}
}

// contentSecurityPolicy lets the page run its own scripts and styles and nothing else. Trusted Types stop a string from becoming code:
// the one policy named here may only make the URL of our service worker.
var contentSecurityPolicy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "style-src-attr 'none'", "img-src 'self' data: blob:", "font-src 'self'",
	"media-src 'self' blob:", "connect-src 'self'", "worker-src 'self'", "manifest-src 'self'", "form-action 'self'", "base-uri 'none'",
	"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types parley", "report-uri " + cspReportsPath,
}, "; ")

// reportTo is the policy's address for reports in the newer form. Browsers that know it look at nothing else then, and take it over https only.
const (
	reportTo           = "; report-to csp"
	reportingEndpoints = `csp="` + cspReportsPath + `"`
)

const permissionsPolicy = "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), " +
	"microphone=(), midi=(), payment=(), usb=()"

func withHeaders(secure bool) middleware {
	policy := contentSecurityPolicy
	if secure {
		policy += reportTo
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", permissionsPolicy)
			if secure {
				h.Set("Reporting-Endpoints", reportingEndpoints)
				h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
			}
			if strings.HasPrefix(r.URL.Path, "/api/") {
				h.Set("Cache-Control", "no-store")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// withCORS lets scripts of the listed sites call the API with a bearer token. Cookies never travel with them: credentials are not allowed.
func withCORS(origins []string) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/api/") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Add("Vary", "Origin")
			origin := r.Header.Get("Origin")
			if origin == "" || !slices.Contains(origins, origin) {
				next.ServeHTTP(w, r)
				return
			}
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// shareOurWay takes back what the generated server says of sharing by itself: it answers every preflight with what it would take, and names the
// headers of an operation in place of ours. Whoever is not listed is told nothing.
func shareOurWay(h http.Header) {
	switch {
	case h.Get("Access-Control-Allow-Origin") == "":
		for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers"} {
			h.Del(name)
		}
	default:
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	}
}

// withDeadline ends the work on a request that takes too long, such as one that waits for a database that hangs.
func withDeadline(d time.Duration) middleware {
	return func(next http.Handler) http.Handler {
		if d <= 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), d)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

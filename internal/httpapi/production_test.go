package httpapi_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/go-faster/yaml"

	"parley/internal/parleytest"
)

// route is an operation of the contract.
type route struct {
	method, path string
	template     string // the path as the contract has it
	open         bool   // whoever asks is answered
}

// routes reads every operation from the contract, so that a new one is in the walk as soon as it is written down.
func routes(t *testing.T) []route {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var contract struct {
		Paths map[string]map[string]yaml.Node `yaml:"paths"`
	}
	if err := yaml.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	var list []route
	for path, operations := range contract.Paths {
		for method, node := range operations {
			if method == "parameters" {
				continue
			}
			var operation struct {
				Security *[]map[string][]string `yaml:"security"`
			}
			if err := node.Decode(&operation); err != nil {
				t.Fatal(err)
			}
			list = append(list, route{
				strings.ToUpper(method), parameter.ReplaceAllString(path, "1"), path, operation.Security != nil && len(*operation.Security) == 0,
			})
		}
	}
	if len(list) < 20 {
		t.Fatalf("the contract has only %d operations?", len(list))
	}
	return list
}

// wantHeaders checks what a browser is told with every answer, and that nobody is told what serves it.
func wantHeaders(t *testing.T, r *parleytest.Response, what string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'none'",
		"Reporting-Endpoints":          `csp="/api/v1/csp-reports"`,
		"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=()",
	} {
		if !strings.Contains(r.Header.Get(name), want) {
			t.Errorf("%s: %s is %q, want %q in it", what, name, r.Header.Get(name), want)
		}
	}
	for _, banner := range []string{"Server", "X-Powered-By", "Via", "X-Version"} {
		if got := r.Header.Get(banner); got != "" {
			t.Errorf("%s: %s says %q", what, banner, got)
		}
	}
}

// A stranger who walks through every door of a server in production finds those of the contract locked, but for the few that let people in, and
// no other.
func TestProduction_every_route(t *testing.T) {
	t.Parallel()
	s := parleytest.Production(t)
	stranger := s.Anonymous(t)
	for _, r := range routes(t) {
		got, what := stranger.Do(r.method, r.path, nil), r.method+" "+r.path
		wantHeaders(t, got, what)
		switch {
		case r.path == "/api/v1/socket": // which is there for a WebSocket only
			got.WantProblem(http.StatusNotFound, "no_such_endpoint")
		case !r.open:
			got.WantProblem(http.StatusUnauthorized, "unauthenticated")
			if got.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: WWW-Authenticate %q", what, got.Header.Get("WWW-Authenticate"))
			}
		case got.Status == http.StatusNotFound && strings.Contains(string(got.Body), "no_such_endpoint"),
			got.Status == http.StatusMethodNotAllowed, got.Status >= http.StatusInternalServerError:
			t.Errorf("%s is in the contract, and the answer is %d\n%s", what, got.Status, got.Body)
		}
	}
	for _, path := range []string{"/", "/rooms/1", "/none.png", "/api/v1/nothing", "/health/live", "/health/ready"} {
		wantHeaders(t, stranger.Do(http.MethodGet, path, nil), path)
	}
	// What does not become a socket is answered by another door.
	refused := stranger.Do(http.MethodGet, "/api/v1/socket", nil, "Upgrade", "websocket", "Connection", "Upgrade", "Origin", "https://evil.example",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	wantHeaders(t, refused.Want(http.StatusForbidden), "a refused socket")
}

// What developers and operators look at is not on the listener that people are served on: not in production, and not in development.
func TestDashboards_are_not_public(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*parleytest.Server{"production": parleytest.Production(t), "development": parleytest.Start(t)} {
		for _, path := range []string{
			"/metrics", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/profile", "/debug/pprof/heap", "/debug/vars", "/docs", "/docs/",
			"/api/docs", "/api/openapi.yaml", "/openapi.yaml", "/jobs", "/jobs/1", "/traces", "/traces/", "/.env", "/.git/config", "/.vite/manifest.json",
		} {
			got := s.Anonymous(t).Do(http.MethodGet, path, nil)
			if got.Status != http.StatusNotFound {
				t.Errorf("%s: %s answers %d\n%s", name, path, got.Status, got.Body)
				continue
			}
			got.WantProblem(http.StatusNotFound, "no_such_endpoint")
		}
	}
}

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"parley/internal/parleytest"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	maya := s.SignUp(t, "maya")
	maya.Do(http.MethodGet, "/api/v1/nothing", nil).WantProblem(404, "no_such_endpoint")
	maya.Do(http.MethodGet, "/api/v2/rooms", nil).WantProblem(404, "no_such_endpoint")
	maya.Do(http.MethodGet, "/health/nothing", nil).WantProblem(404, "no_such_endpoint")
	r := maya.Do(http.MethodDelete, "/api/v1/me", nil)
	r.WantProblem(405, "method_not_allowed")
	if got := r.Header.Get("Allow"); got != "GET" {
		t.Errorf("Allow: %q", got)
	}
	maya.Do(http.MethodPost, "/somewhere", nil).WantProblem(405, "method_not_allowed")
	maya.Do(http.MethodGet, "/assets/none.js", nil).WantProblem(404, "no_such_endpoint")
	maya.Do(http.MethodGet, "/none.png", nil).WantProblem(404, "no_such_endpoint")
	maya.Do(http.MethodGet, "/api/v1/socket", nil).WantProblem(404, "no_such_endpoint")
	s.Anonymous(t).Do(http.MethodGet, "/health/live", nil).Want(200)
	s.Anonymous(t).Do(http.MethodGet, "/health/ready", nil).Want(200)
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	for _, path := range []string{"/", "/api/v1/me", "/rooms/1", "/none.png"} {
		h := s.Anonymous(t).Do(http.MethodGet, path, nil).Header
		for name, want := range map[string]string{
			"Content-Security-Policy":      "require-trusted-types-for 'script'; trusted-types parley",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=()",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s: %s is %q, want %q in it", path, name, h.Get(name), want)
			}
		}
		if h.Get("Server") != "" {
			t.Errorf("%s names the server: %q", path, h.Get("Server"))
		}
	}
}

// Another site's page cannot act in a signed-in person's name, whatever it makes their browser send.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_CORS_ORIGINS=https://friend.example"))
	maya := s.SignUp(t, "maya")
	nobody := s.Anonymous(t)
	logIn := map[string]string{"username": "maya", "password": parleytest.Password}
	nobody.Do(http.MethodPost, "/api/v1/auth/login", logIn, "Sec-Fetch-Site", "cross-site").WantProblem(403, "cross_origin")
	nobody.Do(http.MethodPost, "/api/v1/auth/login", logIn, "Origin", "https://evil.example").WantProblem(403, "cross_origin")
	nobody.Do(http.MethodPost, "/api/v1/auth/refresh", nil, "Origin", "https://evil.example", "Cookie", maya.Cookie, "X-Parley", "1").
		WantProblem(403, "cross_origin")
	nobody.Do(http.MethodPost, "/api/v1/auth/login", logIn, "Origin", s.URL, "Sec-Fetch-Site", "same-origin").Want(200)

	if h := maya.Do(http.MethodGet, "/api/v1/me", nil, "Origin", "https://evil.example").Want(200).Header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a stranger's script may read: %v", h)
	}
	h := maya.Do(http.MethodGet, "/api/v1/me", nil, "Origin", "https://friend.example").Want(200).Header
	if h.Get("Access-Control-Allow-Origin") != "https://friend.example" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("a listed site's script: %v", h)
	}
	if got := h.Get("Access-Control-Expose-Headers"); got != "Retry-After, X-Request-Id" {
		t.Errorf("a listed site's script may read the headers %q", got)
	}
}

// What a browser asks before it lets a script of another site do more than a form can: only listed sites get an answer to it, and nobody a header
// that goes with a cookie.
func TestCrossOrigin_preflight(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_CORS_ORIGINS=https://friend.example,http://localhost:3000"))
	ask := func(origin, path string) *parleytest.Response {
		return s.Anonymous(t).Do(http.MethodOptions, path, nil, "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-parley")
	}
	for _, origin := range []string{"https://friend.example", "http://localhost:3000"} {
		h := ask(origin, "/api/v1/auth/refresh").Want(http.StatusNoContent).Header
		if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Vary") != "Origin" || h.Get("Access-Control-Allow-Credentials") != "" ||
			strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), "x-parley") {
			t.Errorf("%s is told %v", origin, h)
		}
	}
	for _, origin := range []string{
		"https://evil.example", "null", "https://friend.example.evil.example", "https://evilfriend.example", "http://friend.example",
		"https://friend.example:444", "https://FRIEND.example", "https://sub.friend.example", "*", "https://friend.example/",
	} {
		for _, path := range []string{"/api/v1/auth/refresh", "/api/v1/rooms", "/api/v1/nothing", "/", "/auth/oidc/x/start"} {
			r := ask(origin, path)
			for name := range r.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s is told %s: %s by %s", origin, name, r.Header.Get(name), path)
				}
			}
			if r.Status < http.StatusBadRequest {
				t.Errorf("%s: %s answers %d, which lets a browser go on", origin, path, r.Status)
			}
		}
		if h := s.Anonymous(t).Do(http.MethodGet, "/api/v1/auth/options", nil, "Origin", origin).Want(http.StatusOK).Header; h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may read: %v", origin, h)
		}
	}
}

// JSON that two readers understand differently is refused wherever a body is taken.
func TestInput_ambiguous(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t)
	maya := s.SignUp(t, "maya")
	for path, body := range map[string]string{
		"/api/v1/auth/login":         `{"username": "nobody", "password": "correct horse battery", "us\u0065rname": "maya"}`,
		"/api/v1/auth/signup":        `{"username": "theo", "password": "correct horse battery", "username": "admin"}`,
		"/api/v1/rooms":              `{"name": "x", "kind": "private", "kind": "public"}`,
		"/api/v1/me/passkeys/finish": `{"ticket": "x", "name": "y", "credential": {"id": "a", "id": "b"}}`,
	} {
		maya.Do(http.MethodPost, path, body).WantProblem(400, "ambiguous")
	}
	// Whoever may not ask is told so first: nothing is read for them.
	s.Anonymous(t).Do(http.MethodPost, "/api/v1/rooms", `{"name": "x", "name": "y"}`).WantProblem(401, "unauthenticated")
	if rooms := maya.Rooms(); len(rooms) != 0 {
		t.Errorf("there are %+v", rooms)
	}
}

func TestWebClient(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.Web(fstest.MapFS{
		"index.html":         {Data: []byte(`<html lang="en" data-theme="system">`)},
		"assets/app-1.js":    {Data: []byte("plain")},
		"assets/app-1.js.br": {Data: []byte("brotli")},
		"assets/app-1.js.gz": {Data: []byte("gzip")},
		"favicon.svg":        {Data: []byte("<svg/>")},
		".gitkeep":           {Data: nil},
		".vite/manifest":     {Data: []byte("{}")},
	}))
	p := s.Anonymous(t)
	for _, path := range []string{"/", "/rooms/5", "/index.html", "/sign-in?next=/x"} {
		r := p.Do(http.MethodGet, path, nil).Want(200)
		if string(r.Body) != `<html lang="en" data-theme="system">` || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %q, %v", path, r.Body, r.Header)
		}
	}
	for cookie, want := range map[string]string{"dark": "dark", "light": "light", `"><script>`: "system"} {
		if r := p.Do(http.MethodGet, "/", nil, "Cookie", "parley_theme="+cookie); !strings.Contains(string(r.Body), `data-theme="`+want+`"`) {
			t.Errorf("theme %q: %s", cookie, r.Body)
		}
	}
	for accept, want := range map[string]string{"": "plain", "gzip, deflate": "gzip", "gzip, br;q=1.0": "brotli", "br;q=0, gzip": "gzip"} {
		r := p.Do(http.MethodGet, "/assets/app-1.js", nil, "Accept-Encoding", accept).Want(200)
		if string(r.Body) != want || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") || r.Header.Get("Vary") == "" {
			t.Errorf("accept %q: %q, %v", accept, r.Body, r.Header)
		}
		p.Do(http.MethodGet, "/assets/app-1.js", nil, "If-None-Match", r.Header.Get("ETag")).Want(304)
	}
	if r := p.Do(http.MethodGet, "/favicon.svg", nil).Want(200); r.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("favicon: %v", r.Header)
	}
	p.Do(http.MethodGet, "/.gitkeep", nil).WantProblem(404, "no_such_endpoint")
	if r := p.Do(http.MethodGet, "/.vite/manifest", nil); string(r.Body) == "{}" {
		t.Error("the build's own files are served")
	}
	p.Do(http.MethodGet, "/../../etc/passwd", nil)
}

package httpapi_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"parley/internal/parleytest"
)

// What a stranger could learn from how long an answer takes: the medians of requests about an account that there is and about one that there is not,
// sent by turns, at the real cost of a hash. They differ by chance only; how much chance there is, the two medians of one kind show, which are of the
// odd and of the even rounds. `go test ./internal/httpapi -run - -bench Enumeration -benchtime 400x`
func BenchmarkEnumeration(b *testing.B) {
	s := parleytest.Start(b, parleytest.With("PARLEY_AUTH_ARGON2_MEMORY_KIB=47104"))
	s.SignUp(b, "known-name")
	nobody := s.Anonymous(b)
	for what, ask := range map[string]func(name string) *parleytest.Response{
		"sign-in": func(name string) *parleytest.Response {
			return nobody.Do(http.MethodPost, "/api/v1/auth/login", object{"username": name, "password": "a wrong password"})
		},
		"reset": func(name string) *parleytest.Response {
			return nobody.Do(http.MethodPost, "/api/v1/auth/password-reset", object{"login": name})
		},
	} {
		b.Run(what, func(b *testing.B) {
			took := map[string][]time.Duration{}
			round := 0
			for b.Loop() {
				for _, name := range []string{"known-name", "other-name"} {
					started := time.Now()
					ask(name)
					kind := name[:5] + [...]string{"-even", "-odd"}[round%2] + "-ms"
					took[kind] = append(took[kind], time.Since(started))
				}
				round++
			}
			for kind, list := range took {
				slices.Sort(list)
				b.ReportMetric(list[len(list)/2].Seconds()*1e3, kind)
			}
		})
	}
}

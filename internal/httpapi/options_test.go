package httpapi_test

import (
	"net/http"
	"testing"

	"parley/internal/contract"
	"parley/internal/parleytest"
)

func TestAuthOptions(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		nobody := s.Anonymous(t)
		ask := func() (o contract.AuthOptions) {
			r := nobody.Do(http.MethodGet, "/api/v1/auth/options", nil).Want(http.StatusOK)
			if got := r.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q: the first account changes the answer at once", got)
			}
			r.Decode(&o)
			return o
		}
		if o := ask(); o.SignUp != "open" || !o.FirstAccount || !o.PasswordReset || !o.Passkeys || o.Providers == nil || len(o.Providers) != 0 {
			t.Errorf("an empty server offers %+v", o)
		}
		s.SignUp(t, "maya")
		if o := ask(); o.FirstAccount {
			t.Errorf("a server with an account offers %+v", o)
		}
		nobody.Do(http.MethodPost, "/api/v1/auth/options", "{}").WantProblem(405, "method_not_allowed")
	})
}

func TestSignUp_policy(t *testing.T) {
	t.Parallel()
	for policy, code := range map[string]string{"invite": "invite_needed", "closed": "sign_up_closed"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := parleytest.Start(t, parleytest.With("PARLEY_SIGN_UP="+policy))
			s.SignUp(t, "maya") // the first account is always possible
			s.Anonymous(t).Do(http.MethodPost, "/api/v1/auth/signup", map[string]string{"username": "theo", "password": parleytest.Password}).
				WantProblem(403, code)
		})
	}
}

package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/internal/parleytest"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// readiness is what /health/ready answers.
type readiness struct {
	code   int
	Status string `json:"status"`
	Checks map[string]struct {
		Status string `json:"status"`
		Error  string `json:"error"`
	} `json:"checks"`
}

// ready asks, and fails the test when the answer takes too long or when liveness depends on it.
func ready(t *testing.T, s *parleytest.Server) readiness {
	t.Helper()
	started := time.Now()
	r := s.Anonymous(t).Do(http.MethodGet, "/health/ready", nil)
	if took := time.Since(started); took > bound { // each check has 2 seconds, side by side, and would wait for ever without
		t.Errorf("/health/ready took %s", took)
	}
	for _, secret := range []string{"127.0.0.1", "parley_", "postgres"} {
		if strings.Contains(string(r.Body), secret) {
			t.Errorf("/health/ready tells everybody %q:\n%s", secret, r.Body)
		}
	}
	s.Anonymous(t).Do(http.MethodGet, "/health/live", nil).Want(http.StatusOK)
	out := readiness{code: r.Status}
	if err := json.Unmarshal(r.Body, &out); err != nil {
		t.Fatalf("%v\n%s", err, r.Body)
	}
	return out
}

func eventuallyReady(t *testing.T, s *parleytest.Server) {
	t.Helper()
	servertest.Eventually(t, func() error {
		if r := ready(t, s); r.code != http.StatusOK {
			return fmt.Errorf("not ready: %+v", r)
		}
		return nil
	})
}

func TestReady(t *testing.T) {
	t.Parallel()
	parleytest.Each(t, func(t *testing.T, s *parleytest.Server) {
		r := ready(t, s)
		if r.code != http.StatusOK || r.Checks["db"].Status != "ok" || r.Checks["schema"].Status != "ok" || r.Checks["redis"].Status != "not_configured" {
			t.Errorf("ready: %+v", r)
		}
	})
}

func TestReady_database_away(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*servertest.Proxy){
		"refused": (*servertest.Proxy).Refuse,
		"held":    (*servertest.Proxy).Hold,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, place := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
			s := parleytest.Start(t, parleytest.At(place))
			fail(proxy)
			for range 3 { // the log gets it once
				if r := ready(t, s); r.code != http.StatusServiceUnavailable || r.Status != "unavailable" || r.Checks["db"].Status != "failed" ||
					r.Checks["schema"].Status != "failed" || r.Checks["redis"].Status != "not_configured" {
					t.Errorf("ready: %+v", r)
				}
			}
			if n := strings.Count(s.Log.String(), `msg="a health check fails" check=db`); n != 1 {
				t.Errorf("the log has it %d times", n)
			}
			proxy.Mend(t)
			eventuallyReady(t, s)
			if !strings.Contains(s.Log.String(), `msg="a health check is fine again" check=db`) {
				t.Error("the log does not have the end of it")
			}
			if strings.Contains(s.Log.String(), "level=ERROR msg=request method=GET path=/health/ready") {
				t.Errorf("each answer is an error:\n%s", s.Log)
			}
		})
	}
}

// A newer version has migrated the database in a way that this binary cannot live with: it must get no more traffic.
func TestReady_schema_of_a_newer_version(t *testing.T) {
	t.Parallel()
	place := storetest.URL(t, store.Postgres)
	s := parleytest.Start(t, parleytest.At(place))
	raw := storetest.Raw(t, place)
	if _, err := raw.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99001, true)"); err != nil {
		t.Fatal(err)
	}
	if r := ready(t, s); r.code != http.StatusServiceUnavailable || r.Checks["db"].Status != "ok" || r.Checks["schema"].Status != "failed" {
		t.Errorf("ready: %+v", r)
	}
	if _, err := raw.ExecContext(t.Context(), "INSERT INTO schema_compatibility (version, compatible_with) VALUES (99001, 5)"); err != nil {
		t.Fatal(err)
	}
	if r := ready(t, s); r.code != http.StatusOK {
		t.Errorf("ready with a mark: %+v", r)
	}
}

func TestReady_redis_away(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*servertest.Proxy){
		"refused": (*servertest.Proxy).Refuse,
		"held":    (*servertest.Proxy).Hold,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, place := servertest.NewProxy(t, servertest.RedisURL(t))
			s := parleytest.Start(t, parleytest.With("PARLEY_REDIS_URL="+place))
			if r := ready(t, s); r.code != http.StatusOK || r.Checks["redis"].Status != "ok" {
				t.Errorf("ready: %+v", r)
			}
			fail(proxy)
			servertest.Eventually(t, func() error {
				if r := ready(t, s); r.code != http.StatusServiceUnavailable || r.Checks["db"].Status != "ok" || r.Checks["redis"].Status != "failed" {
					return errors.New("still ready")
				}
				return nil
			})
			proxy.Mend(t)
			eventuallyReady(t, s)
		})
	}
}

package main

import (
	"net/url"
	"strings"
	"testing"

	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// What waiting does not mend ends the start at once, long before PARLEY_DATABASE_WAIT is over, and never shows the password.
func TestServe_tells_what_is_wrong_with_the_database(t *testing.T) {
	t.Parallel()
	server := servertest.StartPostgres(t)
	changed := func(change func(*url.URL)) string {
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	for name, tt := range map[string]struct {
		url  string
		says string
	}{
		"wrong_password": {
			changed(func(u *url.URL) { u.User = url.UserPassword("parley", "hush-hush-hush") }),
			"password authentication failed",
		},
		"unknown_user":     {changed(func(u *url.URL) { u.User = url.UserPassword("nobody", "hush-hush-hush") }), "password authentication failed"},
		"unknown_database": {changed(func(u *url.URL) { u.Path = "/nothing" }), `database "nothing" does not exist`},
		"no_tls":           {changed(func(u *url.URL) { u.RawQuery = "sslmode=require" }), "server refused TLS connection"},
		"unknown_mode":     {changed(func(u *url.URL) { u.RawQuery = "sslmode=sometimes" }), "sslmode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings(t.TempDir(), "PARLEY_DATABASE_URL="+tt.url, "PARLEY_DATABASE_WAIT=1h"), "serve")
			p.exits(t, 1, tt.says, "PARLEY_DATABASE_URL")
			for _, secret := range []string{"hush", "not a secret", "not%20a%20secret"} {
				if strings.Contains(p.said(), secret) {
					t.Errorf("the password is shown:\n%s", p.said())
				}
			}
		})
	}
}

func TestServe_waits_for_a_database_that_is_away(t *testing.T) {
	t.Parallel()
	t.Run("and_gives_up", func(t *testing.T) {
		t.Parallel()
		for name, where := range map[string]string{
			"refused": "postgres://parley:hush-hush-hush@127.0.0.1:1/parley",
			// Too long for a name, so that nobody is asked, whose answer might take longer than all of this.
			"unknown_host": "postgres://parley:hush-hush-hush@" + strings.Repeat("d", 64) + ".invalid/parley",
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := start(t, settings(t.TempDir(), "PARLEY_DATABASE_URL="+where, "PARLEY_DATABASE_WAIT=2s"), "serve")
				p.exits(t, 1, "trying again", "the database stayed away for 2s (PARLEY_DATABASE_WAIT)")
				if strings.Contains(p.said(), "hush") {
					t.Errorf("the password is shown:\n%s", p.said())
				}
			})
		}
	})
	t.Run("and_serves_when_it_comes", func(t *testing.T) {
		t.Parallel()
		proxy, where := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
		proxy.Refuse()
		p := start(t, settings(t.TempDir(), "PARLEY_DATABASE_URL="+where), "serve")
		p.says(t, "the database is away; trying again")
		proxy.Mend(t)
		p.serving(t)
	})
	t.Run("and_can_be_stopped", func(t *testing.T) {
		t.Parallel()
		p := start(t, settings(t.TempDir(), "PARLEY_DATABASE_URL=postgres://parley@127.0.0.1:1/parley", "PARLEY_DATABASE_WAIT=1h"), "serve")
		p.says(t, "the database is away; trying again")
		p.interrupt(t)
		p.exits(t, 1, "stopped while waiting for the database")
	})
	t.Run("that_hangs", func(t *testing.T) {
		t.Parallel()
		proxy, where := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
		proxy.Hold()
		p := start(t, settings(t.TempDir(), "PARLEY_DATABASE_URL="+where, "PARLEY_DATABASE_WAIT=1s"), "serve")
		p.exits(t, 1, "the database stayed away for 1s (PARLEY_DATABASE_WAIT)")
	})
}

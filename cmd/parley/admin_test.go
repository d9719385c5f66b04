package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// post sends JSON to a server and returns the status and the code of the problem, if any.
func post(t *testing.T, url string, body map[string]string) (int, string) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var problem struct{ Code string }
	_ = json.NewDecoder(resp.Body).Decode(&problem)
	return resp.StatusCode, problem.Code
}

func found(t *testing.T, p *process, expression string) string {
	t.Helper()
	m := regexp.MustCompile(expression).FindStringSubmatch(p.said())
	if m == nil {
		t.Fatalf("parley did not say %q:\n%s", expression, p.said())
	}
	return m[1]
}

// The life of a server whose host has to help: the first account by the printed link, an invite, a role, a password, all from the command line.
func TestAdmin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	with := settings(dir, "PARLEY_SETUP_LINK=true", "PARLEY_SIGN_UP=invite")
	const password = "correct horse battery"
	serve := func() (*process, string) {
		p := start(t, with, "serve")
		p.serving(t)
		return p, "http://" + found(t, p, `addr=(127\.0\.0\.1:\d+)`)
	}
	stop := func(p *process) {
		p.interrupt(t)
		p.exits(t, 0)
	}

	server, at := serve()
	server.says(t, `/join#[\w-]{22}\n`)
	setup := found(t, server, `/join#([\w-]{22})\n`)
	if code, _ := post(t, at+"/api/v1/auth/signup", map[string]string{"username": "maya", "password": password, "invite": setup}); code != 201 {
		t.Fatalf("the printed link: %d", code)
	}
	start(t, with, "admin", "people").exits(t, 1, "stop that one first") // SQLite: the server has the file alone
	stop(server)

	start(t, with, "admin", "setup-link").exits(t, 1, "has an account already")
	start(t, with, "admin", "people").exits(t, 0, "maya", "owner")
	start(t, with, "admin", "set-role", "maya", "member").exits(t, 1, "needs an owner")
	start(t, with, "admin", "deactivate", "maya").exits(t, 1, "needs an owner")
	start(t, with, "admin", "set-role", "nobody", "owner").exits(t, 1, "no such person")
	start(t, with, "admin", "set-role", "maya", "king").exits(t, 2)
	start(t, with, "admin", "reset-two-factor", "maya").exits(t, 1, "Two-step sign-in is not on")
	start(t, with, "admin", "reset-two-factor", "nobody").exits(t, 1, "no such person")
	start(t, with, "admin", "create-invite", "--uses", "0").exits(t, 1, "max_uses")
	invite := start(t, with, "admin", "create-invite", "--role", "admin", "--note", "from the host")
	invite.exits(t, 0)
	reset := start(t, with, "admin", "reset-password", "MAYA")
	reset.exits(t, 0)
	fresh := found(t, reset, `(?m)^([a-z2-7]{26})$`)

	server, at = serve()
	logIn := func(username, password string) (int, string) {
		return post(t, at+"/api/v1/auth/login", map[string]string{"username": username, "password": password})
	}
	if code, _ := logIn("maya", password); code != 401 {
		t.Errorf("the old password: %d", code)
	}
	if code, _ := logIn("maya", fresh); code != 200 {
		t.Errorf("the new password: %d", code)
	}
	token := found(t, invite, `/join#([\w-]{22})\n`)
	if code, _ := post(t, at+"/api/v1/auth/signup", map[string]string{"username": "theo", "password": password, "invite": token}); code != 201 {
		t.Errorf("the invite: %d", code)
	}
	stop(server)

	start(t, with, "admin", "set-role", "theo", "owner").exits(t, 0, "theo has the role owner")
	start(t, with, "admin", "deactivate", "theo").exits(t, 0, "is deactivated")
	server, at = serve()
	if code, problem := logIn("theo", password); code != 403 || problem != "account_deactivated" {
		t.Errorf("deactivated: %d %s", code, problem)
	}
	stop(server)
	start(t, with, "admin", "reactivate", "theo").exits(t, 0, "can sign in")
}

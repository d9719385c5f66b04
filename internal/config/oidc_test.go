package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// corp is a provider in full; each case adds to it or changes it.
func corp(changes ...string) []string {
	return append([]string{
		"PARLEY_OIDC_PROVIDERS=corp", "PARLEY_OIDC_CORP_ISSUER=https://login.example.org/realms/main/", "PARLEY_OIDC_CORP_CLIENT_ID=parley",
	}, changes...)
}

func TestLoad_providers(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, corp("PARLEY_OIDC_PROVIDERS=corp, Lab2", "PARLEY_OIDC_CORP_NAME=The Company", "PARLEY_OIDC_CORP_CLIENT_SECRET_FILE="+secret,
		"PARLEY_OIDC_CORP_ROLE_MAP=cn=ops=admin, everybody=member", "PARLEY_OIDC_CORP_SCOPES=openid,groups", "PARLEY_OIDC_CORP_GROUPS_CLAIM=roles",
		"PARLEY_OIDC_CORP_PRIVATE_NETWORK=true", "PARLEY_OIDC_LAB2_ISSUER=http://127.0.0.1:4000", "PARLEY_OIDC_LAB2_CLIENT_ID=lab"))
	want := []OIDCProvider{
		{
			ID: "corp", Name: "The Company", Issuer: "https://login.example.org/realms/main/", ClientID: "parley", ClientSecret: "from-a-file",
			Scopes: []string{"openid", "groups"}, GroupsClaim: "roles", Roles: map[string]string{"cn=ops": "admin", "everybody": "member"}, PrivateNetwork: true,
		},
		{ID: "lab2", Name: "lab2", Issuer: "http://127.0.0.1:4000", ClientID: "lab", Scopes: []string{"openid", "profile", "email"}, GroupsClaim: "groups"},
	}
	if !reflect.DeepEqual(c.OIDC.Providers, want) {
		t.Errorf("got  %+v\nwant %+v", c.OIDC.Providers, want)
	}
	if text := c.String(); strings.Contains(text, "from-a-file") || !strings.Contains(text, "PARLEY_OIDC_CORP_CLIENT_SECRET") {
		t.Errorf("config print shows\n%s", text)
	}
}

func TestLoad_refuses_providers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ setting, value, says string }{
		{"PARLEY_OIDC_PROVIDERS", "corp,corp", "twice"},
		{"PARLEY_OIDC_PROVIDERS", "corp,", "cannot name"},
		{"PARLEY_OIDC_PROVIDERS", "corp,a_b", "cannot name"},
		{"PARLEY_OIDC_PROVIDERS", "corp,../x", "cannot name"},
		{"PARLEY_OIDC_SIGN_UP", "yes", "always"},
		{"PARLEY_OIDC_CORP_ISSUER", "", "names this provider"},
		{"PARLEY_OIDC_CORP_ISSUER", "login.example.org", "https://"},
		{"PARLEY_OIDC_CORP_ISSUER", "http://login.example.org", "only in development"},
		{"PARLEY_OIDC_CORP_ISSUER", "https://u:p@login.example.org", "user name"},
		{"PARLEY_OIDC_CORP_ISSUER", "https://login.example.org/?tenant=1", "query"},
		{"PARLEY_OIDC_CORP_CLIENT_ID", "", "register"},
		{"PARLEY_OIDC_CORP_CLIENT_ID", "a\nb", "one line"},
		{"PARLEY_OIDC_CORP_SCOPES", "profile", "openid"},
		{"PARLEY_OIDC_CORP_SCOPES", `openid "x"`, "letters"},
		{"PARLEY_OIDC_CORP_ROLE_MAP", "ops", "group and a role"},
		{"PARLEY_OIDC_CORP_ROLE_MAP", "ops=king", "group and a role"},
		{"PARLEY_OIDC_CORP_ROLE_MAP", "=admin", "group and a role"},
		{"PARLEY_OIDC_CORP_PRIVATE_NETWORK", "sure", "true or false"},
		{"PARLEY_OIDC_CORP_SECRET", "x", "no such setting"},
		{"PARLEY_OIDC_LAB_ISSUER", "https://x.example", "no such setting"},
	} {
		t.Run(tt.setting+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			told := faulty(t, corp(tt.setting+"="+tt.value))
			if !strings.Contains(told[tt.setting], tt.says) {
				t.Errorf("faults %v; want one of %s with %q", told, tt.setting, tt.says)
			}
		})
	}
	if told := faulty(t, corp("PARLEY_OIDC_PROVIDERS=corp,lab", "PARLEY_OIDC_LAB_CLIENT_ID=x", "PARLEY_OIDC_LAB_ISSUER=https://login.example.org/realms/main/")); !strings.Contains(told["PARLEY_OIDC_LAB_ISSUER"], "too") {
		t.Errorf("one issuer twice: %v", told)
	}
	loopback := production(corp("PARLEY_OIDC_CORP_ISSUER=http://127.0.0.1:4000")...)
	if told := faulty(t, loopback); !strings.Contains(told["PARLEY_OIDC_CORP_ISSUER"], "http://") {
		t.Errorf("plain http in production: %v", told)
	}
}

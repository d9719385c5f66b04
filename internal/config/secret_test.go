package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func writeSecret(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // not subject to the umask
		t.Fatal(err)
	}
	return path
}

func TestLoad_secret_files(t *testing.T) {
	t.Parallel()
	key := "2026:" + goodSeed
	for _, text := range []string{key, key + "\n", key + "\r\n"} {
		c := load(t, []string{"PARLEY_AUTH_SIGNING_KEYS_FILE=" + writeSecret(t, text, 0o600)})
		if !slices.Equal(c.SigningKeys, []string{key}) || len(c.Warnings) != 0 {
			t.Errorf("%q: keys %q, warnings %q", text, c.SigningKeys, c.Warnings)
		}
	}
	c := load(t, production("PARLEY_DATABASE_URL=", "PARLEY_DATABASE_URL_FILE="+writeSecret(t, "postgres://u:pw8Kx2@h/d\n", 0o644)))
	if c.Database.URL != "postgres://u:pw8Kx2@h/d" {
		t.Errorf("Database %q", c.Database.URL)
	}
	if len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], "PARLEY_DATABASE_URL_FILE: every user") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestLoad_secret_file_faults(t *testing.T) {
	t.Parallel()
	const setting = "PARLEY_AUTH_SIGNING_KEYS"
	for name, tt := range map[string]struct {
		environ       []string
		setting, says string
	}{
		"both":               {[]string{setting + "=a:" + goodSeed, setting + "_FILE=" + writeSecret(t, "a:"+goodSeed, 0o600)}, setting, "keep one"},
		"both_and_malformed": {[]string{setting + "=x", setting + "_FILE=/none"}, setting, "keep one"},
		"missing":            {[]string{setting + "_FILE=" + filepath.Join(t.TempDir(), "none")}, setting + "_FILE", "no such file"},
		"folder":             {[]string{setting + "_FILE=" + t.TempDir()}, setting + "_FILE", "not a regular file"},
		"empty":              {[]string{setting + "_FILE=" + writeSecret(t, "\n", 0o600)}, setting + "_FILE", "is empty"},
		"giant":              {[]string{setting + "_FILE=" + writeSecret(t, strings.Repeat("x", maxSecretFile+1), 0o600)}, setting + "_FILE", "more than 64KiB"},
		"malformed":          {[]string{setting + "_FILE=" + writeSecret(t, "not-a-key", 0o600)}, setting, "32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := faulty(t, tt.environ)
			if len(told) != 1 || !strings.Contains(told[tt.setting], tt.says) {
				t.Errorf("faults %v; want one of %s with %q", told, tt.setting, tt.says)
			}
		})
	}
}

func TestWeakSeed(t *testing.T) {
	t.Parallel()
	counting, repeated := make([]byte, seedBytes), make([]byte, seedBytes)
	for i := range seedBytes {
		counting[i], repeated[i] = byte(7*i), []byte{1, 200, 33, 78}[i%4]
	}
	for name, seed := range map[string][]byte{
		"zero": make([]byte, seedBytes), "counting": counting, "repeated": repeated,
		"text": []byte("correct horse battery staple 123"), "published": decodeSeed(publishedSeeds()[1]),
	} {
		if weakSeed(seed) == "" {
			t.Errorf("%s is taken for random", name)
		}
	}
}

func TestPublishedSeeds_are_seeds(t *testing.T) {
	t.Parallel()
	for _, text := range publishedSeeds() {
		if decodeSeed(text) == nil {
			t.Errorf("%s is no seed, so the rule never applies", text)
		}
	}
}

// Nothing that Config shows, and no fault, may hold a secret, wherever somebody put it.
func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	const leak = "S3cr3tLeak"
	for name, environ := range map[string][]string{
		"keys":              {"PARLEY_AUTH_SIGNING_KEYS=" + leak},
		"keys_seed":         {"PARLEY_AUTH_SIGNING_KEYS=a:" + leak},
		"good_keys":         {"PARLEY_AUTH_SIGNING_KEYS=" + leak + ":" + goodSeed},
		"database":          {"PARLEY_DATABASE_URL=postgres://u:" + leak + "@h/d"},
		"database_query":    {"PARLEY_DATABASE_URL=postgres://h/d?password=" + leak + "&sslpassword=" + leak + "&sslmode=require"},
		"database_odd":      {"PARLEY_DATABASE_URL=" + leak},
		"database_scheme":   {"PARLEY_DATABASE_URL=mysql://u:" + leak + "@h/d"},
		"database_keywords": {"PARLEY_DATABASE_URL=host=h password=" + leak},
		"database_opaque":   {"PARLEY_DATABASE_URL=postgres:" + leak},
		"database_bad_url":  {"PARLEY_DATABASE_URL=postgres://u:" + leak + "%zz@h/d"},
		"redis":             {"PARLEY_REDIS_URL=redis://:" + leak + "@h"},
		"redis_odd":         {"PARLEY_REDIS_URL=:" + leak + "@h:6379"},
		"smtp":              {"PARLEY_SMTP_URL=smtp://u:" + leak + "@h", "PARLEY_MAIL_FROM=a@x.org"},
		"smtp_query":        {"PARLEY_SMTP_URL=smtp://h?password=" + leak},
		"smtp_odd":          {"PARLEY_SMTP_URL=u:" + leak + "@h:587"},
		"smtp_bad_url":      {"PARLEY_SMTP_URL=smtp://u:" + leak + "%zz@h"},
		"from_file":         {"PARLEY_DATABASE_URL_FILE=" + writeSecret(t, "postgres://u:"+leak+"@h/d", 0o600)},
		"as_file_name":      {"PARLEY_DATABASE_URL_FILE=postgres://u:" + leak + "@h/d"},
		"cors_origins":      {"PARLEY_CORS_ORIGINS=https://u:" + leak + "@h"},
		"public_url":        {"PARLEY_PUBLIC_URL=https://u:" + leak + "@h"},
		"both":              {"PARLEY_REDIS_URL=redis://:" + leak + "@h", "PARLEY_REDIS_URL_FILE=/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Load(environ)
			shown := fmt.Sprint(err, c.Warnings, c.LogValue(), c.Database, c.Redis, c.Mail) + fmt.Sprintf("%v %+v %s", c, c, c)
			if strings.Contains(shown, leak) || strings.Contains(shown, goodSeed) {
				t.Errorf("shown: %s", shown)
			}
		})
	}
}

func TestConfigPrint(t *testing.T) {
	t.Parallel()
	path := writeSecret(t, "redis://user:pw8Kx2@redis:6379/1", 0o600)
	c := load(t, []string{
		"PARLEY_DATABASE_URL=postgres://parley:pw8Kx2@db:5432/parley?sslmode=require&options=x", "PARLEY_REDIS_URL_FILE=" + path,
		"PARLEY_DATA_DIR=a\nb", "PARLEY_AUTH_SIGNING_KEYS=a:" + goodSeed,
	})
	lines := map[string]string{}
	for line := range strings.Lines(c.String()) {
		name, rest, _ := strings.Cut(line, " ")
		lines[name] = strings.Join(strings.Fields(rest), " ")
	}
	if len(lines) != len(Settings()) {
		t.Errorf("%d lines for %d settings", len(lines), len(Settings()))
	}
	for name, want := range map[string]string{
		"PARLEY_HTTP_ADDR":         "127.0.0.1:8080 default",
		"PARLEY_PUBLIC_URL":        "http://127.0.0.1:8080 default",
		"PARLEY_DATABASE_URL":      "postgres://parley:[hidden]@db:5432/parley?options=[hidden]&sslmode=require env",
		"PARLEY_REDIS_URL":         "redis://user:[hidden]@redis:6379/1 file",
		"PARLEY_AUTH_SIGNING_KEYS": "[hidden] env",
		"PARLEY_DATA_DIR":          `"a\nb" env`,
	} {
		if lines[name] != want {
			t.Errorf("%s: %q; want %q", name, lines[name], want)
		}
	}
}

func TestLoad_property_random_seeds_are_accepted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Uniform bytes: rapid's own bytes favour small ones, which are just what the rules refuse.
		state := rapid.Uint64Range(1, 1<<62).Draw(t, "state")
		seed := make([]byte, seedBytes)
		for i := range seed {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			seed[i] = byte(state * 0x2545F4914F6CDD1D >> 56)
		}
		if why := weakSeed(seed); why != "" {
			t.Fatalf("%x %s", seed, why)
		}
	})
}

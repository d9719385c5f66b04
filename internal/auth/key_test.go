package auth

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func seedText(fill byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{fill}, ed25519.SeedSize))
}

func TestParseKeyRing_refuses(t *testing.T) {
	t.Parallel()
	good := seedText(1)
	for name, keys := range map[string][]string{
		"none":          nil,
		"empty":         {""},
		"no_kid":        {good},
		"empty_kid":     {":" + good},
		"kid_with_path": {"../a:" + good},
		"kid_not_ascii": {"é:" + good},
		"kid_too_long":  {strings.Repeat("a", 65) + ":" + good},
		"no_seed":       {"a:"},
		"short_seed":    {"a:" + good[:42]},
		"long_seed":     {"a:" + good + "AA"},
		"padded_seed":   {"a:" + good + "="},
		"other_base64":  {"a:" + strings.Repeat("/", 42) + "w"},
		"stray_bits":    {"a:" + good[:42] + "F"},
		"line_break":    {"a:" + good[:20] + "\n" + good[20:]},
		"second_is_bad": {"a:" + good, "b:x"},
		"kid_twice":     {"a:" + good, "a:" + seedText(2)},
		"seed_twice":    {"a:" + good, "b:" + good},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseKeyRing(keys)
			if !errors.Is(err, ErrKey) {
				t.Fatalf("ParseKeyRing: %v; want ErrKey", err)
			}
			if strings.Contains(err.Error(), good[:20]) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

func TestGenerateKey(t *testing.T) {
	t.Parallel()
	var keys []string
	for range 3 {
		key, err := GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if _, err := ParseKeyRing(keys); err != nil {
		t.Error(err)
	}
}

func TestLoadOrCreateKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "signing.key")
	first, err := LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadOrCreateKey(path)
	if err != nil || first != second {
		t.Errorf("second call: %v; same key %v", err, first == second)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v; want 0600", info.Mode())
	}
}

func TestLoadOrCreateKey_race(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := make([]string, 32)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := LoadOrCreateKey(filepath.Join(dir, "signing.key"))
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if key != keys[0] {
			t.Fatal("two callers got different keys")
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestLoadOrCreateKey_damaged_file_is_kept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signing.key")
	if err := os.WriteFile(path, []byte("half-a-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadOrCreateKey(path)
	if !errors.Is(err, ErrKey) || strings.Contains(err.Error(), "half-a-secret") {
		t.Errorf("LoadOrCreateKey: %v; want ErrKey without the text", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "half-a-secret" {
		t.Errorf("the file now holds %q, %v", text, err)
	}
}

func TestLoadOrCreateKey_tells_why_it_cannot(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := LoadOrCreateKey(filepath.Join(file, "signing.key")); err == nil {
		t.Errorf("LoadOrCreateKey below a file = %q", key)
	}
}

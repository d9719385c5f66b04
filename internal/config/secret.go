package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
)

const (
	fileSuffix    = "_FILE"
	maxSecretFile = 64 << 10
	hidden        = "[hidden]"
	seedBytes     = 32
)

// readSecret returns the text of a secret file without its last line break, and whether every user of the machine
// can read it.
func readSecret(path string) (text string, exposed bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	// A pipe or a terminal would let the start hang.
	if !info.Mode().IsRegular() {
		return "", false, errors.New("it is not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", false, err
	}
	if len(data) > maxSecretFile {
		return "", false, fmt.Errorf("it has more than %s", bytesText(maxSecretFile))
	}
	text = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	// Windows reports every file as readable by all.
	return text, info.Mode().Perm()&0o004 != 0 && runtime.GOOS != "windows", nil
}

func signingKeys(to *[]string) parser {
	return func(text string) *complaint {
		const fix = "say kid:seed, the seed being 32 random bytes in unpadded base64url"
		*to = nil
		if text == "" {
			return nil
		}
		kids, seeds := map[string]bool{}, map[string]bool{}
		keys := strings.Split(text, ",")
		for i, entry := range keys {
			entry = strings.TrimSpace(entry)
			keys[i] = entry
			kid, encoded, _ := strings.Cut(entry, ":")
			if !validKid(kid) {
				return complain(fmt.Sprintf("entry %d has no key id of 1 to 64 letters, digits, _ or -", i+1), fix)
			}
			seed := decodeSeed(encoded)
			if seed == nil {
				return complain(fmt.Sprintf("the seed of entry %d is not 32 bytes in unpadded base64url", i+1), fix)
			}
			if kids[kid] || seeds[string(seed)] {
				return complain(fmt.Sprintf("entry %d repeats an earlier key id or seed", i+1), "give each key its own")
			}
			kids[kid], seeds[string(seed)] = true, true
		}
		*to = keys
		return nil
	}
}

func validKid(kid string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	return kid != "" && len(kid) <= 64 && strings.Trim(kid, letters) == ""
}

func decodeSeed(text string) []byte {
	seed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(seed) != seedBytes || base64.RawURLEncoding.EncodedLen(seedBytes) != len(text) {
		return nil
	}
	return seed
}

// weakSeed says why a seed is not a secret, or nothing. Each rule refuses a random seed with a probability below
// one in a billion.
func weakSeed(seed []byte) string {
	distinct := slices.Compact(slices.Sorted(slices.Values(seed)))
	printable := !bytes.ContainsFunc(seed, func(r rune) bool { return r < ' ' || r > '~' })
	steps := map[byte]bool{}
	for i := 1; i < len(seed); i++ {
		steps[seed[i]-seed[i-1]] = true
	}
	switch {
	case slices.Contains(publishedSeeds(), base64.RawURLEncoding.EncodeToString(seed)):
		return "is a published example"
	case len(distinct) < 16:
		return "repeats few bytes over and over"
	case len(steps) < 8:
		return "counts instead of being random"
	case printable:
		return "is text instead of random bytes"
	}
	return ""
}

// publishedSeeds are the seeds of RFC 8032's first three test vectors (the first is also RFC 8037's example), which
// end up in programs by copy and paste.
func publishedSeeds() []string {
	return []string{
		"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
		"TM0Imyj_ltqdtsNG8BFOD1uKMZ81q6Yk2oz27U-4pvs",
		"xaqN9D-fg3vet0QvMdy3sWbTjThbB2oFjgN0QOc1j_c",
	}
}

// weakPassword says whether the password within a URL is the user's name or one that an example or an image ships
// with. No password at all is left to the server, which may trust a socket or a private network.
func weakPassword(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	password, _ := u.User.Password()
	if given := u.Query().Get("password"); given != "" {
		password = given
	}
	known := []string{
		"postgres", "postgresql", "redis", "parley", "password", "passwd", "secret", "changeme", "change-me",
		"change_me", "admin", "root", "test", "example", "foobared", "hunter2", "letmein", "qwerty",
		"1234", "12345", "123456", "12345678", "123456789",
	}
	folded := strings.ToLower(password)
	return password != "" && (slices.Contains(known, folded) || folded == strings.ToLower(u.User.Username()))
}

func redactAll(text string) string {
	if text == "" {
		return ""
	}
	return hidden
}

// redactUser is for addresses that must not hold a password and are refused when they do.
func redactUser(text string) string {
	if strings.Contains(text, "@") {
		return hidden
	}
	return text
}

// redactURL hides what authenticates: the password before the host, and whatever in the query is not known to be
// harmless. Text of another form may be a password put into the wrong variable and is hidden whole.
func redactURL(text string) string {
	if slices.Contains([]string{"", "sqlite", "memory", "off", "folder"}, text) {
		return text
	}
	u, err := url.Parse(text)
	known := []string{"postgres", "postgresql", "redis", "rediss", "smtp", "smtps"}
	if err != nil || !slices.Contains(known, u.Scheme) || u.Opaque != "" {
		return hidden
	}
	var b strings.Builder
	b.WriteString(u.Scheme + "://")
	if u.User != nil {
		b.WriteString(url.PathEscape(u.User.Username()))
		if _, set := u.User.Password(); set {
			b.WriteString(":" + hidden)
		}
		b.WriteString("@")
	}
	b.WriteString(u.Host + u.EscapedPath())
	harmless := []string{"host", "port", "user", "dbname", "sslmode", "application_name", "connect_timeout", "starttls"}
	query := u.Query()
	for i, key := range slices.Sorted(maps.Keys(query)) {
		value := hidden
		if slices.Contains(harmless, key) {
			value = url.QueryEscape(query.Get(key))
		}
		b.WriteString([]string{"?", "&"}[min(i, 1)] + url.QueryEscape(key) + "=" + value)
	}
	return b.String()
}

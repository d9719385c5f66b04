package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrKey says that a signing key is malformed. The text never holds the key.
var ErrKey = errors.New("auth: malformed signing key")

// KeyRing holds the Ed25519 keys of access tokens: the first signs, all verify. A key is rotated by putting the new
// one in front and leaving the old one in until every token it signed has expired. A KeyRing never changes.
type KeyRing struct {
	kid     string
	private ed25519.PrivateKey
	public  map[string]ed25519.PublicKey
}

// ParseKeyRing reads entries of the form kid:seed, the seed being 32 bytes in unpadded base64url. Each kid and each
// seed may occur once. Errors name an entry by its position, never by its text.
func ParseKeyRing(keys []string) (*KeyRing, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrKey)
	}
	ring := &KeyRing{public: make(map[string]ed25519.PublicKey, len(keys))}
	seeds := make(map[string]bool, len(keys))
	for i, entry := range keys {
		kid, text, _ := strings.Cut(entry, ":")
		if !validKid(kid) {
			return nil, fmt.Errorf("%w: entry %d: the key id must be 1 to 64 of A-Z a-z 0-9 _ -", ErrKey, i+1)
		}
		seed, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(seed) != ed25519.SeedSize || len(text) != base64.RawURLEncoding.EncodedLen(len(seed)) {
			return nil, fmt.Errorf("%w: entry %d: the seed must be 32 bytes in unpadded base64url", ErrKey, i+1)
		}
		if ring.public[kid] != nil || seeds[text] {
			return nil, fmt.Errorf("%w: entry %d: the key id or the seed occurs twice", ErrKey, i+1)
		}
		private := ed25519.NewKeyFromSeed(seed)
		public := make(ed25519.PublicKey, ed25519.PublicKeySize)
		copy(public, private[ed25519.SeedSize:])
		ring.public[kid], seeds[text] = public, true
		if i == 0 {
			ring.kid, ring.private = kid, private
		}
	}
	return ring, nil
}

// GenerateKey returns a new random entry for ParseKeyRing.
func GenerateKey() (string, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return "", fmt.Errorf("generate signing key: %w", err)
	}
	return strings.ToLower(rand.Text()[:10]) + ":" + base64.RawURLEncoding.EncodeToString(seed), nil
}

// LoadOrCreateKey returns the entry kept in the file at path, and makes the file, and the folder it is in, when it
// does not exist. Of several processes that start at once all get the same key. It is for development, where
// nobody configures a key and sign-ins should survive a restart.
func LoadOrCreateKey(path string) (string, error) {
	key, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("create signing key: %w", err)
	}
	if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("create signing key: %w", err)
	}
	return loadKey(path)
}

func loadKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("load signing key: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if _, err := ParseKeyRing([]string{key}); err != nil {
		return "", fmt.Errorf("load signing key from %s: %w", path, err)
	}
	return key, nil
}

// createKey writes a whole file beside path and then links it there. Unlike rename, link refuses to replace what
// another process has put there meanwhile, and unlike opening path with O_EXCL nobody can read a half-written key.
func createKey(path string) error {
	key, err := GenerateKey()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // mode 0600, O_EXCL
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(key + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func validKid(kid string) bool {
	if kid == "" || len(kid) > 64 {
		return false
	}
	for _, c := range []byte(kid) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

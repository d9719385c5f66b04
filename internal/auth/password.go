package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// MaxPasswordBytes is the longest password that is hashed. No person types more, and without a cap a sign-in form is
// a way to make the server normalise and hash megabytes.
const MaxPasswordBytes = 1024

var (
	// ErrPassword says that a password cannot be hashed: it is empty or longer than MaxPasswordBytes.
	ErrPassword = errors.New("auth: password is empty or too long")
	// ErrHash says that a stored hash is malformed or asks for more than this server is willing to spend. It means a
	// damaged or planted row, never a wrong password.
	ErrHash = errors.New("auth: malformed password hash")
	// ErrParams says that the configured cost is outside of what Verify would accept again.
	ErrParams = errors.New("auth: password hash parameters out of range")
)

// The caps are on the cost read from a stored hash: whoever can write one row must not be able to make each sign-in
// take gigabytes or minutes.
const (
	maxMemoryKiB   = 1 << 20
	maxTime        = 16
	maxParallelism = 16
	saltBytes      = 16
	keyBytes       = 32
	maxEncoded     = 256
)

// Params is the cost of one argon2id hash.
type Params struct {
	MemoryKiB, Time uint32
	Parallelism     uint8
}

func (p Params) valid() bool {
	return p.Time >= 1 && p.Time <= maxTime &&
		p.Parallelism >= 1 && p.Parallelism <= maxParallelism &&
		p.MemoryKiB >= 8*uint32(p.Parallelism) && p.MemoryKiB <= maxMemoryKiB
}

// Hasher hashes and checks passwords with argon2id, at most so many at once: each hash takes Params.MemoryKiB, so
// the bound is what keeps a burst of sign-ins from exhausting memory.
//
// It sits directly on x/crypto/argon2. alexedwards/argon2id was looked at and left: it bounds neither the number of
// concurrent hashes nor the cost it reads from a stored hash, and it says nothing about rehashing, which leaves only
// the twenty lines of encoding.
type Hasher struct {
	params Params
	slots  chan struct{}
	dummy  string
}

// NewHasher returns a Hasher with the given cost that runs at most parallel hashes at a time (at least one).
func NewHasher(p Params, parallel int) *Hasher {
	var salt [saltBytes]byte
	var key [keyBytes]byte
	return &Hasher{params: p, slots: make(chan struct{}, max(parallel, 1)), dummy: encodeHash(p, salt[:], key[:])}
}

// Hash returns the argon2id PHC string of password. It waits for a free slot until ctx ends.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if !h.params.valid() {
		return "", ErrParams
	}
	if !hashable(password) {
		return "", ErrPassword
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the process when the system has no randomness
	key, err := h.derive(ctx, h.params, password, salt, keyBytes)
	if err != nil {
		return "", err
	}
	return encodeHash(h.params, salt, key), nil
}

// Verify says whether password belongs to encoded, comparing in constant time. rehash is true when the password is
// right and encoded was made with another cost than the configured one: hash it anew while the password is at hand.
// An empty encoded is an account without a password: no password is right, which takes as long as a wrong one.
// A malformed or too costly encoded is ErrHash; the end of ctx while waiting for a slot is ctx's error.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (ok, rehash bool, err error) {
	if encoded == "" {
		return false, false, h.VerifyDummy(ctx, password)
	}
	params, salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, false, err
	}
	// Nothing of this kind was ever hashed. The early answer tells a caller only the length of what they sent, and
	// VerifyDummy gives the same.
	if !hashable(password) {
		return false, false, nil
	}
	got, err := h.derive(ctx, params, password, salt, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	if subtle.ConstantTimeCompare(got, want) != 1 {
		return false, false, nil
	}
	return true, params != h.params || len(salt) != saltBytes || len(want) != keyBytes, nil
}

// VerifyDummy does the work of Verify and comes to no answer. Calling it for an unknown user keeps the time of a
// sign-in from telling which names exist.
func (h *Hasher) VerifyDummy(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, h.dummy, password)
	return err
}

func (h *Hasher) derive(ctx context.Context, p Params, password string, salt []byte, size uint32) ([]byte, error) {
	// Asked first because select picks at random when both are ready: a caller that has gone must not cost 26 ms.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// NFC, as in RFC 8265: an "é" is one code point on one keyboard and two on another, and the person cannot see it.
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, p.Time, p.MemoryKiB, p.Parallelism, size), nil
}

func hashable(password string) bool { return password != "" && len(password) <= MaxPasswordBytes }

func encodeHash(p Params, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.MemoryKiB, p.Time, p.Parallelism,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decodeHash(encoded string) (p Params, salt, key []byte, err error) {
	if len(encoded) > maxEncoded {
		return p, nil, nil, ErrHash
	}
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return p, nil, nil, ErrHash
	}
	if p, err = decodeParams(parts[3]); err != nil {
		return p, nil, nil, err
	}
	if salt, err = decodeBytes(parts[4], 8, 64); err != nil {
		return p, nil, nil, err
	}
	if key, err = decodeBytes(parts[5], 16, 64); err != nil {
		return p, nil, nil, err
	}
	return p, salt, key, nil
}

func decodeParams(text string) (Params, error) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 {
		return Params{}, ErrHash
	}
	var n [3]uint32
	for i, prefix := range [...]string{"m=", "t=", "p="} {
		digits, found := strings.CutPrefix(fields[i], prefix)
		v, err := strconv.ParseUint(digits, 10, 31)
		if !found || err != nil || strconv.FormatUint(v, 10) != digits {
			return Params{}, ErrHash
		}
		n[i] = uint32(v)
	}
	if n[2] > maxParallelism {
		return Params{}, ErrHash
	}
	p := Params{MemoryKiB: n[0], Time: n[1], Parallelism: uint8(n[2])}
	if !p.valid() {
		return Params{}, ErrHash
	}
	return p, nil
}

func decodeBytes(text string, least, most int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks; comparing lengths refuses them.
	if err != nil || len(b) < least || len(b) > most || base64.RawStdEncoding.EncodedLen(len(b)) != len(text) {
		return nil, ErrHash
	}
	return b, nil
}

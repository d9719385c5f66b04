package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// cheap keeps the tests quick; the cost is not what they are about.
func cheap() Params { return Params{MemoryKiB: 8, Time: 1, Parallelism: 1} }

func TestHasherVerify(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 100)
	for _, tt := range []struct {
		name, hashed, given string
		want                bool
	}{
		{"same", "correct horse", "correct horse", true},
		{"other", "correct horse", "correct hors", false},
		{"other_case", "Password", "password", false},
		{"trailing_space_counts", "correct horse", "correct horse ", false},
		{"empty_never_matches", "correct horse", "", false},
		{"composed_and_decomposed_are_one", "caf\u00e9", "cafe\u0301", true},
		{"no_compatibility_folding", "ﬁne", "fine", false},
		{"emoji", "🔑👩‍👩‍👧", "🔑👩‍👩‍👧", true},
		{"nul_does_not_cut", "a\x00b", "a\x00c", false},
		{"invalid_utf8", "\xff\xfe", "\xff\xfe", true},
		{"invalid_utf8_is_not_folded", "\xff", "\xfe", false},
		// bcrypt's 72 bytes made long passwords equal.
		{"differs_at_the_end_of_a_long_one", long + "1", long + "2", false},
		{"longest", strings.Repeat("x", MaxPasswordBytes), strings.Repeat("x", MaxPasswordBytes), true},
		{"too_long_never_matches", "x", strings.Repeat("x", MaxPasswordBytes+1), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := NewHasher(cheap(), 1)
			encoded, err := h.Hash(t.Context(), tt.hashed)
			if err != nil {
				t.Fatal(err)
			}
			ok, rehash, err := h.Verify(t.Context(), encoded, tt.given)
			if ok != tt.want || rehash || err != nil {
				t.Errorf("Verify = %v, %v, %v; want %v, false, nil", ok, rehash, err, tt.want)
			}
		})
	}
}

// The string is from the tests of the argon2 reference implementation: hashes can move to and from other software.
func TestHasherVerify_reference_vector(t *testing.T) {
	t.Parallel()
	const encoded = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	ok, rehash, err := NewHasher(cheap(), 1).Verify(t.Context(), encoded, "password")
	if !ok || !rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v; want true, true, nil", ok, rehash, err)
	}
}

func TestHasherVerify_rehash(t *testing.T) {
	t.Parallel()
	encoded, err := NewHasher(Params{MemoryKiB: 32, Time: 2, Parallelism: 2}, 1).Hash(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		params   Params
		password string
		want     bool
	}{
		{"same_cost", Params{32, 2, 2}, "secret", false},
		{"other_memory", Params{64, 2, 2}, "secret", true},
		{"other_time", Params{32, 3, 2}, "secret", true},
		{"other_parallelism", Params{32, 2, 1}, "secret", true},
		// Hashing a wrong password anew would make it the right one.
		{"never_when_wrong", Params{64, 2, 2}, "wrong", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ok, rehash, err := NewHasher(tt.params, 1).Verify(t.Context(), encoded, tt.password)
			if ok != (tt.password == "secret") || rehash != tt.want || err != nil {
				t.Errorf("Verify = %v, %v, %v; want rehash %v", ok, rehash, err, tt.want)
			}
		})
	}
}

func TestHasherHash_refuses(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", strings.Repeat("x", MaxPasswordBytes+1)} {
		if _, err := NewHasher(cheap(), 1).Hash(t.Context(), password); !errors.Is(err, ErrPassword) {
			t.Errorf("Hash of %d bytes: %v; want ErrPassword", len(password), err)
		}
	}
	for _, params := range []Params{
		{},
		{MemoryKiB: 8, Time: 0, Parallelism: 1},
		{MemoryKiB: 8, Time: 1, Parallelism: 0},
		{MemoryKiB: 8, Time: 1, Parallelism: 2},
		{MemoryKiB: maxMemoryKiB + 1, Time: 1, Parallelism: 1},
		{MemoryKiB: 8, Time: maxTime + 1, Parallelism: 1},
		{MemoryKiB: 1024, Time: 1, Parallelism: maxParallelism + 1},
	} {
		if _, err := NewHasher(params, 1).Hash(t.Context(), "x"); !errors.Is(err, ErrParams) {
			t.Errorf("Hash with %+v: %v; want ErrParams", params, err)
		}
	}
}

func TestHasherHash_is_salted(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap(), 1)
	first, err := h.Hash(t.Context(), "same")
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.Hash(t.Context(), "same")
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("two hashes of one password are equal")
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("Hash = %q", first)
	}
}

// A planted row must cost nothing: neither memory, time nor a panic of the argon2 package.
func TestHasherVerify_malformed(t *testing.T) {
	t.Parallel()
	const salt, key = "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for name, encoded := range map[string]string{
		"plain_text":          "password",
		"bcrypt":              "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":             "$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + key,
		"old_version":         "$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + key,
		"no_version":          "$argon2id$m=256,t=2,p=1$" + salt + "$" + key,
		"leading_text":        "x$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key,
		"more_parts":          "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key + "$",
		"params_swapped":      "$argon2id$v=19$t=2,m=256,p=1$" + salt + "$" + key,
		"params_missing":      "$argon2id$v=19$m=256,t=2$" + salt + "$" + key,
		"params_more":         "$argon2id$v=19$m=256,t=2,p=1,x=1$" + salt + "$" + key,
		"leading_zero":        "$argon2id$v=19$m=0256,t=2,p=1$" + salt + "$" + key,
		"signed":              "$argon2id$v=19$m=+256,t=2,p=1$" + salt + "$" + key,
		"negative":            "$argon2id$v=19$m=-256,t=2,p=1$" + salt + "$" + key,
		"time_zero":           "$argon2id$v=19$m=256,t=0,p=1$" + salt + "$" + key,
		"parallelism_zero":    "$argon2id$v=19$m=256,t=2,p=0$" + salt + "$" + key,
		"parallelism_wraps":   "$argon2id$v=19$m=256,t=2,p=257$" + salt + "$" + key,
		"memory_too_much":     "$argon2id$v=19$m=1048577,t=2,p=1$" + salt + "$" + key,
		"memory_overflows":    "$argon2id$v=19$m=4294967552,t=2,p=1$" + salt + "$" + key,
		"time_too_much":       "$argon2id$v=19$m=256,t=17,p=1$" + salt + "$" + key,
		"parallelism_too_big": "$argon2id$v=19$m=256,t=2,p=17$" + salt + "$" + key,
		"short_salt":          "$argon2id$v=19$m=256,t=2,p=1$c29t$" + key,
		"short_key":           "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$c29tZXNhbHQ",
		"no_key":              "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$",
		"padded":              "$argon2id$v=19$m=256,t=2,p=1$" + salt + "=$" + key,
		"line_break":          "$argon2id$v=19$m=256,t=2,p=1$" + salt + "\n$" + key,
		"stray_bits":          "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5",
		"giant":               "$argon2id$v=19$m=256,t=2,p=1$" + strings.Repeat("A", 1<<20) + "$" + key,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, rehash, err := NewHasher(cheap(), 1).Verify(t.Context(), encoded, "password")
			if ok || rehash || !errors.Is(err, ErrHash) {
				t.Errorf("Verify = %v, %v, %v; want ErrHash", ok, rehash, err)
			}
		})
	}
}

// Waiting for a slot ends with the context, and a slot that was never taken is not given back.
func TestHasher_waits_for_a_slot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(cheap(), 1)
		encoded, err := h.Hash(t.Context(), "secret")
		if err != nil {
			t.Fatal(err)
		}
		h.slots <- struct{}{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		if _, err := h.Hash(ctx, "secret"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Hash: %v; want the deadline", err)
		}
		if waited := time.Since(started); waited != time.Second {
			t.Errorf("Hash waited %s; want 1s", waited)
		}
		if _, _, err := h.Verify(ctx, encoded, "secret"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Verify: %v; want the deadline", err)
		}
		if err := h.VerifyDummy(ctx, "secret"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("VerifyDummy: %v; want the deadline", err)
		}

		done := make(chan error, 1)
		go func() { _, err := h.Hash(t.Context(), "secret"); done <- err }()
		synctest.Wait()
		if len(done) != 0 {
			t.Fatal("Hash did not wait for the slot")
		}
		<-h.slots
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(h.slots) != 0 {
			t.Error("Hash kept its slot")
		}
	})
}

func TestHasher_ended_context_costs_nothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewHasher(cheap(), 4).Hash(ctx, "secret"); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash: %v; want context.Canceled", err)
	}
}

// An unknown user must take as long as a known one: the dummy goes the whole way of Verify with the same cost.
func TestHasherVerifyDummy(t *testing.T) {
	t.Parallel()
	h := NewHasher(Params{MemoryKiB: 64, Time: 3, Parallelism: 2}, 1)
	for _, password := range []string{"secret", "", strings.Repeat("x", MaxPasswordBytes+1)} {
		if err := h.VerifyDummy(t.Context(), password); err != nil {
			t.Errorf("VerifyDummy of %d bytes: %v", len(password), err)
		}
	}
	params, salt, key, err := decodeHash(h.dummy)
	if err != nil || params != h.params || len(salt) != saltBytes || len(key) != keyBytes {
		t.Errorf("dummy costs %+v, %d, %d, %v", params, len(salt), len(key), err)
	}
}

func TestHasher_property(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap(), 1)
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringN(1, 64, MaxPasswordBytes).Draw(t, "password")
		other := rapid.StringN(0, 64, -1).Draw(t, "other")
		encoded, err := h.Hash(context.Background(), password)
		if err != nil {
			t.Fatal(err)
		}
		if ok, rehash, err := h.Verify(context.Background(), encoded, password); !ok || rehash || err != nil {
			t.Fatalf("own password: %v, %v, %v", ok, rehash, err)
		}
		ok, _, err := h.Verify(context.Background(), encoded, other)
		if err != nil || ok != (norm.NFC.String(other) == norm.NFC.String(password)) {
			t.Fatalf("other password: %v, %v", ok, err)
		}
	})
}

// What is accepted is exactly what would be written: no two texts mean the same hash.
func FuzzDecodeHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		params, salt, key, err := decodeHash(encoded)
		if err == nil && encodeHash(params, salt, key) != encoded {
			t.Errorf("%q is read as %q", encoded, encodeHash(params, salt, key))
		}
	})
}

// An account that has no password is opened by none, the empty one included.
func TestHasherVerify_no_password(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", "password"} {
		if ok, rehash, err := NewHasher(cheap(), 1).Verify(t.Context(), "", password); ok || rehash || err != nil {
			t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
		}
	}
}

package auth

import (
	"context"
	"testing"
	"time"
)

func BenchmarkTokensVerify(b *testing.B) {
	key, err := GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	ring, err := ParseKeyRing([]string{key})
	if err != nil {
		b.Fatal(err)
	}
	tokens := NewTokens(ring, "https://chat.example.org", "parley", time.Hour, time.Now)
	token, _, err := tokens.Issue(7, "0123456789abcdef")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("signature", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tokens.parse(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tokens.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := tokens.Verify(token); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkHasherVerify(b *testing.B) {
	hasher := NewHasher(Params{MemoryKiB: 47104, Time: 1, Parallelism: 1}, 1)
	encoded, err := hasher.Hash(context.Background(), "correct horse battery staple")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, err := hasher.Verify(context.Background(), encoded, "correct horse battery staple"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

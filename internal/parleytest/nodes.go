package parleytest

import (
	"crypto/rand"
	"encoding/base64"
	"testing"

	"parley/internal/store"
	"parley/internal/store/storetest"
)

// Nodes boots several servers that are one Parley: they share a Postgres database, a Redis and their keys. Options are for all of them; those
// that differ are given by each, which may be nil.
func Nodes(tb testing.TB, n int, each func(node int) []Option, list ...Option) []*Server {
	tb.Helper()
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails
	shared := append([]Option{
		OnRedis(), RedisPrefix("test-" + rand.Text()), At(storetest.URL(tb, store.Postgres)),
		With("PARLEY_PUBLIC_URL=http://127.0.0.1:8080", "PARLEY_AUTH_SIGNING_KEYS=test:"+base64.RawURLEncoding.EncodeToString(seed)),
	}, list...)
	servers := make([]*Server, n)
	for i := range servers {
		own := shared
		if each != nil {
			own = append(own[:len(own):len(own)], each(i)...)
		}
		servers[i] = Start(tb, own...)
	}
	return servers
}

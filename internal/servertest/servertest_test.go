package servertest_test

import (
	"testing"

	"parley/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

func TestEachRedis(t *testing.T) {
	t.Parallel()
	servertest.EachRedis(t, func(t *testing.T, url string) {
		client, prefix := servertest.Dial(t, url), servertest.RedisPrefix(t, url)
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			if err := client.Do(t.Context(), client.B().Set().Key(prefix+":"+key).Value("1").Build()).Error(); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		if keys := servertest.Keys(t, client, prefix); len(keys) != 5 {
			t.Errorf("keys %q", keys)
		}
	})
}

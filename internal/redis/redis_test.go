package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"parley/internal/redis"
	"parley/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// open connects with options that a test may change first.
func open(t *testing.T, url string, change func(*rueidis.ClientOption)) (rueidis.Client, error) {
	t.Helper()
	o, err := redis.Options(url, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&o)
	}
	client, err := redis.Connect(context.Background(), o)
	if err == nil {
		t.Cleanup(client.Close)
	}
	return client, err
}

func set(t *testing.T, client rueidis.Client, key string) error {
	t.Helper()
	return client.Do(t.Context(), client.B().Set().Key(key).Value("1").Px(time.Minute).Build()).Error()
}

// One address of a cluster leads to all of it, and so do several of which one is dead.
func TestConnect_cluster(t *testing.T) {
	t.Parallel()
	all := servertest.ClusterURL(t)
	first, _, _ := strings.Cut(all, "?")
	_, others, _ := strings.Cut(all, "?")
	dead := fmt.Sprintf("redis://127.0.0.1:%d?%s", servertest.FreePort(t), others)
	for name, url := range map[string]string{"all": all, "one": first, "one_is_dead": dead} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := open(t, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if client.Mode() != rueidis.ClientModeCluster {
				t.Errorf("mode %s", client.Mode())
			}
			for i := range 20 { // some for each server
				if err := set(t, client, fmt.Sprint(servertest.RedisPrefix(t, all), ":", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Sentinels may be asked with one address, since they know each other. Their password is not that of the servers.
func TestConnect_sentinels(t *testing.T) {
	t.Parallel()
	url := servertest.SentinelsURL(t)
	for name, tt := range map[string]struct{ old, new, want string }{
		"all":                 {"", "", ""},
		"wrong_password":      {"sentinel+secret", "wrong", "WRONGPASS"},
		"no_password":         {"sentinel_password", "x", "NOAUTH"},
		"wrong_user_password": {"people%20secret", "wrong", "WRONGPASS"},
		"unknown_set":         {"master_set=parley", "master_set=other", "No such master"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := open(t, strings.Replace(url, tt.old, tt.new, 1), nil)
			if err == nil {
				err = set(t, client, servertest.RedisPrefix(t, url)+":a")
			}
			want(t, err, tt.want)
		})
	}
}

// want fails the test when an error is not the one that has a text, or is one when the text is empty.
func want(t *testing.T, err error, text string) {
	t.Helper()
	if text == "" && err != nil || text != "" && (err == nil || !strings.Contains(err.Error(), text)) {
		t.Errorf("%v, want %q", err, text)
	}
}

// A server over TLS, and a user who may do nothing beside what Parley does: the URL says both, and a certificate for somebody else is refused. Sentinels
// name the primary by its IP address, and its certificate is for the name in the URL: that is good enough.
func TestConnect_tls_and_user(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, pool := servertest.Certificate(t, dir, "localhost")
	port, sentinel := servertest.FreePort(t), servertest.FreePort(t)
	secure := []string{"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no", "--tls-replication", "yes"}
	servertest.StartRedis(t, append(secure, "--tls-port", fmt.Sprint(port),
		"--user", "chat", "on", ">a secret/with#marks", "~parley:*", "&parley:*", "+@all", "-@admin", "-@dangerous", "+info", "+role")...)
	file := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, "sentinel monitor parley 127.0.0.1 %d 1\n", port), 0o600); err != nil {
		t.Fatal(err)
	}
	servertest.StartRedis(t, append([]string{file, "--sentinel", "--tls-port", fmt.Sprint(sentinel)}, secure...)...)

	const user = "chat:a%20secret%2Fwith%23marks"
	for name, tt := range map[string]struct {
		url     string
		trusted bool
		key     string
		want    string
	}{
		"by_name":          {fmt.Sprintf("rediss://%s@localhost:%d", user, port), true, "parley:a", ""},
		"by_sentinel":      {fmt.Sprintf("rediss://%s@localhost:%d?master_set=parley", user, sentinel), true, "parley:a", ""},
		"not_trusted":      {fmt.Sprintf("rediss://%s@localhost:%d", user, port), false, "parley:a", "certificate"},
		"for_another_name": {fmt.Sprintf("rediss://%s@127.0.0.1:%d", user, port), true, "parley:a", "certificate"},
		"not_asked_for":    {fmt.Sprintf("rediss://%s@127.0.0.1:%d?skip_verify=true", user, port), false, "parley:a", ""},
		"wrong_password":   {fmt.Sprintf("rediss://chat:x@localhost:%d", port), true, "parley:a", "WRONGPASS"},
		"another's_key":    {fmt.Sprintf("rediss://%s@localhost:%d", user, port), true, "other:a", "NOPERM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := open(t, tt.url, func(o *rueidis.ClientOption) {
				if tt.trusted {
					o.TLSConfig.RootCAs = pool
				}
			})
			if err == nil {
				err = set(t, client, tt.key)
			}
			want(t, err, tt.want)
		})
	}
}

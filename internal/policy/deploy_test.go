package policy_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"parley/internal/policy"
)

func TestDeployment(t *testing.T) {
	t.Parallel()
	faults, err := policy.CheckDeployment(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// Each mutant is a change to a file of ours that somebody could make in good faith.
func TestCheckDeployment(t *testing.T) {
	t.Parallel()
	for name, mutant := range map[string]struct{ file, old, new, want string }{
		"a_node_killed_too_early":         {"compose.nodes.yaml", "stop_grace_period: 40s", "stop_grace_period: 20s", `is killed after "20s", and its own grace is 20s`},
		"a_grace_raised_in_one_place":     {"compose.nodes.yaml", "PARLEY_HTTP_SHUTDOWN_GRACE: 20s", "PARLEY_HTTP_SHUTDOWN_GRACE: 50s", "its own grace is 50s"},
		"a_node_without_patience":         {"compose.yaml", "stop_grace_period: 40s", "", `is killed after ""`},
		"a_database_published":            {"compose.nodes.yaml", "    shm_size: 256m", "    ports: ['5432:5432']", "postgres can be reached from outside at 5432:5432"},
		"a_server_without_tls_published":  {"compose.yaml", "'127.0.0.1:8080:8080'", "'8080:8080'", "parley can be reached from outside"},
		"metrics_published":               {"compose.yaml", "'127.0.0.1:8080:8080'", "'127.0.0.1:9090:9090'", "parley can be reached from outside"},
		"no_healthcheck":                  {"compose.nodes.yaml", "  healthcheck:\n    test: [CMD, /usr/local/bin/parley, health]", "  x:\n    test: []", "has no healthcheck"},
		"rights":                          {"compose.yaml", "cap_drop: [ALL]", "", "rights that it does not need"},
		"a_setting_that_does_not_exist":   {"compose.yaml", "PARLEY_CORS_ORIGINS:", "PARLEY_CORS:", "there is no setting PARLEY_CORS"},
		"a_unit_killed_too_early":         {"parley.service", "TimeoutStopSec=40s", "TimeoutStopSec=10s", "not above the server's own grace of 20s"},
		"a_unit_without_patience":         {"parley.service", "TimeoutStopSec=40s", "", "TimeoutStopSec is not said"},
		"a_proxy_that_closes_sockets":     {"nginx.conf", "proxy_read_timeout 120s", "proxy_read_timeout 30s", "may be for 35s"},
		"a_proxy_that_repeats_posts":      {"nginx.conf", "proxy_next_upstream error timeout;", "proxy_next_upstream error timeout non_idempotent;", "repeats posts"},
		"a_proxy_that_believes_everybody": {"nginx.conf", "X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-For $remote_addr"},
		"a_proxy_without_sockets":         {"nginx.conf", "proxy_set_header Upgrade $http_upgrade;", "", "Upgrade $http_upgrade"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := fstest.MapFS{}
			for _, pattern := range []string{"deploy/*", "internal/config/*.go"} {
				files, err := fs.Glob(os.DirFS("../.."), pattern)
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					source, err := os.ReadFile("../../" + file)
					if err != nil {
						t.Fatal(err)
					}
					if file == "deploy/"+mutant.file {
						if !strings.Contains(string(source), mutant.old) {
							t.Fatalf("%s has no %q", file, mutant.old)
						}
						source = []byte(strings.ReplaceAll(string(source), mutant.old, mutant.new))
					}
					tree[file] = &fstest.MapFile{Data: source}
				}
			}
			faults, err := policy.CheckDeployment(tree)
			if err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(faults, "\n"); !strings.Contains(all, mutant.want) {
				t.Errorf("want a fault that says %q, got\n%s", mutant.want, all)
			}
		})
	}
}

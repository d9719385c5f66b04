package chaos

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/internal/servertest"
)

// nginx is the proxy of deploy/nginx.conf, on loopback.
type nginx struct {
	tb        testing.TB
	program   string
	dir       string
	port, tls int
}

// newNginx finds nginx and a place for it. Without the program the test is skipped, loudly, and where CI=true it fails.
func newNginx(tb testing.TB) *nginx {
	tb.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		servertest.Lacks(tb, "nginx is not on this machine", "deploy/nginx.conf IS NOT TESTED (make test installs it)")
	}
	dir, err := os.MkdirTemp("", "parley-nginx-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // nginx' workers are somebody else
		tb.Fatal(err)
	}
	return &nginx{tb: tb, program: program, dir: dir, port: servertest.FreePort(tb), tls: servertest.FreePort(tb)}
}

func (n *nginx) url() string { return fmt.Sprintf("https://127.0.0.1:%d", n.tls) }

// serve starts nginx with the file that is deployed: only names, ports and paths are others.
func (n *nginx) serve(nodes []string) {
	n.tb.Helper()
	source, err := os.ReadFile("../../deploy/nginx.conf")
	if err != nil {
		n.tb.Fatal(err)
	}
	servertest.Certificate(n.tb, n.dir, "127.0.0.1")
	text := regexp.MustCompile(`(?m)^\s*listen \[::\].*\n`).ReplaceAllString(string(source), "")
	for _, change := range [][2]string{
		{"parley-1:8080", nodes[0]},
		{"parley-2:8080", nodes[1]},
		{"listen 80;", fmt.Sprintf("listen 127.0.0.1:%d;", n.port)},
		{"listen 443 ", fmt.Sprintf("listen 127.0.0.1:%d ", n.tls)},
		{"/etc/nginx/tls/", n.dir + "/"},
		{"/tmp/nginx", filepath.Join(n.dir, "nginx")},
		{"/dev/stdout", filepath.Join(n.dir, "access.log")},
		{"/dev/stderr", filepath.Join(n.dir, "error.log")},
	} {
		if !strings.Contains(text, change[0]) {
			n.tb.Fatalf("deploy/nginx.conf has no %q", change[0])
		}
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	file := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		n.tb.Fatal(err)
	}
	out, err := exec.Command(n.program, "-t", "-c", file).CombinedOutput()
	// From 1.25 on nginx would have HTTP/2 said in a directive that older ones, as in Debian 12, do not know.
	warnings := regexp.MustCompile(`(?m)^.*"listen \.\.\. http2" directive is deprecated.*$`).ReplaceAllString(string(out), "")
	if err != nil || strings.Contains(warnings, "[warn]") {
		n.tb.Fatalf("nginx -t: %v\n%s", err, out)
	}
	run := exec.Command(n.program, "-c", file, "-g", "daemon off;")
	if err := run.Start(); err != nil {
		n.tb.Fatal(err)
	}
	n.tb.Cleanup(func() {
		_ = run.Process.Signal(os.Interrupt)
		_ = run.Wait()
		if n.tb.Failed() {
			n.tb.Logf("nginx said:\n%s", n.said())
		}
	})
	servertest.Eventually(n.tb, func() error {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", n.tls))
		if err == nil {
			_ = c.Close()
		}
		return err
	})
}

func (n *nginx) said() string {
	data, _ := os.ReadFile(filepath.Join(n.dir, "error.log")) // an absent log says nothing
	return string(data)
}

// The rolling restart through the nginx that deploy/ describes: sockets and requests over TLS, two nodes, one restarted after the other.
func TestNginx(t *testing.T) {
	t.Parallel()
	r := newRun(t, size{nodes: 2, members: 20, rooms: 4, roomsEach: 2, every: 200 * time.Millisecond, nginx: newNginx(t)})
	r.roll(1, 2*time.Second) // longer than nginx avoids a node that refused
	r.account()
	for what, n := range r.count.refusals {
		if strings.HasPrefix(what, "503") || strings.HasPrefix(what, "500") {
			t.Errorf("%d times somebody was answered %s", n, what)
		}
	}
	redirected(t, r.size.nginx)
}

// redirected looks at what the proxy does beside carrying: plain HTTP goes to HTTPS, and the page comes with Parley's own headers.
func redirected(t *testing.T, n *nginx) {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: anyCertificate()},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for url, want := range map[string]int{fmt.Sprintf("http://127.0.0.1:%d/rooms/1?x=y", n.port): 301, n.url() + "/health/live": 200, n.url() + "/metrics": 0} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if want != 0 && resp.StatusCode != want {
			t.Errorf("%s: %s", url, resp.Status)
		}
		if want == 301 && resp.Header.Get("Location") != "https://127.0.0.1/rooms/1?x=y" {
			t.Errorf("%s leads to %s", url, resp.Header.Get("Location"))
		}
		if strings.Contains(string(body), "parley_drain") {
			t.Errorf("%s shows everybody the metrics", url)
		}
	}
}

// anyCertificate trusts the test's own certificate, which nobody vouches for.
func anyCertificate() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

package httpapi

import "testing"

func TestAgent(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                 "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":                        "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0":          "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36":    "Samsung Internet on Android",
		"curl/8.14.1": "curl", "": "Unknown program", "\x1b[31m<script>\u202e": "Unknown program", "something (Linux)": "Unknown program on Linux",
	} {
		if got := agent(header); got != want {
			t.Errorf("agent(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"203.0.113.77:4711": "203.0.113.0/24", "[::ffff:203.0.113.77]:4711": "203.0.113.0/24", "[2001:db8:1:2::3]:80": "2001:db8:1::/48",
		"[fe80::1%eth0]:80": "fe80::/48", "@": "", "": "",
	} {
		if got := place(remote); got != want {
			t.Errorf("place(%q) = %q, want %q", remote, got, want)
		}
	}
}

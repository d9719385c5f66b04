package limit_test

import (
	"net/http"
	"net/netip"
	"testing"

	"parley/internal/limit"
)

func TestProxiesClient(t *testing.T) {
	t.Parallel()
	proxies := limit.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tt := range map[string]struct {
		peer    string
		headers http.Header
		want    string
		ignored bool
	}{
		"no proxy":                           {"203.0.113.9:55", nil, "203.0.113.9", false},
		"a stranger who claims an address":   {"203.0.113.9:55", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "203.0.113.9", true},
		"a stranger by RFC 7239":             {"203.0.113.9:55", http.Header{"Forwarded": {"for=198.51.100.1"}}, "203.0.113.9", true},
		"through a proxy":                    {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1", false},
		"the client's own text on the left":  {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"192.0.2.1, 198.51.100.1"}}, "198.51.100.1", false},
		"a trusted address on the left":      {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"10.0.0.9, 198.51.100.1"}}, "198.51.100.1", false},
		"the client's own line":              {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"192.0.2.1", "198.51.100.1"}}, "198.51.100.1", false},
		"two proxies":                        {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"192.0.2.1, 198.51.100.1, 10.0.0.2"}}, "198.51.100.1", false},
		"proxies only":                       {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3", false},
		"nonsense":                           {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"198.51.100.1, localhost"}}, "10.0.0.1", false},
		"nonsense behind a proxy":            {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"'; drop, 10.0.0.2"}}, "10.0.0.2", false},
		"empty":                              {"10.0.0.1:55", http.Header{"X-Forwarded-For": {""}}, "10.0.0.1", false},
		"with a port":                        {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"198.51.100.1:4711"}}, "198.51.100.1", false},
		"IPv6":                               {"[fd00::1]:55", http.Header{"X-Forwarded-For": {"2001:db8::7"}}, "2001:db8::7", false},
		"IPv6 with a port":                   {"[fd00::1]:55", http.Header{"X-Forwarded-For": {"[2001:db8::7]:4711"}}, "2001:db8::7", false},
		"IPv4 in IPv6":                       {"[::ffff:10.0.0.1]:55", http.Header{"X-Forwarded-For": {"::ffff:198.51.100.1"}}, "198.51.100.1", false},
		"a zone":                             {"[fe80::1%eth0]:55", nil, "fe80::1", false},
		"Forwarded":                          {"10.0.0.1:55", http.Header{"Forwarded": {`for=192.0.2.1, For="198.51.100.1:47";proto=https;by=10.0.0.1`}}, "198.51.100.1", false},
		"Forwarded with IPv6":                {"10.0.0.1:55", http.Header{"Forwarded": {`proto=https;for="[2001:db8::7]"`}}, "2001:db8::7", false},
		"Forwarded without an address":       {"10.0.0.1:55", http.Header{"Forwarded": {"for=192.0.2.1, for=_hidden"}}, "10.0.0.1", false},
		"Forwarded that is cut":              {"10.0.0.1:55", http.Header{"Forwarded": {"for=192.0.2.1, proto=https"}}, "10.0.0.1", false},
		"a quoted comma to hide behind":      {"10.0.0.1:55", http.Header{"Forwarded": {`for="192.0.2.1, for=198.51.100.1"`}}, "198.51.100.1", false},
		"both headers agree":                 {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"198.51.100.1"}, "Forwarded": {"for=198.51.100.1"}}, "198.51.100.1", false},
		"the header that the proxy does not": {"10.0.0.1:55", http.Header{"X-Forwarded-For": {"198.51.100.1"}, "Forwarded": {"for=192.0.2.1"}}, "10.0.0.1", true},
		"a socket file":                      {"@", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "invalid IP", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, ignored := proxies.Client(&http.Request{RemoteAddr: tt.peer, Header: tt.headers})
			if client.String() != tt.want || ignored != tt.ignored {
				t.Errorf("client %s, ignored %t; want %s, %t", client, ignored, tt.want, tt.ignored)
			}
		})
	}
	if client, _ := limit.Proxies(nil).Client(&http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-For": {"1.2.3.4"}}}); client.String() != "127.0.0.1" {
		t.Errorf("without any trusted proxy the client is %s", client)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"198.51.100.77": "198.51.100.0/24", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "127.0.0.1": "127.0.0.0/24",
	} {
		if got := limit.Network(netip.MustParseAddr(text)); got != want {
			t.Errorf("network of %s is %s, want %s", text, got, want)
		}
	}
	if got := limit.Network(netip.Addr{}); got != "unknown" {
		t.Errorf("network of no address is %s", got)
	}
}

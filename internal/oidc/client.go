package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

const (
	requestTimeout = 5 * time.Second
	maxAnswer      = 1 << 20
)

var (
	errRedirect = errors.New("the provider redirects, which none of these endpoints may")
	errAddress  = errors.New("the address is not public; PARLEY_OIDC_<NAME>_PRIVATE_NETWORK allows it")
	errPort     = errors.New("the port is neither 443 nor the issuer's")
	errTooLong  = errors.New("the answer is too long")
)

// newClient makes the client that talks to one provider. What a discovery document names is fetched from wherever it says, so the client judges each
// address after the name has been resolved and right before it connects: nothing in between can make it another one.
func newClient(issuer *url.URL, c Config, m *metrics) *http.Client {
	ports := []string{"443"}
	if port := issuer.Port(); port != "" {
		ports = append(ports, port)
	}
	issuerAddress, _ := netip.ParseAddr(issuer.Hostname())
	loopback := issuer.Hostname() == "localhost" || issuerAddress.IsLoopback()
	if issuer.Scheme == "http" {
		ports = append(ports, "80")
	}
	dialer := &net.Dialer{
		Timeout: requestTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			ip := at.Addr().Unmap()
			switch {
			case !slices.Contains(ports, fmt.Sprint(at.Port())):
				return fmt.Errorf("%s: %w", address, errPort)
			case c.PrivateNetwork, ip.IsLoopback() && loopback, public(ip):
				return nil
			}
			return fmt.Errorf("%s: %w", address, errAddress)
		},
	}
	transport := &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: requestTimeout, ResponseHeaderTimeout: requestTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		// People sign in now and then; nothing is worth keeping open for that.
		DisableKeepAlives: true,
	}
	return &http.Client{
		Transport: &bounded{next: transport, provider: c.ID, metrics: m},
		Timeout:   requestTimeout,
		// A code or a secret that is sent on is sent to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}
}

// notPublic are networks that IsPrivate and its kin leave out.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	// IPv4 in IPv6 in ways that Unmap does not undo
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"),
}

// public reports whether an address belongs to nobody's own network.
func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// bounded ends answers that go on and on, and counts how requests went.
type bounded struct {
	next     http.RoundTripper
	provider string
	metrics  *metrics
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		b.metrics.requests.WithLabelValues(b.provider, "failed").Inc()
		return nil, err
	}
	outcome := "answered"
	if resp.StatusCode >= http.StatusInternalServerError {
		outcome = "failed"
	}
	b.metrics.requests.WithLabelValues(b.provider, outcome).Inc()
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxAnswer}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// away reports whether a request failed on its way, and not because of what it asked for.
func away(ctx context.Context, err error) bool {
	var network net.Error
	return ctx.Err() != nil || errors.As(err, &network) || errors.Is(err, errTooLong) || errors.Is(err, errRedirect)
}

package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"
)

// place is a node of the server.
type place struct {
	url    *url.URL
	dialed atomic.Int64
}

const dialPatience = 15 * time.Second

func newPlace(text string) (*place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("say the server's address as https://chat.example.org, without a path")
	}
	u.Path = ""
	return &place{url: u}, nil
}

func (p *place) base() string { return p.url.String() }

func (p *place) socketURL() string {
	u := *p.url
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[p.url.Scheme]
	u.Path = "/api/v1/socket"
	return u.String()
}

// portsOfAddress is how many connections to one server are opened from one address. There are 28,000 ports on Linux unless it is told otherwise.
const portsOfAddress = 20_000

// dialTCP opens a connection. A machine has many addresses for itself, which is used when one has too few ports.
func (p *place) dialTCP(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialPatience}
	host := p.url.Hostname()
	if ip := net.ParseIP(host); ip != nil && ip.To4() != nil && ip.IsLoopback() {
		n := p.dialed.Add(1) - 1
		if from := n / portsOfAddress; from > 0 {
			d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, byte(from/250), byte(from%250+1))}
		}
	}
	port := p.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[p.url.Scheme]
	}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", p.url.Host, err)
	}
	return conn, nil
}

// dial opens a connection, with TLS where the address says so.
func (p *place) dial(ctx context.Context) (net.Conn, error) {
	conn, err := p.dialTCP(ctx)
	if err != nil || p.url.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: p.url.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("TLS with %s: %w", p.url.Host, err), conn.Close())
	}
	return secure, nil
}

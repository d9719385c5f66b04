// Package redis opens the Redis that a URL names: one server, a primary that Sentinels look after, or a cluster. It knows nothing of what is kept
// there.
package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// refreshEvery is how often Sentinels or a cluster are asked who serves now. Both also tell by themselves, but what is said while nobody listens is
// not said again.
const refreshEvery = 5 * time.Second

// Options reads a URL. timeout bounds the connection to a server and the silence on it: one that is away or stopped is noticed this soon.
//
// Commands are not sent again by the client: whether it is right to repeat one is for its caller to say.
func Options(text string, timeout time.Duration) (rueidis.ClientOption, error) {
	o, err := rueidis.ParseURL(text)
	if err != nil {
		return o, errors.New("the URL of Redis is not understood") // its text may hold a password
	}
	o.Dialer = net.Dialer{Timeout: timeout, KeepAlive: rueidis.DefaultTCPKeepAlive}
	o.ConnWriteTimeout = timeout
	o.DisableCache, o.DisableRetry = true, true
	o.AlwaysPipelining = true // reads ahead, so that a connection that ended is noticed before it is used
	if o.TLSConfig != nil {
		o.DialCtxFn = dialer(hosts(o.InitAddress))
	}
	o.ClusterOption.ShardsRefreshInterval = refreshEvery
	// Sentinels are servers of their own. Over TLS when Redis is; with credentials only if there are some, since a Sentinel that wants none refuses them.
	o.Sentinel.Dialer = o.Dialer
	o.Sentinel.TLSConfig = o.TLSConfig
	o.Sentinel.TopologyRefreshInterval = refreshEvery
	o.Sentinel.Username, o.Sentinel.Password = sentinelUser(text)
	return o, nil
}

func sentinelUser(text string) (name, password string) {
	u, err := url.Parse(text)
	if err != nil {
		return "", ""
	}
	return u.Query().Get("sentinel_username"), u.Query().Get("sentinel_password")
}

func hosts(addresses []string) []string {
	list := make([]string, len(addresses))
	for i, a := range addresses {
		list[i], _, _ = net.SplitHostPort(a) // they have been read from a URL
	}
	return list
}

// dialer opens connections over TLS. Sentinels and clusters name their servers by IP addresses, which few certificates are for: a server may be the one that
// was asked for, or any that the URL names.
func dialer(named []string) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	return func(ctx context.Context, address string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		config = config.Clone()
		config.ServerName = host
		if !config.InsecureSkipVerify {
			config.InsecureSkipVerify = true // it is verified below, against more names
			config.VerifyConnection = func(s tls.ConnectionState) error { return verify(s, config.RootCAs, append([]string{host}, named...)) }
		}
		return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
	}
}

// verify returns an error unless a server's certificate is good for one of some hosts.
func verify(s tls.ConnectionState, roots *x509.CertPool, hosts []string) (err error) {
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	for _, o.DNSName = range hosts {
		if _, err = s.PeerCertificates[0].Verify(o); err == nil {
			return nil
		}
	}
	return err
}

// Connect opens a client. A single address may be a server that stands alone or one of a cluster: it is asked.
func Connect(ctx context.Context, o rueidis.ClientOption) (rueidis.Client, error) {
	o.ForceSingleClient = len(o.InitAddress) == 1
	client, err := rueidis.NewClient(o)
	if err != nil || !o.ForceSingleClient || o.Sentinel.MasterSet != "" {
		return client, err
	}
	said, err := client.Do(ctx, client.B().Info().Section("cluster").Build()).ToString()
	if _, refused := rueidis.IsRedisErr(err); err != nil && !refused { // some services do not let one ask: those are one server
		client.Close()
		return nil, fmt.Errorf("ask whether it is a cluster: %w", err)
	}
	if !strings.Contains(said, "cluster_enabled:1") {
		return client, nil
	}
	client.Close()
	o.ForceSingleClient = false
	return rueidis.NewClient(o)
}

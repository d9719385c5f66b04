package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (a *App) listen(ctx context.Context) (err error) {
	var l net.ListenConfig
	if a.publicAt, err = l.Listen(ctx, "tcp", a.config.HTTPAddr); err != nil {
		return fmt.Errorf("listen for people (PARLEY_HTTP_ADDR): %w", err)
	}
	a.config.PublicURL = withPort(a.config.PublicURL, a.publicAt.Addr())
	if a.config.OpsAddr == "" {
		return nil
	}
	if a.opsAt, err = l.Listen(ctx, "tcp", a.config.OpsAddr); err != nil {
		return fmt.Errorf("listen for operators (PARLEY_OPS_ADDR): %w", err)
	}
	return nil
}

// withPort puts the port that the listener got into a public URL that says port 0, as the default does when PARLEY_HTTP_ADDR asks for any
// port: tokens name the URL as their issuer, and sockets compare it with where a page comes from.
func withPort(public *url.URL, addr net.Addr) *url.URL {
	at, isTCP := addr.(*net.TCPAddr)
	if public.Port() != "0" || !isTCP {
		return public
	}
	actual := *public
	actual.Host = net.JoinHostPort(public.Hostname(), strconv.Itoa(at.Port))
	return &actual
}

// PublicURL is the address that people type.
func (a *App) PublicURL() string { return a.config.PublicURL.String() }

func (a *App) serve(at net.Listener, h http.Handler) *http.Server {
	c := a.config.HTTP
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: c.HeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, IdleTimeout: c.IdleTimeout,
		MaxHeaderBytes: c.HeaderBytes,
	}
	(&unusedConns{}).watch(s)
	a.background.Go(func() {
		if err := s.Serve(at); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- err
		}
	})
	return s
}

// checkOrigin lets a socket open from the server's own pages, from the listed sites, and from clients that are no browsers and send no
// Origin. Browsers always send one with an upgrade, and no other site can make them send ours.
func checkOrigin(public *url.URL, origins []string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		origin := r.Header.Get("Origin")
		if origin == "" || slices.Contains(origins, origin) {
			return true
		}
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" {
			return false
		}
		return strings.EqualFold(u.Host, r.Host) || strings.EqualFold(u.Scheme, public.Scheme) && strings.EqualFold(u.Host, public.Host)
	}
}

// exact leaves out the wildcard that development allows: what it means is decided nowhere else.
func exact(origins []string) []string {
	return slices.DeleteFunc(slices.Clone(origins), func(o string) bool { return o == "*" })
}

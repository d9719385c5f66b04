package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (a *App) listen(ctx context.Context) (err error) {
	var l net.ListenConfig
	if a.publicAt, err = l.Listen(ctx, "tcp", a.config.HTTPAddr); err != nil {
		return fmt.Errorf("listen for people (PARLEY_HTTP_ADDR): %w", err)
	}
	if a.config.OpsAddr == "" {
		return nil
	}
	if a.opsAt, err = l.Listen(ctx, "tcp", a.config.OpsAddr); err != nil {
		return fmt.Errorf("listen for operators (PARLEY_OPS_ADDR): %w", err)
	}
	return nil
}

func (a *App) serve(at net.Listener, h http.Handler) *http.Server {
	c := a.config.HTTP
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: c.HeaderTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, IdleTimeout: c.IdleTimeout,
		MaxHeaderBytes: c.HeaderBytes,
	}
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

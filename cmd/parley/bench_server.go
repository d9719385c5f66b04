package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parley/internal/bench"
	"parley/internal/bench/spawn"
	"parley/internal/config"
	"parley/internal/store"
)

// ownServer is a server that the bench started, on data that goes away with it.
type ownServer struct {
	dir     string
	nodes   []*spawn.Process
	closers []func(context.Context) error // the last first
}

// startOwn starts this very program as a server. Its settings are those here and nothing else, so that what a shell happens to have set is not
// measured.
func (b *benchCmd) startOwn(ctx context.Context, e env) (_ *ownServer, err error) {
	s := &ownServer{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(context.WithoutCancel(ctx)))
		}
	}()
	if s.dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func(context.Context) error { return os.RemoveAll(s.dir) })
	database := b.Database
	if database != "sqlite" {
		if database, err = s.scratch(ctx, database); err != nil {
			return nil, err
		}
	}
	settings := slices.Concat(inherited(e.environ), config.WithoutLimits(), []string{
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=off", "PARLEY_DATABASE_URL=" + database, "PARLEY_NODES=" + fmt.Sprint(b.Nodes),
		"PARLEY_AUTH_ARGON2_MEMORY_KIB=64", // passwords are not what is measured
	})
	if b.Nodes > 1 { // which must accept each other's tokens
		seed := make([]byte, 32)
		_, _ = rand.Read(seed) // never fails
		settings = append(settings, "PARLEY_PUBLIC_URL=http://bench.invalid", "PARLEY_AUTH_SIGNING_KEYS=bench:"+base64.RawURLEncoding.EncodeToString(seed))
	}
	if b.Redis != "" {
		settings = append(settings, "PARLEY_REDIS_URL="+b.Redis, "PARLEY_REDIS_PREFIX=bench"+strings.ToLower(rand.Text()[:8]))
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for i := range b.Nodes {
		own := append(slices.Clone(settings), "PARLEY_DATA_DIR="+filepath.Join(s.dir, fmt.Sprintf("node-%d", i)))
		node, err := spawn.Start(ctx, append(own, b.Set...), self, "serve")
		if err != nil {
			return nil, err
		}
		s.nodes = append(s.nodes, node)
		s.closers = append(s.closers, node.Stop)
	}
	return s, nil
}

// inherited is what is none of our settings: where programs and temporary files are, and what the database's driver reads.
func inherited(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, "PARLEY_") })
}

// scratch makes a temporary database beside the given one.
func (s *ownServer) scratch(ctx context.Context, beside string) (string, error) {
	there, err := store.Open(ctx, store.Options{URL: beside, Purpose: "bench"})
	if err != nil {
		return "", fmt.Errorf("--database: %w", err)
	}
	s.closers = append(s.closers, func(context.Context) error { return there.Close() })
	x, err := there.Scratch(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("--database: %w", err)
	}
	s.closers = append(s.closers, x.Drop)
	return x.URL(), nil
}

func (s *ownServer) server() bench.Server {
	var to bench.Server
	for _, n := range s.nodes {
		to.URLs = append(to.URLs, "http://"+n.Address())
		to.Processes = append(to.Processes, n.ID())
	}
	return to
}

// stop ends the nodes and removes their data.
func (s *ownServer) stop(ctx context.Context) (err error) {
	for _, f := range slices.Backward(s.closers) {
		err = errors.Join(err, f(ctx))
	}
	s.closers = nil
	return err
}

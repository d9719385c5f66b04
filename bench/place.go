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

	"parley/internal/bench"
	"parley/internal/bench/spawn"
	"parley/internal/config"
)

// place is what a server is started from.
type place struct {
	binary string
}

// want says which server.
type want struct {
	database string // sqlite, or where Postgres is
	redis    string
	nodes    int // 0 is one
	set      []string
	helpers  []int
}

// onParley starts the server, on a fresh database unless that is given, for as long as do takes.
func (at place) onParley(ctx context.Context, w want, do func(bench.Server) error) (err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	settings := slices.Concat([]string{
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=off", "PARLEY_DATABASE_URL=" + w.database,
		"PARLEY_AUTH_ARGON2_MEMORY_KIB=64", // passwords are not what is measured
	}, config.WithoutLimits())
	if w.nodes > 1 { // which must accept each other's tokens
		seed := make([]byte, 32)
		_, _ = rand.Read(seed) // never fails
		settings = append(settings, fmt.Sprintf("PARLEY_NODES=%d", w.nodes), "PARLEY_REDIS_URL="+w.redis, "PARLEY_PUBLIC_URL=http://bench.invalid",
			"PARLEY_AUTH_SIGNING_KEYS=bench:"+base64.RawURLEncoding.EncodeToString(seed))
	}
	to := bench.Server{Helpers: w.helpers}
	for i := range max(w.nodes, 1) {
		own := slices.Concat(settings, []string{"PARLEY_DATA_DIR=" + filepath.Join(dir, fmt.Sprint(i))}, w.set)
		p, err := spawn.Start(ctx, own, at.binary, "serve")
		if err != nil {
			return fmt.Errorf("%w (make build builds it)", err)
		}
		defer func() { err = errors.Join(err, p.Stop(context.WithoutCancel(ctx))) }()
		to.URLs, to.Processes = append(to.URLs, "http://"+p.Address()), append(to.Processes, p.ID())
	}
	return do(to)
}

// onFloor runs this binary again as the floor.
func onFloor(ctx context.Context, do func(bench.Server) error) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p, err := spawn.Start(ctx, nil, self, floorArgument)
	if err != nil {
		return err
	}
	err = do(bench.Server{URLs: []string{"http://" + p.Address()}, Processes: []int{p.ID()}})
	return errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
}

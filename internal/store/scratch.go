package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// Scratch is a database of its own for trying something out, on the same disk or server as another one. It goes away with Drop.
type Scratch struct {
	*Store
	// Filled says that it is a copy of the other one; otherwise it is empty.
	Filled bool
	// Name is what to look for when a killed process has left it behind.
	Name string
	drop func(context.Context) error
}

// Scratch makes a scratch database beside this one, in which these steps are the schema's; nil takes the binary's own.
//
// On SQLite it is a copy that the engine makes, of one moment, while others write. Postgres copies a database only while nobody is connected
// to it, so there it is a new and empty database on the same server, which takes the right to create one. A schema of its own within the
// database would take less, but then a step that spells out a schema's name would run on the real tables.
func (s *Store) Scratch(ctx context.Context, steps fs.FS) (*Scratch, error) {
	x, err := s.scratchPlace(ctx)
	if err != nil {
		return nil, err
	}
	place := x.Name
	if s.dialect == Postgres {
		if place, err = s.beside(x.Name); err != nil {
			return nil, errors.Join(err, x.drop(context.WithoutCancel(ctx)))
		}
	}
	x.Store, err = Open(ctx, Options{URL: place, Logger: s.log, Migrations: steps})
	if err == nil && s.dialect == Postgres {
		err = x.watch(ctx, s)
	}
	if err != nil {
		return nil, errors.Join(err, x.Drop(context.WithoutCancel(ctx)))
	}
	return x, nil
}

func (s *Store) scratchPlace(ctx context.Context) (*Scratch, error) {
	id := strings.ToLower(rand.Text())
	if s.dialect == SQLite {
		x := &Scratch{Name: s.url + ".rehearsal-" + id, Filled: true}
		x.drop = func(context.Context) (err error) {
			for _, suffix := range []string{"", "-wal", "-shm", "-journal", lockSuffix} {
				if e := os.Remove(x.Name + suffix); !errors.Is(e, fs.ErrNotExist) {
					err = errors.Join(err, e)
				}
			}
			return err
		}
		// The file is made first, so that nobody else can read what goes into it.
		f, err := os.OpenFile(x.Name, os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("make scratch database: %w", err)
		}
		_, err = s.write.ExecContext(ctx, "VACUUM INTO $1", x.Name)
		if err = errors.Join(f.Close(), err); err != nil {
			return nil, errors.Join(fmt.Errorf("copy database: %w", classify(err)), x.drop(ctx))
		}
		return x, nil
	}
	x := &Scratch{Name: "parley_rehearsal_" + id}
	x.drop = func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx, "DROP DATABASE IF EXISTS "+quoted(x.Name)+" WITH (FORCE)")
		return err
	}
	// template0 has nothing in it that an administrator may have added to the usual template; encoding and sorting are as in the original.
	var encoding, collate, ctype string
	err := s.read.QueryRowContext(ctx, "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database()").
		Scan(&encoding, &collate, &ctype)
	if err == nil {
		text := fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LC_COLLATE '%s' LC_CTYPE '%s'", quoted(x.Name), encoding, collate, ctype)
		_, err = s.write.ExecContext(ctx, text)
	}
	if err != nil {
		return nil, fmt.Errorf("make scratch database (the user needs CREATEDB): %w", classify(err))
	}
	return x, nil
}

// URL is where the scratch database is, for another process. It may hold a password.
func (x *Scratch) URL() string { return x.url }

// beside is the address of another database on the same server.
func (s *Store) beside(name string) (string, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return "", errors.New("the address of the database cannot be read") // its text may hold a password
	}
	q := u.Query()
	q.Del("dbname")
	u.Path, u.RawPath, u.RawQuery = "/"+name, "", q.Encode()
	return u.String(), nil
}

// Drop closes the scratch database and removes it.
func (x *Scratch) Drop(ctx context.Context) (err error) {
	if x.Store != nil {
		err = x.Close()
	}
	if e := x.drop(ctx); e != nil {
		err = errors.Join(err, fmt.Errorf("remove scratch database %s: %w", x.Name, e))
	}
	return err
}
